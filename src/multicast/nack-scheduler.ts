import { NACK_RANGES_MAX } from '../wire/limits.js'
import { distance, later, plus } from '../wire/seqno.js'

/** A tick of the timers. */
const TOGETHER_MS = 1
/** The repairs of one NACK come no further apart than this. */
const ANSWER_MS = 5

/** One origin's packets, as far as it concerns what is missing. */
export interface GapSource {
  /** Lowest number not yet received in sequence. */
  readonly next: number
  /** Highest number known to exist. */
  readonly last: number
  has(seq: number): boolean
}

export interface NackTiming {
  /** Whether to wait for a random time before a NACK, in case another member sends it. */
  readonly suppresses: boolean
  backoffMs(): number
  timeoutMs(round: number): number
  repaired(ms: number): void
  timedOut(): void
}

/** What is missing of one origin and was asked for equally often: first, count, first, count, ... */
export interface Gap {
  readonly round: number
  readonly ranges: number[]
}

/** Ask for `gaps` of origin `rank`. Part of the one NACK of this turn. */
export type NackEmit = (rank: number, gaps: Gap[]) => void

/**
 * When to ask for what is missing. The numbers of an origin fall into consecutive stretches, each of which was found
 * to have gaps at one time and is asked for at one time:
 *
 *      next       stretch          stretch         stretch    last
 *       | . x x . . | x . . . x . . . | . x . . x . . |         x: missing
 *         round 1     round 0           waiting
 *
 * So state and timers are a few a round trip, however many packets are lost; a gap is asked for once in each round,
 * and a fresh one never waits for the answer to an older one. What is missing is read from the window when it is
 * needed, so that arriving packets cost nothing here.
 *
 * In a small group a gap is asked for at the end of the turn that found it, or a tick after the last NACK; and once more
 * in the next NACK that goes out anyway, which costs nothing and makes up for one that was lost. In a larger one a single
 * random wait precedes the NACK, which then names all that is missing from any origin; who hears another member ask for
 * all of a stretch holds back as if it had asked itself (RFC 5401, section 3.2.2; RFC 5740, section 5.3). A stretch that
 * was not filled in time is asked for again, with a higher round.
 */
export class NackScheduler {
  /** When `due` has something to do. */
  deadlineMs = Number.POSITIVE_INFINITY
  readonly #timing: NackTiming
  readonly #rangesMax: number
  readonly #origins: Origin[] = []
  /** Origins with something missing. */
  #active: Origin[] = []
  /** End of the wait that all waiting stretches share; without meaning while none waits. */
  #waitMs = 0
  #askedAtMs = Number.NEGATIVE_INFINITY

  constructor(timing: NackTiming, rangesMax = NACK_RANGES_MAX) {
    this.#timing = timing
    this.#rangesMax = rangesMax
  }

  /** `window`, of origin `rank`, has a gap. To be said whenever it has one after a packet or an announcement. */
  gap(rank: number, window: GapSource): void {
    this.#origins[rank] ??= new Origin(rank, window)
    const origin = this.#origins[rank]
    if (!origin.isActive) {
      origin.activate()
      this.#active.push(origin)
    } else if (origin.scanned === window.last) return
    // At the end of this turn: what a turn's later packets fill was late and not lost.
    this.deadlineMs = Number.NEGATIVE_INFINITY
  }

  /** Packet `seq` of origin `rank`, which was missing, arrived. */
  filled(rank: number, seq: number, nowMs: number): void {
    const stretch = this.#origins[rank]?.stretchOf(seq)
    if (stretch === undefined) return
    if (!stretch.isWaiting) {
      // What was asked for together is sent again together: when no more comes of it, the rest was lost once more.
      stretch.deadlineMs = Math.min(stretch.untilMs, nowMs + ANSWER_MS)
      this.deadlineMs = Math.min(this.deadlineMs, stretch.deadlineMs)
    }
    if (Number.isNaN(stretch.askedMs)) return
    this.#timing.repaired(nowMs - stretch.askedMs)
    // One measurement a NACK: a train of repairs arrives at one time and would count as many.
    stretch.askedMs = Number.NaN
  }

