import { MEMBERS_MAX } from '../wire/limits.js'
import type { Peer } from '../wire/view-codec.js'

/** After this an answer is out of date: who gave it may have given up. It asks again if it has not. */
const FRESH_MS = 1_000
/** Who can answer an invitation does so sooner, unless its host is busy. */
const ANSWER_MS = 100

export interface Joiner {
  readonly peer: Peer
  readonly checkBodies: boolean
  /** The lineage that it was in before, or null. */
  readonly lineage: string | null
}

interface Invited extends Joiner {
  readonly sinceMs: number
}

/**
 * Those who asked to join, as the coordinator knows them. A view that waits for one who cannot hear, or who has gone
 * since and whose request came late, would wait for ever. So whoever asks is asked in turn, under a number that the
 * answer must echo, and only those who answered are taken into the next view.
 */
export class Invitations {
  readonly #open = new Map<number, Invited>()
  readonly #accepted = new Map<string, Invited>()

  invite(nonce: number, joiner: Joiner, nowMs: number): void {
    if (this.#open.size === MEMBERS_MAX) this.#open.clear()
    this.#open.set(nonce, { ...joiner, sinceMs: nowMs })
  }

  /** Somebody echoes `nonce`. Returns whether that was an invitation. */
  accept(nonce: number, nowMs: number): boolean {
    const invited = this.#open.get(nonce)
    if (invited === undefined || nowMs - invited.sinceMs > FRESH_MS) return false
    this.#accepted.set(invited.peer.incarnation, invited)
    return true
  }

  /** Somebody who was asked in lately has not answered yet. */
  isAwaited(nowMs: number): boolean {
    for (const { peer, sinceMs } of this.#open.values()) {
      if (nowMs - sinceMs < ANSWER_MS && !this.#accepted.has(peer.incarnation)) return true
    }
    return false
  }

  /** Who may be in the next view. All others have to ask again. */
  take(nowMs: number): Joiner[] {
    const joiners = [...this.#accepted.values()].filter(({ sinceMs }) => nowMs - sinceMs <= FRESH_MS)
    this.#open.clear()
    this.#accepted.clear()
    return joiners
  }
}
