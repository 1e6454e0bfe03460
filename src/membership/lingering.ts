import type { PastRank } from './past-views.js'

/** A leaver waits so long for the others' word that they can do without it. */
export const LINGER_MS = 2_000
const ASK_MS = 40

/** A closed view that this member has left, and for which it still answers: what was decided must not go with it (C4). */
export class Lingering {
  readonly tag: number
  /** This member's in that view. */
  readonly rank: number
  /** When to ask again whether it may go. */
  askAtMs: number
  readonly #untilMs: number

  constructor({ tag, rank }: PastRank, nowMs: number) {
    this.tag = tag
    this.rank = rank
    this.askAtMs = nowMs
    this.#untilMs = nowMs + LINGER_MS
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.#untilMs
  }

  /** Whether to ask now. */
  due(nowMs: number): boolean {
    if (nowMs < this.askAtMs) return false
    this.askAtMs = nowMs + ASK_MS
    return true
  }
}
