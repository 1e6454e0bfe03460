/** When a member was last heard that never was. */
export const NEVER = -1

/** A member that was never heard in this view, or not for this long, is probed by everybody. */
const DOUBT_MS = 300
/** One neighbour in the ring of members is probed sooner: its process may be gone, and its host can say so. */
const NEIGHBOUR_MS = 100
const PROBE_MS = 50
/** While there is cause for doubt. */
const PROBE_MS_MIN = 20
/** Silence that accuses, at least and at most. */
const SILENCE_MS_MIN = 600
const SILENCE_MS_MAX = 10_000
/** Who was never heard may still be on its way into the view. */
const NEWCOMER_MS = 1_500
/** What goes to all is not to be silent for so long while the member answers those who ask it alone. */
const PATH_MS = 3_000
/** Refusals in a row that accuse: a port that is closed once may be another's. */
const REFUSALS = 2
/** What comes so soon after this process stood still may have waited in its sockets all the while. */
const STALE_MS = 50
/** Gaps between signs of life below this say nothing about how long silence may last. */
const GAP_MS_MIN = 50

/** By rank: when the last packet of each member came, or NEVER; kept up by whoever receives them. */
export interface SignsOfLife {
  /** Any. */
  readonly heardAtMs: Float64Array
  /** One that went to all. */
  readonly toAllAtMs: Float64Array
}

/**
 * Who of a view's members seems to be alive, by one member's own ears. Every packet is a sign of life, of the path by which it came.
 *
 * On silence: the neighbour is probed after NEIGHBOUR_MS, anyone after DOUBT_MS, all the time until it is heard again.
 * Accused is who was silent for longer than its habits allow: the mean of its gaps and four times their deviation
 * (the estimator of RFC 6298; the idea is Hayashibara et al., The phi accrual failure detector, 2004), within bounds;
 * or who answers from a closed port, twice; or of whom nothing that goes to all has come for PATH_MS, though it answers
 * probes: a switch that has forgotten the group (IGMP snooping) stops multicast alone, and who gets no messages would hold up
 * everybody's for ever.
 * Invariant: an accusation ends with the first sign of life, on the path that was silent.
 */
export class FailureDetector {
  deadlineMs: number
  readonly #self: number
  readonly #heardAtMs: Float64Array
  readonly #toAllAtMs: Float64Array
  readonly #seenAtMs: Float64Array
  /** By rank: when a probe was answered last. */
  readonly #answeredAtMs: Float64Array
  readonly #probeAtMs: Float64Array
  readonly #gapMs: Float64Array
  readonly #deviationMs: Float64Array
  readonly #refusals: Uint8Array
  readonly #isDoubted: boolean[]
  /** Silence counts from here: from the beginning, or from the last time that this process stood still. */
  #sinceMs: number
  /** A sign of life that is later is no old one. */
  #freshFromMs = NEVER
  readonly #accused = new Set<number>()

  /** @param self  this member's rank */
  constructor(self: number, { heardAtMs, toAllAtMs }: SignsOfLife, nowMs: number) {
    const size = heardAtMs.length
    this.#self = self
    this.#heardAtMs = heardAtMs
    this.#toAllAtMs = toAllAtMs
    this.#seenAtMs = heardAtMs.slice()
    this.#answeredAtMs = heardAtMs.slice()
    this.#sinceMs = nowMs
    this.#probeAtMs = new Float64Array(size).fill(nowMs)
    this.#gapMs = new Float64Array(size)
    this.#deviationMs = new Float64Array(size)
    this.#refusals = new Uint8Array(size)
    this.#isDoubted = new Array(size).fill(false)
    this.deadlineMs = size === 1 ? Number.POSITIVE_INFINITY : nowMs + NEIGHBOUR_MS
  }

  /** Ranks of those taken for dead. */
  get accused(): ReadonlySet<number> {
    return this.#accused
  }

