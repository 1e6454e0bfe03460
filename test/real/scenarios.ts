import { randomInt } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { PipeProcess } from '../cli/pipe-process.js'
import type { Place, Troupe } from './troupe.js'

/** What is done to a group at work. Who should be in it afterwards is who runs afterwards. */
export interface Scenario {
  readonly name: string
  readonly places: readonly Place[]
  readonly sizes: readonly number[]
  readonly lossPercent?: number
  readonly guests?: number
  /** Where it is played in the FULL run. */
  readonly full?: readonly string[]
  /** How many are left out though they live, where all goes as it should: none if not said. */
  readonly leavesOut?: (size: number) => number
  /** Members start and nothing else happens. */
  readonly isBirth?: boolean
  play(troupe: Troupe): Promise<void>
}

export interface Outcome {
  /** From the fault (its end, if it has one) to one view of all who are to be in it; for births from the start. */
  readonly settledMs: number
  /** Views that the member which installed most of them has installed. */
  readonly views: number
  readonly exclusions: number
  /** View changes in which somebody fetched what it missed, and ballots given up for later ones, at all who are left. */
  readonly fills: number
  readonly outbid: number
  readonly messages: number
  readonly faults: readonly string[]
}

const BOTH: readonly Place[] = ['loopback', 'namespaces']
const NETWORK: readonly Place[] = ['namespaces']
const BEFORE_MS = 500
const AFTER_MS = 500
const STOPPED_MS = 10_000
const CUT_MS = 4_000
/** Rounds of killing a process that comes, in one group. */
const COMERS = 6

export const scenarios: readonly Scenario[] = [
  {
    name: 'ten start at once',
    places: ['loopback'],
    sizes: [10],
    full: ['10 loopback'],
    isBirth: true,
    play: async () => {},
  },
  {
    name: 'ten start at once, 10 % loss',
    places: ['loopback'],
    sizes: [10],
    lossPercent: 10,
    full: ['10 loopback'],
    isBirth: true,
    play: async () => {},
  },
  {
    name: 'nobody fails, 10 % loss',
    places: BOTH,
    sizes: [4, 8],
    lossPercent: 10,
    play: () => delay(2_000),
  },
  {
    name: 'kill -9 of the coordinator',
    places: BOTH,
    sizes: [4, 8],
    full: ['4 loopback', '8 namespaces'],
    play: async troupe => troupe.crash(troupe.seniority[0]),
  },
  {
    name: 'kill -9 of a member',
    places: BOTH,
    sizes: [4, 8],
    full: ['8 loopback', '4 namespaces'],
    play: async troupe => troupe.crash(anyOf(troupe.seniority.slice(1))),
  },
  {
    name: 'kill -9 of the coordinator, 10 % loss',
    places: BOTH,
    sizes: [4, 8],
    lossPercent: 10,
    full: ['4 loopback', '4 namespaces'],
    play: async troupe => troupe.crash(troupe.seniority[0]),
  },
  {
    name: 'kill -9 of a member, 10 % loss',
    places: BOTH,
    sizes: [4, 8],
    lossPercent: 10,
    play: async troupe => troupe.crash(anyOf(troupe.seniority.slice(1))),
  },
  {
    name: 'kill -9 of two of five at once',
    places: BOTH,
    sizes: [5],
    full: ['5 loopback', '5 namespaces'],
    play: async troupe => {
      const [first, ...others] = troupe.seniority
      const second = anyOf(others)
      // The coordinator is one of them every other time.
      troupe.crash(second, randomInt(2) === 0 ? first : anyOf(others.filter(name => name !== second)))
    },
  },
  {
    name: 'kill -9 while joining',
    places: BOTH,
    sizes: [4, 8],
    guests: 1,
    full: ['4 loopback', '4 namespaces'],
    play: async troupe => {
      for (let i = 0; i < COMERS; i++) await killComer(troupe, COMINGS[i % COMINGS.length])
    },
  },
  {
    name: 'restart under its name at once',
    places: BOTH,
    sizes: [4, 8],
    full: ['4 loopback'],
    play: async troupe => {
      const name = anyOf(troupe.seniority.slice(1))
      troupe.crash(name)
      troupe.start(name)
    },
  },
  {
    name: 'restart of the coordinator at once',
    places: BOTH,
    sizes: [4, 8],
    full: ['4 namespaces'],
    play: async troupe => {
      const name = troupe.seniority[0]
      troupe.crash(name)
      troupe.start(name)
    },
  },
  {
    name: 'the sequencer killed while members come, go and return, 5 % loss',
    places: BOTH,
    sizes: [4],
    lossPercent: 5,
    guests: 1,
    full: ['4 loopback', '4 namespaces'],
    play: async troupe => {
      const [sequencer, leaver] = troupe.seniority
      troupe.start('guest')
      await delay(randomInt(200))
      troupe.crash(sequencer)
      await troupe.dismiss(leaver)
      troupe.start(sequencer)
      await troupe.inOneView()
      troupe.crash(troupe.seniority[0])
      troupe.start(leaver)
    },
  },
  {
    name: 'SIGSTOP of a member for 10 s',
    places: BOTH,
    sizes: [4, 8],
    leavesOut: () => 1,
    full: ['4 namespaces'],
    play: troupe => stop(troupe.member(anyOf(troupe.seniority.slice(1)))),
  },
  {
    name: 'SIGSTOP of the coordinator for 10 s',
    places: BOTH,
    sizes: [4, 8],
    leavesOut: () => 1,
    play: troupe => stop(troupe.member(troupe.seniority[0])),
  },
  {
    name: 'one host cut off and back',
    places: NETWORK,
    sizes: [4, 8],
    leavesOut: () => 1,
    full: ['4 namespaces'],
    play: async troupe => {
      const one = anyOf(troupe.seniority)
      await split(troupe, [one], without(troupe.seniority, one))
    },
  },
  {
    name: 'two halves and one again',
    places: NETWORK,
    sizes: [4, 8],
    leavesOut: size => size / 2,
    play: async troupe => {
      const names = shuffled(troupe.seniority)
      await split(troupe, names.slice(0, names.length / 2), names.slice(names.length / 2))
    },
  },
  {
    // None of which is a quorum: all wait, and all go on in the lives they have.
    name: 'three parts and one again',
    places: NETWORK,
    sizes: [5, 8],
    full: ['5 namespaces'],
    play: async troupe => {
      const names = shuffled(troupe.seniority)
      await split(troupe, ...[0, 1, 2].map(part => names.filter((_, i) => i % 3 === part)))
    },
  },
  {
    name: 'one host is not heard, and again is',
    places: NETWORK,
    sizes: [4, 8],
    leavesOut: () => 1,
    full: ['4 namespaces'],
    play: async troupe => {
      const one = anyOf(troupe.seniority)
      await cut(troupe, [one], without(troupe.seniority, one))
    },
  },
  {
    name: 'one host hears nothing, and again does',
    places: NETWORK,
    sizes: [4, 8],
    leavesOut: () => 1,
    play: async troupe => {
      const one = anyOf(troupe.seniority)
      await cut(troupe, without(troupe.seniority, one), [one])
    },
  },
  {
    name: 'one way between two hosts cut and healed',
    places: NETWORK,
    sizes: [4, 8],
    leavesOut: () => 1,
    play: async troupe => {
      const [from, to] = shuffled(troupe.seniority)
      await cut(troupe, [from], [to])
    },
  },
]

