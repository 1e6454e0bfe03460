const HAIL_MS = 500
/** Who hears no quorum while its lineage has one is told the decision well before that, if anybody knows it. */
const PASSED_MS = 2_500

/** When the coordinator of a lineage makes itself known to others, and to which of them this lineage should give way. */
export class Hails {
  deadlineMs = Number.POSITIVE_INFINITY
  readonly #random: () => number
  #wanted: string | null = null
  /** Since when its own lineage hails while this member hears no quorum, and when it last did. */
  #passedFromMs = 0
  #passedAtMs = Number.NEGATIVE_INFINITY

  constructor(random: () => number) {
    this.#random = random
  }

  installed(nowMs: number): void {
    this.#wanted = null
    this.#passedAtMs = Number.NEGATIVE_INFINITY
    this.deadlineMs = Math.min(this.deadlineMs, nowMs + this.#intervalMs)
  }

  due(nowMs: number): boolean {
    if (nowMs < this.deadlineMs) return false
    this.deadlineMs = nowMs + this.#intervalMs
    return true
  }

  /** This member asked to be let into `lineage`. */
  want(lineage: string): void {
    this.#wanted = lineage
  }

  isWanted(lineage: string): boolean {
    return this.#wanted === lineage
  }

  /** A hail of this member's own lineage: whether that has gone on without it, as far as can be known. */
  isPassedBy(hasQuorum: boolean, nowMs: number): boolean {
    if (hasQuorum || nowMs - this.#passedAtMs > PASSED_MS) this.#passedFromMs = nowMs
    this.#passedAtMs = nowMs
    return nowMs - this.#passedFromMs >= PASSED_MS
  }

  get #intervalMs(): number {
    return HAIL_MS * (0.75 + this.#random() / 2 ** 33)
  }
}
