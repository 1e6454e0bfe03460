import type { BlockReason, EngineEvent } from './outbox.js'
import type { Outgoing } from './outgoing.js'

/** Sending that is held back for so long is worth telling. */
const PATIENCE_MS = 500

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

  /** This life is over: what was told of the block is taken back, for the next one knows nothing of it. */
  end(): EngineEvent[] {
    return this.#reported === null ? [] : [{ type: 'unblocked', reason: this.#reported }]
  }
}

/** Why something is held back now, or null. @param out  of the view now, if there is one */
export function reasonOf(hasQuorum: boolean, out: Outgoing | undefined): BlockReason | null {
  if (!hasQuorum) return 'no-quorum'
  if (out === undefined || !out.isHeld) return null
  return out.isWedged ? 'view-change' : 'window'
}
