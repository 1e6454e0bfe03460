import type { Order } from '../types.js'
import { FAULTS_FROM_MS, type Fault, type FaultKind, faultsOf, inStorms } from './faults.js'
import { OrderMix } from './order-mix.js'
import { SeededRandom } from './random.js'

/** What is to happen in one run, drawn from a seed: who joins and leaves, who sends what, and what goes wrong meanwhile. */
export interface Schedule {
  readonly seed: number
  /** Simulated. By four fifths of it all faults are over, and who was killed is back; the rest is for repair. */
  readonly durationMs: number
  readonly members: readonly ScheduledMember[]
  readonly messages: readonly ScheduledMessage[]
  readonly faults: readonly Fault[]
  /** What the members may be ahead of each other, in bytes; undefined: the default. */
  readonly windowBytesMax: number | undefined
  /** Always on where packets are corrupted: nothing else would notice. */
  readonly payloadChecksum: boolean
}

export interface ScheduledMember {
  readonly name: string
  readonly joinsAtMs: number
  /** Infinity: stays to the end. */
  readonly leavesAtMs: number
  /** How long it takes over each message that it reads; 0 for those who listen to events. */
  readonly readsMs: number
}

export interface ScheduledMessage {
  readonly atMs: number
  readonly from: string
  readonly bytes: number
  /** One member, or undefined for the group. */
  readonly to: string | undefined
  /** What is for one member alone has neither. */
  readonly order: Order
  readonly safe: boolean
}

export interface ScheduleOptions {
  /** At least 2. Default: drawn; 5 to 8, in some seeds 10 to 12, where NACKs wait for each other. */
  readonly members?: number
  /** At least 10. Default: 60. */
  readonly seconds?: number
  /** Default: 200. */
  readonly messages?: number
  /** How many, or which, one of each. Default: 3 to 6, drawn. */
  readonly faults?: number | readonly FaultKind[]
  /** Order classes of the messages. Default: all; in some seeds one of them alone. */
  readonly orders?: readonly Order[]
}

/** Over how long a burst may be spread. */
const SPREAD_MS_MAX = 20
const SETTLED_MS = 2_000
const MEMBERS_MIN = 2
const SECONDS_MIN = 10

export function scheduleOf(seed: number, options: ScheduleOptions = {}): Schedule {
  const { members: count, seconds = 60, messages = 200 } = options
  atLeast('members', count ?? MEMBERS_MIN, MEMBERS_MIN)
  atLeast('seconds', seconds, SECONDS_MIN)
  atLeast('messages', messages, 0)
  const root = new SeededRandom(seed)
  const random = root.fork()
  // A stream of its own: the rest of a schedule does not depend on its order classes.
  const mix = new OrderMix(options.orders, root.fork())
  const durationMs = seconds * 1_000
  const names = namesOf(count ?? (random.chance(0.15) ? 10 + random.below(3) : 5 + random.below(4)))
  const faults = inStorms(
    faultsOf(options.faults ?? 3 + random.below(4), names, durationMs, random),
    durationMs,
    random,
  )
  const members = membersOf(names, faults, durationMs, random)
  return {
    seed,
    durationMs,
    members,
    messages: messagesOf(messages, members, faults, mix, durationMs, random),
    faults,
    windowBytesMax: random.chance(0.3) ? 16_384 * (1 + random.below(4)) : undefined,
    payloadChecksum: random.chance(0.1) || faults.some(fault => fault.kind === 'corrupt'),
  }
}

function atLeast(what: string, value: number, min: number): void {
  if (!(value >= min && value < Infinity)) throw new RangeError(`${what} must be at least ${min}, not ${value}`)
}

/** a to z, then z1, z2, ... */
const namesOf = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => (i < 26 ? String.fromCharCode(97 + i) : `z${i - 25}`))

function membersOf(
  names: readonly string[],
  faults: readonly Fault[],
  durationMs: number,
  random: SeededRandom,
): ScheduledMember[] {
  // Who is to be paused or killed must be there, and stay.
  const struck = new Set(faults.flatMap(fault => ('member' in fault ? [fault.member] : [])))
  const spared = names.filter(name => !struck.has(name))
  const some = () => (spared.length > 0 ? [random.pick(spared), random.pick(spared)].slice(0, random.below(3)) : [])
  const late = new Set(some())
  const leaving = new Set(some())
  const slow = random.chance(0.3) ? random.pick(names) : undefined
  return names.map(name => {
    const joinsAtMs = late.has(name) ? random.between(3_000, durationMs * 0.5) : random.between(0, 300)
    const leavesAtMs = leaving.has(name) ? random.between(durationMs * 0.55, durationMs * 0.9) : Infinity
    return { name, joinsAtMs, leavesAtMs, readsMs: name === slow ? random.between(1, 20) : 0 }
  })
}

/** Bursts and single messages with idle time between, mostly while something is wrong or somebody comes or goes. */
function messagesOf(
  count: number,
  members: readonly ScheduledMember[],
  faults: readonly Fault[],
  mix: OrderMix,
  durationMs: number,
  random: SeededRandom,
): ScheduledMessage[] {
  const changesMs = members
    .flatMap(member => [member.joinsAtMs, member.leavesAtMs])
    .filter(atMs => atMs > FAULTS_FROM_MS && atMs < Infinity)
  const burstAtMs = (): number => {
    const draw = random.fraction()
    if (draw < 0.5 && faults.length > 0) {
      const { atMs, untilMs } = random.pick(faults)
      return random.between(atMs, untilMs)
    }
    if (draw < 0.7 && changesMs.length > 0) return random.pick(changesMs) + random.between(-10, 30)
    return random.between(1_000, durationMs * 0.85)
  }
  const messages: ScheduledMessage[] = []
  while (messages.length < count) {
    const atMs = burstAtMs()
    const present = members.filter(member => member.joinsAtMs < atMs && atMs + SPREAD_MS_MAX < member.leavesAtMs)
    if (present.length === 0) continue
    // Who is told something must be in the view, and stay until it has heard it.
    const settled = present.filter(
      member => member.joinsAtMs + SETTLED_MS < atMs && atMs + SETTLED_MS < member.leavesAtMs,
    )
    const burst = random.chance(0.5) ? 1 : random.chance(0.8) ? 2 + random.below(8) : 10 + random.below(30)
    const alone = random.chance(0.5) ? random.pick(present) : undefined
    const spreadMs = random.chance(0.5) ? 0 : random.between(0, SPREAD_MS_MAX)
    for (let i = 0; i < burst && messages.length < count; i++) {
      const from = (alone ?? random.pick(present)).name
      const others = settled.filter(member => member.name !== from)
      const to = random.chance(0.1) && others.length > 0 ? random.pick(others).name : undefined
      messages.push({ atMs: atMs + random.between(0, spreadMs), from, bytes: sizeOf(random), to, ...mix.next() })
    }
  }
  return messages.sort((a, b) => a.atMs - b.atMs)
}

/** Mostly small, some of several packets, a few of many. */
function sizeOf(random: SeededRandom): number {
  const draw = random.fraction()
  if (draw < 0.7) return Math.floor(random.between(8, 200))
  if (draw < 0.9) return Math.floor(random.between(200, 2_000))
  if (draw < 0.98) return Math.floor(random.between(2_000, 20_000))
  return Math.floor(random.between(20_000, 100_000))
}
