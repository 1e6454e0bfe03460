import { type Ballot, NO_BALLOT } from './ballot.js'

export interface Vote<V> {
  readonly ballot: Ballot
  readonly value: V
}

/**
 * What one voter must remember: the latest ballot that it promised to, and its latest vote ("Paxos Made Simple", 2.5;
 * `nextBal` and `prevVote` of "The Part-Time Parliament", 2.3). If it may crash and answer again, both are to be on
 * disk before the answer leaves.
 *
 * Invariants: `promised` and the ballot of `accepted` never fall, and the latter is never the higher.
 */
export class Acceptor<V> {
  #promised: Ballot = NO_BALLOT
  #accepted: Vote<V> | null = null

  /** No vote will be cast in a ballot before this one any more. */
  get promised(): Ballot {
    return this.#promised
  }

  /** The vote in the latest ballot that this voter voted in. */
  get accepted(): Vote<V> | null {
    return this.#accepted
  }

  /** Phase 1b. Returns true if promised, now or before: then `accepted` goes with the answer. False: outbid. */
  prepare(ballot: Ballot): boolean {
    if (ballot === NO_BALLOT || ballot < this.#promised) return false
    this.#promised = ballot
    return true
  }

  /** Phase 2b. Returns true if accepted, now or before. False: outbid. */
  accept(ballot: Ballot, value: V): boolean {
    // A vote promises too: 1. votes in 5 without having promised it, 2. promises 3 and votes in it, 3. its vote in 5,
    // which may have been the deciding one, is known to nobody.
    if (!this.prepare(ballot)) return false
    // A ballot has one value: that of the same ballot again is the same, even if it was decoded anew.
    if (this.#accepted?.ballot !== ballot) this.#accepted = { ballot, value }
    return true
  }
}
