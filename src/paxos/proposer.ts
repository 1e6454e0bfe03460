import { invariant } from '../errors.js'
import type { Vote } from './acceptor.js'
import { type Ballot, NO_BALLOT } from './ballot.js'
import { isQuorum } from './quorum.js'

/**
 * One ballot, seen by who conducts it ("Paxos Made Simple", 2.2; steps 1, 3 and 5 of "The Part-Time Parliament", 2.3).
 *
 *      Prepare ▶ ◀ promised ... until isPromised: no earlier ballot can choose anything any more but `bound`
 *      propose
 *      Accept  ▶ ◀ accepted ... until isChosen: `proposed` is the decision, for ever
 *
 * Which answers belong to this ballot is for the caller to see to.
 */
export class Proposer<V> {
  readonly ballot: Ballot
  readonly #voters: readonly number[]
  readonly #promised = new Set<number>()
  readonly #accepted = new Set<number>()
  /** The latest vote that was told with a promise. */
  #latest: Vote<V> | null = null
  #proposal: { readonly value: V } | null = null

  /** @param voters  in order of seniority */
  constructor(ballot: Ballot, voters: readonly number[]) {
    invariant(ballot > NO_BALLOT, 'a ballot needs a number')
    invariant(new Set(voters).size === voters.length, 'a voter has one vote')
    this.ballot = ballot
    this.#voters = voters
  }

  /** Voter `id` has promised to this ballot. @param accepted  its latest vote before that */
  promised(id: number, accepted: Vote<V> | null): void {
    // What is promised later was not asked for the value, and may tell of votes in this very ballot.
    if (this.#proposal !== null || !this.#voters.includes(id)) return
    this.#promised.add(id)
    if (accepted !== null && accepted.ballot > (this.#latest?.ballot ?? NO_BALLOT)) this.#latest = accepted
  }

  /** A quorum of the voters has promised. */
  get isPromised(): boolean {
    return isQuorum(this.#voters, id => this.#promised.has(id))
  }

  /**
   * What must be proposed, because it may have been chosen: the value of the latest vote among the promises (P2c).
   * Null: the proposer is free. May be read at any time; counts only from a promised quorum on.
   */
  get bound(): V | null {
    return this.#latest === null ? null : this.#latest.value
  }

  /** Phase 2a. The same again is no harm. */
  propose(value: V): void {
    invariant(this.isPromised, 'nothing is proposed before a quorum has promised')
    invariant(this.#proposal === null || this.#proposal.value === value, 'a ballot has one value')
    invariant(this.bound === null || this.bound === value, 'what may have been chosen is proposed again')
    this.#proposal = { value }
  }

  get proposed(): V | null {
    return this.#proposal === null ? null : this.#proposal.value
  }

  /** Voter `id` has voted in this ballot. */
  accepted(id: number): void {
    if (this.#proposal !== null) this.#accepted.add(id)
  }

  /** Voter `id` is known to have voted in this ballot. */
  hasVoted(id: number): boolean {
    return this.#accepted.has(id)
  }

  /** A quorum of the voters has voted: `proposed` is decided. */
  get isChosen(): boolean {
    return isQuorum(this.#voters, id => this.#accepted.has(id))
  }
}
