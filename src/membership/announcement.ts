import type { Value } from '../wire/view-codec.js'
import type { PastRank } from './past-views.js'

const RESEND_MS_MIN = 15
const RESEND_MS_MAX = 240
const ANNOUNCE_MS = 1_000
/** Who stays alone only to see the others out says it so often. */
const FAREWELLS = 4

/** Who has brought a decision about says it again, until those in it were heard or long enough. */
export class Announcement {
  /** Of the view that it closed, and this member's rank in it. */
  readonly tag: number
  readonly rank: number
  readonly value: Value
  deadlineMs: number
  readonly #untilMs: number
  #intervalMs = RESEND_MS_MIN
  #times = 0

  constructor({ tag, rank }: PastRank, value: Value, nowMs: number) {
    this.tag = tag
    this.rank = rank
    this.value = value
    this.deadlineMs = nowMs
    this.#untilMs = nowMs + ANNOUNCE_MS
  }

  /** @param isAlone  this member is the only one left */
  isOver(isAlone: boolean, nowMs: number): boolean {
    return nowMs >= this.#untilMs || (isAlone && this.#times >= FAREWELLS)
  }

  /** Whether to say it now. */
  due(nowMs: number): boolean {
    if (nowMs < this.deadlineMs) return false
    this.deadlineMs = nowMs + this.#intervalMs
    this.#intervalMs = Math.min(this.#intervalMs * 2, RESEND_MS_MAX)
    this.#times++
    return true
  }
}