  /** Another member asked for `ranges` of origin `rank`. Returns whether that spares a NACK of ours. */
  heard(rank: number, round: number, ranges: readonly number[], nowMs: number): boolean {
    const origin = this.#origins[rank]
    if (origin === undefined || !origin.isActive) return false
    const { window, stretches } = origin
    let isSpared = false
    let first = window.next
    for (const stretch of stretches) {
      // A lower round than ours reaches fewer who could answer.
      const asksForUs = stretch.isWaiting ? round >= stretch.round : round > stretch.round
      if (asksForUs && covers(ranges, window, first, stretch.last)) {
        stretch.asked(round, Number.NaN, nowMs + this.#timing.timeoutMs(round))
        isSpared = true
      }
      first = plus(stretch.last, 1)
    }
    return isSpared
  }

  /** To be called at the end of every turn, and once `deadlineMs` has passed. */
  due(nowMs: number, emit: NackEmit): void {
    if (nowMs < this.deadlineMs) return
    const timing = this.#timing
    let wasWaiting = false
    let isWaiting = false
    let hasTimedOut = false
    for (const origin of this.#active) {
      wasWaiting ||= origin.isWaiting
      if (origin.expire(nowMs)) hasTimedOut = true
      origin.scan()
      isWaiting ||= origin.isWaiting
    }
    if (hasTimedOut) timing.timedOut()
    // A first gap is asked for at once; what is found within a tick of that goes together, or under steady loss every
    // other packet would bring a NACK, and every NACK a repair of its own.
    if (isWaiting && !wasWaiting) this.#waitMs = nowMs + (timing.suppresses ? timing.backoffMs() : 0)
    if (isWaiting && !timing.suppresses) this.#waitMs = Math.max(this.#waitMs, this.#askedAtMs + TOGETHER_MS)
    if (isWaiting && nowMs >= this.#waitMs) this.#ask(nowMs, emit)
    this.#rearm()
  }

  #ask(nowMs: number, emit: NackEmit): void {
    this.#askedAtMs = nowMs
    let room = this.#rangesMax
    for (const origin of this.#active) {
      const { window, rank } = origin
      const stretches: Stretch[] = []
      const gaps: Gap[] = []
      let first = window.next
      for (const stretch of joinWaiting(origin.stretches)) {
        const { round, last } = stretch
        const ranges: number[] = []
        const upTo = stretch.isWaiting || stretch.isToRepeat ? missing(window, first, last, ranges, room) : last
        if (ranges.length > 0) {
          add(gaps, round, ranges)
          room -= ranges.length / 2
        }
        if (!stretch.isWaiting) {
          stretch.isToRepeat = false
          stretches.push(stretch)
          first = plus(last, 1)
          continue
        }
        if (ranges.length > 0) {
          const asked = new Stretch(upTo, round)
          asked.asked(round, round === 0 ? nowMs : Number.NaN, nowMs + this.#timing.timeoutMs(round))
          asked.isToRepeat = !this.#timing.suppresses
          stretches.push(asked)
        }
        if (upTo !== last) {
          // More than one NACK can name. The rest follows when the first part had time to arrive.
          this.#waitMs = nowMs + this.#timing.timeoutMs(round)
          stretches.push(stretch)
        }
        first = plus(last, 1)
      }
      origin.stretches = stretches
      if (gaps.length > 0) emit(rank, gaps)
    }
  }

  #rearm(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY
    for (const origin of this.#active) {
      if (origin.stretches.length === 0) origin.isActive = false
      for (const { isWaiting, deadlineMs } of origin.stretches) {
        this.deadlineMs = Math.min(this.deadlineMs, isWaiting ? this.#waitMs : deadlineMs)
      }
    }
    this.#active = this.#active.filter(({ isActive }) => isActive)
  }
}

class Stretch {
  /** Its last number; it begins after that of the stretch before. */
  last: number
  round: number
  isWaiting = true
  /** It was asked for once in this round. */
  isToRepeat = false
  /** When it is to be asked for again: at the latest, and as it stands. */
  untilMs = Number.POSITIVE_INFINITY
  deadlineMs = Number.POSITIVE_INFINITY
  /** When this member asked, if the time to the repair may be measured from there; else NaN. */
  askedMs = Number.NaN

  constructor(last: number, round: number) {
    this.last = last
    this.round = round
  }

  asked(round: number, askedMs: number, deadlineMs: number): void {
    this.round = round
    this.isWaiting = false
    this.isToRepeat = false
    this.askedMs = askedMs
    this.untilMs = deadlineMs
    this.deadlineMs = deadlineMs
  }
}

class Origin {
  readonly rank: number
  readonly window: GapSource
  stretches: Stretch[] = []
  isActive = false
  /** Up to here all that is missing belongs to a stretch. */
  scanned = 0

  constructor(rank: number, window: GapSource) {
    this.rank = rank
    this.window = window
  }

  /** Nothing was missing until now. */
  activate(): void {
    this.isActive = true
    this.scanned = plus(this.window.next, -1)
  }

  get isWaiting(): boolean {
    return this.stretches.some(({ isWaiting }) => isWaiting)
  }

  stretchOf(seq: number): Stretch | undefined {
    return this.stretches.find(({ last }) => distance(last, seq) >= 0)
  }

  /** Makes a stretch of what is newly missing, or adds it to one that nobody was asked for yet. */
  scan(): void {
    const { window, stretches } = this
    const first = later(plus(this.scanned, 1), window.next)
    this.scanned = window.last
    if (!misses(window, first, window.last)) return
    const latest = stretches.at(-1)
    if (latest?.isWaiting && latest.round === 0) latest.last = window.last
    else stretches.push(new Stretch(window.last, 0))
  }

  /** Forgets stretches that were filled; those whose time is up wait for the next round. Returns whether one does. */
  expire(nowMs: number): boolean {
    const { window, stretches } = this
    let first = window.next
    let kept = 0
    let hasTimedOut = false
    for (const stretch of stretches) {
      if (distance(window.next, stretch.last) > 0) continue
      if (stretch.deadlineMs <= nowMs) {
        if (!misses(window, first, stretch.last)) continue
        if (stretch.untilMs <= nowMs) hasTimedOut = true
        stretch.isWaiting = true
        stretch.isToRepeat = false
        stretch.deadlineMs = Number.POSITIVE_INFINITY
        stretch.round++
      }
      stretches[kept++] = stretch
      first = plus(stretch.last, 1)
    }
    stretches.length = kept
    return hasTimedOut
  }
}

/** Waiting neighbours of one round become one: they will be asked for together from now on. */
function joinWaiting(stretches: readonly Stretch[]): Stretch[] {
  return stretches.filter((stretch, i) => {
    const next = stretches[i + 1]
    return !(stretch.isWaiting && next?.isWaiting && next.round === stretch.round)
  })
}

/** Neighbours of one round go together. */
function add(gaps: Gap[], round: number, ranges: number[]): void {
  const latest = gaps.at(-1)
  if (latest?.round === round) latest.ranges.push(...ranges)
  else gaps.push({ round, ranges })
}

function misses(window: GapSource, first: number, last: number): boolean {
  for (let seq = first; distance(last, seq) >= 0; seq = plus(seq, 1)) if (!window.has(seq)) return true
  return false
}

/**
 * Appends to `ranges` what is missing from `first` to `last`, in at most `rangesMax` ranges. Returns the number up to
 * which everything is named.
 */
function missing(window: GapSource, first: number, last: number, ranges: number[], rangesMax: number): number {
  let seq = first
  while (distance(last, seq) >= 0) {
    if (window.has(seq)) {
      seq = plus(seq, 1)
      continue
    }
    if (ranges.length === 2 * rangesMax) return plus(seq, -1)
    const begin = seq
    do seq = plus(seq, 1)
    while (distance(last, seq) >= 0 && !window.has(seq))
    ranges.push(begin, distance(seq, begin))
  }
  return last
}

/** Whether something is missing from `first` to `last`, and `ranges` name all of it. */
function covers(ranges: readonly number[], window: GapSource, first: number, last: number): boolean {
  let isMissing = false
  let at = 0
  for (let seq = first; distance(last, seq) >= 0; seq = plus(seq, 1)) {
    if (window.has(seq)) continue
    isMissing = true
    // Both ascend. A list that does not, or has an odd length, is taken to name less than it may have meant.
    while (at + 1 < ranges.length && distance(seq, ranges[at]) >= ranges[at + 1]) at += 2
    if (at + 1 >= ranges.length || distance(seq, ranges[at]) < 0) return false
  }
  return isMissing
}
