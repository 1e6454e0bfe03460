import { faults } from './judge.js'
import type { Player } from './player.js'
import { type Fate, type Flight, World } from './world.js'

export interface Scenario {
  /** Names of the members of the settled group on which the adversary is let loose. */
  readonly group: readonly string[]
  /** What happens then. */
  readonly begin: (world: World, ...group: Player[]) => void
  /** Names of those in the group at the end; all others have left. */
  readonly stay: readonly string[]
}

export interface Outcome {
  /** How long it took, in simulated milliseconds. */
  readonly ms: number
  readonly faults: readonly string[]
  readonly flights: readonly Flight[]
}

const LIMIT_MS = 30_000
/** Long enough for whatever was delayed to come. */
const REST_MS = 1_500

/** Plays a scenario to its end, and on for a while, with each packet meeting its fate. */
export function play({ group, begin, stay }: Scenario, fate: Fate): Outcome {
  const world = new World(1)
  const players = world.group(...group)
  const isAsItShouldBe = () => world.players.every(player => isIn(player, stay) || isOut(player, stay))
  world.fate = fate
  begin(world, ...players)
  try {
    const ms = world.until(isAsItShouldBe, LIMIT_MS)
    world.run(REST_MS)
    const found = faults(world)
    if (!isAsItShouldBe()) found.push(`did not stay so: ${world.summary}`)
    return { ms, faults: found, flights: world.flights }
  } catch (error) {
    return { ms: LIMIT_MS, faults: [String(error), ...faults(world)], flights: world.flights }
  }
}

const isIn = ({ name, end, view }: Player, stay: readonly string[]): boolean =>
  end === null && stay.includes(name) && view.split(' ').sort().join(' ') === [...stay].sort().join(' ')

const isOut = ({ name, end }: Player, stay: readonly string[]): boolean => end === 'left' && !stay.includes(name)

/** What can be done to one packet. */
export const harms: Readonly<Record<string, readonly number[]>> = {
  lost: [],
  'a second late': [1_000],
  doubled: [0, 0.5],
  'doubled, the second time after later views': [0, 400],
}

/** A fate in which these packets are harmed and no others. */
export function harming(indices: readonly number[], copies: readonly number[]): Fate {
  return ({ index }) => (indices.includes(index) ? copies : [0])
}

export const describeFlight = ({ index, is, from, to }: Flight): string => `${index}: ${is} from ${from} to ${to}`
