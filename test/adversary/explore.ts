import { faults } from './judge.js'
import type { Player } from './player.js'
import { type Fate, type Flight, World } from './world.js'

/** A story: sets the stage, and returns what happens on it and what is to come of it. */
export type Scenario = (world: World) => {
  readonly begin: () => void
  /** Names of those in the group at the end; all others have left. */
  readonly stay: string
}

export interface Outcome {
  readonly ms: number
  readonly faults: readonly string[]
  readonly flights: readonly Flight[]
  readonly views: number
  readonly world: World
}

/** Plays a scenario to its end. */
export function play(seed: number, scenario: Scenario, fate: Fate, limitMs = 30_000, restMs = 1_500): Outcome {
  const world = new World(seed)
  const { begin, stay } = scenario(world)
  world.fate = fate
  begin()
  const names = stay.split(' ').sort().join(' ')
  const found: string[] = []
  let ms = limitMs
  const settled = (player: Player) =>
    player.end === null ? sorted(player.view) === names : !names.split(' ').includes(player.name)
  const isDone = () =>
    world.players.every(settled) &&
    world.players
      .filter(p => p.end === null)
      .map(p => p.name)
      .sort()
      .join(' ') === names
  try {
    ms = world.until(isDone, limitMs)
    world.run(restMs)
    if (!isDone()) found.push(`did not stay so: ${world.summary}`)
  } catch (error) {
    found.push((error as Error).message)
  }
  found.push(...faults(world))
  for (const { name, end } of world.players) if (end !== null && end !== 'left') found.push(`${name} ended with ${end}`)
  return { ms, faults: found, flights: world.flights, views: Math.max(...world.players.map(p => p.viewId)), world }
}

const sorted = (view: string): string => view.split(' ').sort().join(' ')
