import type { EngineEvent } from './outbox.js'

/** Sending that is held back for so long is worth telling. */
const PATIENCE_MS = 500

export type BlockReason = 'view-change' | 'window'

/** Says when sending has been held back for long, and when it goes on. */
export class BlockWatch {
  deadlineMs = Number.POSITIVE_INFINITY
  #reported: BlockReason | null = null
  #progress = 0

  /**
   * @param held  why a message is held back now, or null
   * @param progress  changes while a message that is larger than the window gets on
   * @param waiting  names of those waited for
   */
  look(
    held: BlockReason | null,
    progress: number,
    nowMs: number,
    waiting: () => readonly string[],
  ): EngineEvent | null {
    if (held === null || (this.#reported !== null && held !== this.#reported)) {
      const reason = this.#reported
      this.#reported = null
      this.deadlineMs = Number.POSITIVE_INFINITY
      return reason === null ? null : { type: 'unblocked', reason }
    }
    if (this.#reported !== null) return null
    if (this.deadlineMs === Number.POSITIVE_INFINITY || progress !== this.#progress) {
      this.deadlineMs = nowMs + PATIENCE_MS
      this.#progress = progress
    }
    if (nowMs < this.deadlineMs) return null
    this.deadlineMs = Number.POSITIVE_INFINITY
    this.#reported = held
    return { type: 'blocked', reason: held, waiting: waiting() }
  }
}
