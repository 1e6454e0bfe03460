import { BEAT_MS } from '../multicast/announcer.js'
import { distance, earlier } from '../wire/seqno.js'

/** A word that was lost is asked for again after so long, and then at growing intervals. */
const ASK_MS_MIN = 4

/**
 * When a member says what it holds, for messages that are delivered once all hold them: at the end of the turn in which
 * one came, when it is asked, and again while something here still waits, since what it waits for may have been lost.
 */
export class SafeWatch {
  deadlineMs = Number.POSITIVE_INFINITY
  /** Another member waits for this one's word. */
  isAsked = false
  /** This member waits for theirs. */
  asks = false
  /** Another member waits to hear from this one, as a sender, that all have what it sent. */
  isWanted = false
  #intervalMs = ASK_MS_MIN
  #toldUpTo: number

  constructor(before: number) {
    this.#toldUpTo = before
  }

  /** Whether to say it now. @param hasNews  a packet that is to be safe has come  @param isWaiting  one waits here */
  due(hasNews: boolean, isWaiting: boolean, nowMs: number): boolean {
    const isAsked = this.isAsked
    this.isAsked = false
    this.asks = false
    if (!isWaiting) {
      this.deadlineMs = Number.POSITIVE_INFINITY
      return hasNews || isAsked
    }
    if (hasNews || this.deadlineMs === Number.POSITIVE_INFINITY) {
      this.#intervalMs = ASK_MS_MIN
      this.deadlineMs = nowMs + this.#intervalMs
      return hasNews || isAsked
    }
    if (nowMs < this.deadlineMs) return isAsked
    this.asks = true
    this.#intervalMs = Math.min(2 * this.#intervalMs, BEAT_MS)
    this.deadlineMs = nowMs + this.#intervalMs
    return true
  }

  /**
   * Whether to tell all that they hold this member's stream up to `stable`: once for each packet up to `lastSafe`, and
   * of others, which may stand before what is to be safe, when somebody asks.
   */
  isToTell(stable: number, lastSafe: number): boolean {
    const isWanted = this.isWanted
    this.isWanted = false
    const upTo = earlier(stable, lastSafe)
    if (distance(upTo, this.#toldUpTo) <= 0) return isWanted
    this.#toldUpTo = upTo
    return true
  }
}
