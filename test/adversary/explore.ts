import { faults } from './judge.js'
import type { Player } from './player.js'
import { type Fate, type Flight, World } from './world.js'

export interface Scenario {
  /** Names of the members of the settled group on which the adversary is let loose. */
  readonly group: readonly string[]
  /** What happens then. */
  readonly begin: (world: World, ...group: Player[]) => void
  /** Names of those in the group at the end, but for those who crash; all others have left. */
  readonly stay: readonly string[]
  /** How long one harm may hold it up, in simulated milliseconds; else RETRIES_MS. */
  readonly retriesMs?: number
}

/** No harm costs more than a retry. */
export const RETRIES_MS = 100

export interface Outcome {
  /** How long it took, in simulated milliseconds. */
  readonly ms: number
  readonly faults: readonly string[]
  readonly flights: readonly Flight[]
}

/** Says what becomes of a packet, and may do to the world what it likes besides. */
export type Adversary = (flight: Flight, world: World) => ReturnType<Fate>

const LIMIT_MS = 30_000
/** Long enough for whatever was delayed to come. */
const REST_MS = 1_500

/** Plays a scenario to its end, and on for a while, with each packet meeting its fate. */
export function play({ group, begin, stay }: Scenario, adversary: Adversary): Outcome {
  const world = new World(1)
  const players = world.group(...group)
  const survivors = () => world.players.filter(({ name, end }) => stay.includes(name) && end !== 'crashed')
  const isAsItShouldBe = () => {
    const names = survivors()
      .map(({ name }) => name)
      .sort()
      .join(' ')
    return world.players.every(player => isIn(player, names) || isOut(player, stay))
  }
  world.fate = flight => adversary(flight, world)
  begin(world, ...players)
  try {
    const ms = world.until(isAsItShouldBe, LIMIT_MS)
    world.run(REST_MS)
    const found = faults(world)
    if (!isAsItShouldBe()) found.push(`did not stay so: ${world.summary}`)
    for (const { name, log } of world.players) {
      if (log.some(({ type }) => type === 'excluded')) found.push(`${name}, who was well, was left out`)
    }
    return { ms, faults: found, flights: world.flights }
  } catch (error) {
    return { ms: LIMIT_MS, faults: [String(error), ...faults(world)], flights: world.flights }
  }
}

/** It is in one view with all the others who stay, and all of them vote. */
const isIn = ({ end, view, voters }: Player, names: string): boolean =>
  end === null && view.split(' ').sort().join(' ') === names && voters === names.split(' ').length

const isOut = ({ name, end }: Player, stay: readonly string[]): boolean =>
  end === 'crashed' || (end === 'left' && !stay.includes(name))

/** What can be done to one packet. */
export const harms: Readonly<Record<string, readonly number[]>> = {
  lost: [],
  'a second late': [1_000],
  doubled: [0, 0.5],
  'doubled, the second time after later views': [0, 400],
}

/** A fate in which these packets are harmed and no others. */
export function harming(indices: readonly number[], copies: readonly number[]): Adversary {
  return ({ index }) => (indices.includes(index) ? copies : [0])
}

/** When packet `index` is sent, the process of that name dies; the packet meets the fate that `copies` says. */
export function killing(name: string, index: number, copies: readonly number[]): Adversary {
  return (flight, { players }) => {
    if (flight.index !== index) return [0]
    for (const player of players) if (player.name === name) player.crash()
    return copies
  }
}

export const describeFlight = ({ index, is, from, to }: Flight): string => `${index}: ${is} from ${from} to ${to}`