/** Plays it once, and judges what all processes said. */
export async function play(scenario: Scenario, troupe: Troupe): Promise<Outcome> {
  const bornMs = performance.now()
  await troupe.assemble()
  let faultMs = bornMs
  let settledMs = performance.now()
  troupe.send()
  if (!scenario.isBirth) {
    await delay(BEFORE_MS)
    await scenario.play(troupe)
    faultMs = performance.now()
    await troupe.inOneView()
    settledMs = performance.now()
  }
  await delay(AFTER_MS)
  troupe.stopSending()
  await troupe.allHearAll()
  await troupe.inOneView(5)
  const faults = await troupe.faults()
  const stats = await Promise.all(troupe.running.map(member => member.stats()))
  const count = (event: string) => Math.max(...troupe.lives.map(member => member.of(event).length))
  const outcome = {
    settledMs: settledMs - faultMs,
    views: count('view'),
    exclusions: troupe.exclusions,
    fills: stats.reduce((sum, each) => sum + each.fills, 0),
    outbid: stats.reduce((sum, each) => sum + each.ballotsOutbid, 0),
    messages: count('message'),
    faults,
  }
  await troupe.leave()
  return outcome
}

/** When a comer is killed, counted from one of the steps of its way in. */
const COMINGS = [
  // As it looks for the group, asks, and is decided upon.
  { from: 'its start', more: [], withinMs: 500 },
  // In the group by its first view, and not a voter before the second.
  { from: 'its view', more: [], withinMs: 120 },
  // With `expect` out of reach it has said `ready`, and does not tell a `view`.
  { from: 'ready', more: ['--expect', '100'], withinMs: 200 },
] as const

async function killComer(troupe: Troupe, { from, more, withinMs }: (typeof COMINGS)[number]): Promise<void> {
  const comer = troupe.start('comer', more)
  if (from === 'its view') await troupe.until('the comer has a view', () => comer.of('view').length > 0, 10)
  if (from === 'ready') await troupe.until('the comer is ready', () => comer.of('ready').length > 0, 10)
  await delay(randomInt(withinMs))
  troupe.crash('comer')
  await troupe.inOneView()
}

async function stop(member: PipeProcess): Promise<void> {
  member.kill('SIGSTOP')
  await delay(STOPPED_MS)
  member.kill('SIGCONT')
}

async function cut(troupe: Troupe, from: readonly string[], to: readonly string[]): Promise<void> {
  troupe.cut(from, to)
  await delay(CUT_MS)
  troupe.hosts!.heal()
}

async function split(troupe: Troupe, ...parts: readonly (readonly string[])[]): Promise<void> {
  troupe.split(...parts)
  await delay(CUT_MS)
  troupe.hosts!.heal()
}

const without = (names: readonly string[], one: string): string[] => names.filter(name => name !== one)

function anyOf<T>(items: readonly T[]): T {
  return items[randomInt(items.length)]
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map(item => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}
