/** Wait for feedback over so many round trips: K of RFC 5401. */
const BACKOFF_ROUND_TRIPS = 4
/** In a group up to this size to wait before a NACK costs more than the duplicates it saves. */
const SMALL_GROUP = 8

/** Before anything is measured. */
const GROUP_MS_INITIAL = 10
/** Timers have a tick of a millisecond: shorter draws would all fall on one tick, and suppress nothing. */
const GROUP_MS_MIN = 1
const TICK_MS = 1
const TIMEOUT_MS_MIN = 2
/** The first timeout is at most so many round trips, but need not be under so much for that. */
const TRIPS_MAX = 3
const BASE_MS_MIN = 20
/** The fastest repair is forgotten so slowly. */
const LEAST_SHARE = 1 / 32
const TIMEOUT_MS_MAX = 250
/** Longer than any round trip: a time over it was not spent on the way. */
const ASLEEP_MS = 1_000
/** So many rounds are lost to chance before a longer timeout is. */
const ROUNDS_AT_ONE_TIMEOUT = 3
const TIMEOUTS_A_DOUBLING = 8

/**
 * How long things take in one view, and what waiting times follow from it: the group's greatest round trip (GRTT of
 * RFC 5401) from the echoes of beats, the time from a NACK to its repair (estimated as in RFC 6298) from repairs.
 */
export class RoundTrip {
  /** Whether feedback waits for a random time, and is held back if somebody else's says the same. */
  readonly suppresses: boolean
  readonly #members: number
  readonly #lambda: number
  readonly #random: () => number
  #groupMs = GROUP_MS_INITIAL
  #isMeasured = false
  #smoothedMs = 0
  #variationMs = 0
  #leastMs = 0
  #timeouts = 0

  /** @param members  of the view  @param random  gives 32 random bits, as an unsigned integer */
  constructor(members: number, random: () => number) {
    this.suppresses = members > SMALL_GROUP
    this.#members = members
    this.#random = random
    // The sender itself cannot lose: the group that may answer at once is everybody else.
    this.#lambda = Math.log(Math.max(1, members - 1)) + 1
  }

  /** The greatest round trip of the group in milliseconds, never under a timer's tick. */
  get groupMs(): number {
    return Math.max(GROUP_MS_MIN, this.#groupMs)
  }

  /**
   * A round trip to some member. A longer one counts at once, a shorter one for so little that the shorter ones of
   * one beat from everybody take off a quarter: the estimate stays near the peak (RFC 5401, section 3.7).
   */
  measured(ms: number): void {
    const weight = ms > this.#groupMs ? 0.75 : 0.25 / Math.max(1, this.#members - 1)
    this.#groupMs = this.#isMeasured ? this.#groupMs + weight * (ms - this.#groupMs) : ms
    this.#isMeasured = true
  }

  /**
   * A gap was filled so long after it was first asked for. Never of one asked for twice (Karn's rule). What took longer
   * than any path is no path's time: this process slept between the question and the answer.
   */
  repaired(ms: number): void {
    if (ms > ASLEEP_MS) return
    if (this.#smoothedMs === 0) {
      this.#smoothedMs = ms
      this.#variationMs = ms / 2
      this.#leastMs = ms
    } else {
      this.#variationMs += (Math.abs(this.#smoothedMs - ms) - this.#variationMs) / 4
      this.#smoothedMs += (ms - this.#smoothedMs) / 8
    }
    this.#leastMs = Math.min(ms, this.#leastMs + (ms - this.#leastMs) * LEAST_SHARE)
    this.#timeouts = 0
  }

  /**
   * Something asked for did not come in time. One timeout says nothing, since repairs are lost as any packet is. But if
   * many pass and no gap is filled at the first asking, then the timeout is too short for this path; and as nothing can
   * be measured of what was asked for twice, only a longer one lets the estimate learn (RFC 6298, section 5).
   */
  timedOut(): void {
    this.#timeouts++
  }

  /**
   * How long to wait for the repair of a gap that was asked for in round `round`, counted from 0. Doubled from round to
   * round only once chance is no explanation any more: random loss is repaired, not obeyed.
   */
  timeoutMs(round: number): number {
    const measuredMs = this.#smoothedMs + Math.max(TICK_MS, 4 * this.#variationMs)
    // A stall of one process makes the variation large and leaves everybody waiting at the next loss, with nothing measured
    // meanwhile that could tell better: so no more than a few round trips, of the beats or of the fastest repairs.
    const boundMs = TRIPS_MAX * Math.max(this.groupMs, this.#leastMs)
    const baseMs = this.#smoothedMs === 0 ? 3 * this.groupMs : Math.min(measuredMs, Math.max(BASE_MS_MIN, boundMs))
    const firstMs = Math.max(TIMEOUT_MS_MIN, baseMs)
    const doublings = Math.max(0, round + 1 - ROUNDS_AT_ONE_TIMEOUT, Math.floor(this.#timeouts / TIMEOUTS_A_DOUBLING))
    return Math.max(firstMs, Math.min(TIMEOUT_MS_MAX, firstMs * 2 ** doublings))
  }

  /**
   * A random time from the truncated exponential distribution of RFC 5401, section 3.2.2: few draws are early and
   * most are late, so that the first to speak is heard before most of the others would.
   */
  backoffMs(): number {
    const maxMs = BACKOFF_ROUND_TRIPS * this.groupMs
    const uniform = this.#random() / 2 ** 32
    return (maxMs / this.#lambda) * Math.log1p(uniform * Math.expm1(this.#lambda))
  }
}
