/** The slow beat, in milliseconds: what is not urgent waits for it. */
export const BEAT_MS = 250

/**
 * After a burst's last packet its sender announces that packet's number after 1, 2, 4, ... milliseconds, at last once a
 * beat, until every receiver is known to have it: a lost tail costs a millisecond and not a beat.
 */
export class Announcer {
  deadlineMs = Number.POSITIVE_INFINITY
  #stepMs = 1

  /** New packets went out. */
  sent(nowMs: number): void {
    this.#stepMs = 1
    this.deadlineMs = nowMs + 1
  }

  /** Whether to announce now. */
  due(nowMs: number): boolean {
    if (nowMs < this.deadlineMs) return false
    this.#stepMs = Math.min(2 * this.#stepMs, BEAT_MS)
    this.deadlineMs = nowMs + this.#stepMs
    return true
  }

  stop(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY
  }
}
