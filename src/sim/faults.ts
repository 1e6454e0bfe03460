import type { SeededRandom } from './random.js'

export const FAULT_KINDS = [
  'loss',
  'duplicate',
  'reorder',
  'delay',
  'corrupt',
  'cut',
  'multicast-cut',
  'partition',
  'pause',
  'crash',
  'ambush',
  'order-ambush',
] as const

export type FaultKind = (typeof FAULT_KINDS)[number]

interface During {
  readonly atMs: number
  readonly untilMs: number
}

export type Fault = During &
  (
    | {
        readonly kind: 'loss' | 'duplicate' | 'reorder' | 'corrupt'
        readonly probability: number
        /** Only on the way to this member; undefined: to all. */
        readonly to: string | undefined
      }
    | { readonly kind: 'delay'; readonly delayMs: readonly [number, number]; readonly to: string | undefined }
    | { readonly kind: 'cut' | 'multicast-cut'; readonly from: string; readonly to: string }
    | { readonly kind: 'partition'; readonly sides: readonly (readonly string[])[] }
    | { readonly kind: 'pause'; readonly member: string }
    /** The process dies; under its name a new one starts at `untilMs`. */
    | {
        readonly kind: 'crash'
        readonly member: string
        /** Its host is gone too: it does not even refuse. */
        readonly isSilent: boolean
        /** So long after its new process started that is killed as well; undefined: it is not. */
        readonly againMs: number | undefined
      }
    /** The first member that takes this step of a view change dies at it; some of the others may not have heard it. */
    | { readonly kind: 'ambush'; readonly step: AmbushStep }
    /**
     * `total`: the sequencer dies when somebody else has sent a total message, before it has ordered it. `order`: it
     * dies when it has announced an order, which some of the others do not hear. `ordered`: so too, but they hear it,
     * and it has delivered nothing of that itself. `causal`, `safe`: who has sent such a packet dies, and some of the
     * others do not get it.
     */
    | { readonly kind: 'order-ambush'; readonly step: OrderStep }
  )

/** See Fault. */
export const AMBUSH_STEPS = ['prepare', 'promise', 'fill', 'accept', 'accepted', 'decide'] as const

export type AmbushStep = (typeof AMBUSH_STEPS)[number]

/** See Fault. */
export const ORDER_STEPS = ['total', 'order', 'ordered', 'causal', 'safe'] as const

export type OrderStep = (typeof ORDER_STEPS)[number]

/** Faults under which nothing gets through between some. */
const HARD: ReadonlySet<FaultKind> = new Set([
  ...['cut', 'multicast-cut', 'partition', 'pause', 'crash', 'ambush', 'order-ambush'],
] as FaultKind[])
/** Most are over before anybody is suspected; some last long enough to be left out, and for the others to go on. */
const SHORT_MS_MAX = 600
const LONG_MS_MAX = 12_000
const LONG = 0.6
export const FAULTS_FROM_MS = 2_500
const EARLY = 0.2
const FOUNDED_MS = 400
const STORM = 0.4
/** Over how long the faults of a storm begin. */
const STORM_MS = 1_500

/** @param wanted  how many, or which; drawn where it is not said */
export function faultsOf(
  wanted: number | readonly FaultKind[],
  names: readonly string[],
  durationMs: number,
  random: SeededRandom,
): Fault[] {
  const drawn = typeof wanted === 'number' ? Array.from({ length: wanted }, () => random.pick(FAULT_KINDS)) : wanted
  const lastMs = durationMs * 0.8
  return drawn.map(kind => {
    // Some strike while the group is founded.
    const atMs = random.chance(EARLY)
      ? random.between(0, FOUNDED_MS)
      : random.between(FAULTS_FROM_MS, lastMs - SHORT_MS_MAX)
    const hardMsMax = random.chance(LONG) ? LONG_MS_MAX : SHORT_MS_MAX
    const lengthMs = HARD.has(kind) ? random.between(50, hardMsMax) : random.between(500, 10_000)
    return faultOf(kind, { atMs, untilMs: Math.min(atMs + lengthMs, lastMs) }, names, random)
  })
}

/**
 * In some seeds the faults come at one time, one on the heels of another: what breaks an agreement is mostly the second
 * that goes wrong while the first is dealt with.
 */
export function inStorms(faults: readonly Fault[], durationMs: number, random: SeededRandom): Fault[] {
  if (!random.chance(STORM)) return [...faults]
  const centreMs = random.between(FAULTS_FROM_MS, durationMs * 0.6)
  return faults.map(fault => {
    const atMs = centreMs + random.between(0, STORM_MS)
    const untilMs = Math.min(atMs + fault.untilMs - fault.atMs, durationMs * 0.8)
    return fault.kind === 'ambush' || fault.kind === 'order-ambush'
      ? { ...fault, atMs: centreMs, untilMs: durationMs * 0.8 }
      : { ...fault, atMs, untilMs }
  })
}

function faultOf(kind: FaultKind, during: During, names: readonly string[], random: SeededRandom): Fault {
  const from = random.pick(names)
  const other = random.pick(names.filter(name => name !== from))
  const to = random.chance(0.5) ? other : undefined
  switch (kind) {
    case 'loss':
      return { kind, ...during, probability: random.between(0.02, 0.3), to }
    case 'duplicate':
    case 'reorder':
      return { kind, ...during, probability: random.between(0.02, 0.5), to }
    case 'corrupt':
      return { kind, ...during, probability: random.between(0.005, 0.1), to }
    case 'delay': {
      const min = random.between(0, 20)
      return { kind, ...during, delayMs: [min, min + random.between(0, 100)], to }
    }
    case 'cut':
    case 'multicast-cut':
      return { kind, ...during, from, to: other }
    case 'partition': {
      const side = names.filter(name => name !== other && (name === from || random.chance(0.5)))
      return { kind, ...during, sides: [side, names.filter(name => !side.includes(name))] }
    }
    case 'pause':
      return { kind, ...during, member: from }
    case 'crash':
      return {
        kind,
        ...during,
        member: from,
        isSilent: random.chance(0.3),
        againMs: random.chance(0.4) ? random.between(0, 150) : undefined,
      }
    case 'ambush':
      // The worst time to die is when some have accepted and nobody knows that it is enough.
      return { kind, ...during, step: random.chance(0.5) ? 'accept' : random.pick(AMBUSH_STEPS) }
    case 'order-ambush':
      return { kind, ...during, step: random.pick(ORDER_STEPS) }
  }
}