  /** Others answer this member, but nothing that goes to all comes here any more. */
  isDeaf(nowMs: number): boolean {
    const others = [...this.#heardAtMs.keys()].filter(rank => rank !== this.#self)
    const isSilent = (rank: number) => nowMs - Math.max(this.#toAllAtMs[rank], this.#sinceMs) >= PATH_MS
    const isThere = (rank: number) => nowMs - Math.max(this.#heardAtMs[rank], this.#answeredAtMs[rank]) < PATH_MS
    return others.every(isSilent) && others.some(isThere)
  }

  /** It has been heard, or has answered, since this process stood still last. */
  isProven(rank: number): boolean {
    return rank === this.#self || Math.max(this.#heardAtMs[rank], this.#answeredAtMs[rank]) > this.#freshFromMs
  }

  /** There is another's word, or another reason, to look closer. */
  doubt(rank: number, nowMs: number): void {
    if (rank === this.#self || this.#isDoubted[rank] || this.#accused.has(rank)) return
    this.#isDoubted[rank] = true
    this.#probeAtMs[rank] = nowMs
    this.deadlineMs = nowMs
  }

  /** The member has answered a probe, and is in this view. */
  answered(rank: number, nowMs: number): void {
    this.#answeredAtMs[rank] = nowMs
    this.#refusals[rank] = 0
    this.#isDoubted[rank] = false
  }

  /** Nobody listens where the member was. */
  refused(rank: number, nowMs: number): void {
    // Once it is taken for dead it is asked at the usual pace: to ask again at each refusal would be a storm of probes.
    if (rank === this.#self || this.#refusals[rank] >= REFUSALS) return
    this.#refusals[rank]++
    this.#isDoubted[rank] = true
    this.#probeAtMs[rank] = nowMs
    this.deadlineMs = nowMs
  }

  /** This process stood still: nobody's silence meanwhile counts, but of who was taken for dead before. */
  slept(nowMs: number): void {
    this.#sinceMs = nowMs
    this.#freshFromMs = nowMs + STALE_MS
    this.deadlineMs = nowMs
  }

  /** Listens into the silence; `probe` asks a member whether it is there. Returns whether somebody's standing changed. */
  due(nowMs: number, probe: (rank: number) => void): boolean {
    if (nowMs < this.deadlineMs) return false
    this.deadlineMs = Number.POSITIVE_INFINITY
    let hasChanged = false
    for (let rank = 0; rank < this.#heardAtMs.length; rank++) {
      if (rank === this.#self) continue
      this.#listen(rank)
      const silentFromMs = this.#silentFromMs(rank)
      const silenceMs = nowMs - silentFromMs
      const boundMs = this.#boundMs(rank)
      const untilMs = Math.min(
        silentFromMs + boundMs,
        Math.max(this.#toAllAtMs[rank], this.#countedFromMs(rank)) + PATH_MS,
      )
      if (nowMs >= untilMs || this.#refusals[rank] >= REFUSALS) {
        if (!this.#accused.has(rank)) hasChanged = true
        this.#accused.add(rank)
      } else if (this.#accused.delete(rank)) hasChanged = true
      this.#probe(rank, silenceMs, nowMs, probe)
      if (!this.#accused.has(rank)) this.deadlineMs = Math.min(this.deadlineMs, untilMs)
    }
    return hasChanged
  }

  #listen(rank: number): void {
    const heardAtMs = this.#heardAtMs[rank]
    if (heardAtMs === this.#seenAtMs[rank]) return
    const gapMs = heardAtMs - Math.max(this.#seenAtMs[rank], this.#sinceMs)
    this.#seenAtMs[rank] = heardAtMs
    this.#refusals[rank] = 0
    this.#isDoubted[rank] = false
    if (gapMs < GAP_MS_MIN) return
    this.#deviationMs[rank] += (Math.abs(gapMs - this.#gapMs[rank]) - this.#deviationMs[rank]) / 4
    this.#gapMs[rank] += (gapMs - this.#gapMs[rank]) / 8
  }

  #silentFromMs(rank: number): number {
    return Math.max(this.#heardAtMs[rank], this.#answeredAtMs[rank], this.#countedFromMs(rank))
  }

  /** Of one that is accused: all silence, until it is heard. */
  #countedFromMs(rank: number): number {
    return this.#accused.has(rank) ? NEVER : this.#sinceMs
  }

  #boundMs(rank: number): number {
    if (this.#heardAtMs[rank] === NEVER) return NEWCOMER_MS
    const habitMs = this.#gapMs[rank] + 4 * this.#deviationMs[rank]
    return Math.min(Math.max(SILENCE_MS_MIN, habitMs), SILENCE_MS_MAX)
  }

  #probe(rank: number, silenceMs: number, nowMs: number, probe: (rank: number) => void): void {
    const isDoubted = this.#isDoubted[rank]
    const afterMs = isDoubted ? 0 : rank === this.#neighbour ? NEIGHBOUR_MS : DOUBT_MS
    const dueMs = Math.max(this.#silentFromMs(rank) + afterMs, this.#probeAtMs[rank])
    if (silenceMs < afterMs || nowMs < this.#probeAtMs[rank]) {
      this.deadlineMs = Math.min(this.deadlineMs, dueMs)
      return
    }
    probe(rank)
    this.#probeAtMs[rank] = nowMs + (isDoubted && !this.#accused.has(rank) ? PROBE_MS_MIN : PROBE_MS)
    this.deadlineMs = Math.min(this.deadlineMs, this.#probeAtMs[rank])
  }

  /** Next in the ring of those who seem to be alive. */
  get #neighbour(): number {
    const size = this.#heardAtMs.length
    for (let step = 1; step < size; step++) {
      const rank = (this.#self + step) % size
      if (!this.#accused.has(rank)) return rank
    }
    return this.#self
  }
}
