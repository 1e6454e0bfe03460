import { Acceptor, type Vote } from '../../src/paxos/acceptor.js'
import { type Ballot, ballotOf, NO_BALLOT } from '../../src/paxos/ballot.js'
import { Proposer } from '../../src/paxos/proposer.js'
import { isQuorum } from '../../src/paxos/quorum.js'
import { type Parts, SOUND, type Value } from './synod.js'

/** Each breaks one rule, as somebody could by mistake. */

class ForgetsPromises extends Acceptor<Value> {
  override prepare(ballot: Ballot): boolean {
    return ballot >= this.promised
  }
}

class ForgetsVotes extends Acceptor<Value> {
  override get accepted(): null {
    return null
  }
}

class VotesWithoutPromising extends Acceptor<Value> {
  #promised = NO_BALLOT
  #accepted: Vote<Value> | null = null

  override get promised(): Ballot {
    return this.#promised
  }

  override get accepted(): Vote<Value> | null {
    return this.#accepted
  }

  override prepare(ballot: Ballot): boolean {
    if (ballot < this.#promised) return false
    this.#promised = ballot
    return true
  }

  override accept(ballot: Ballot, value: Value): boolean {
    if (ballot < this.#promised) return false
    this.#accepted = { ballot, value }
    return true
  }
}

class KeepsFirstVote extends Acceptor<Value> {
  #first: Vote<Value> | null = null

  override get accepted(): Vote<Value> | null {
    return this.#first
  }

  override accept(ballot: Ballot, value: Value): boolean {
    const isAccepted = super.accept(ballot, value)
    if (isAccepted) this.#first ??= { ballot, value }
    return isAccepted
  }
}

class IgnoresBound extends Proposer<Value> {
  override get bound(): null {
    return null
  }
}

/** Binds itself by other votes than the latest. */
class BoundBy extends Proposer<Value> {
  readonly #isBetter: (vote: Vote<Value>, than: Vote<Value>) => boolean
  #vote: Vote<Value> | null = null

  constructor(ballot: Ballot, voters: readonly number[], isBetter: (vote: Vote<Value>, than: Vote<Value>) => boolean) {
    super(ballot, voters)
    this.#isBetter = isBetter
  }

  override promised(id: number, accepted: Vote<Value> | null): void {
    super.promised(id, accepted)
    if (accepted === null || this.proposed !== null) return
    if (this.#vote === null || this.#isBetter(accepted, this.#vote)) this.#vote = accepted
  }

  override get bound(): Value | null {
    return this.#vote === null ? null : this.#vote.value
  }
}

/** Has ideas of its own of how many answers are enough. */
class Counting extends Proposer<Value> {
  readonly #isEnough: { readonly promises?: Enough; readonly votes?: Enough }
  readonly #voterIds: readonly number[]
  readonly #promises: number[] = []
  readonly #votes: number[] = []

  constructor(
    ballot: Ballot,
    voters: readonly number[],
    isEnough: { readonly promises?: Enough; readonly votes?: Enough },
  ) {
    super(ballot, voters)
    this.#isEnough = isEnough
    this.#voterIds = voters
  }

  override promised(id: number, accepted: Vote<Value> | null): void {
    super.promised(id, accepted)
    this.#promises.push(id)
  }

  override get isPromised(): boolean {
    return this.#isEnough.promises?.(this.#voterIds, this.#promises) ?? super.isPromised
  }

  override accepted(id: number): void {
    super.accepted(id)
    this.#votes.push(id)
  }

  override get isChosen(): boolean {
    return this.#isEnough.votes?.(this.#voterIds, this.#votes) ?? super.isChosen
  }
}

type Enough = (voters: readonly number[], answers: readonly number[]) => boolean

const oneTooFew: Enough = (voters, answers) =>
  answers.length > 0 && voters.some(absent => isQuorum(voters, id => id === absent || answers.includes(id)))
const anyHalf: Enough = (voters, answers) =>
  new Set(answers.filter(id => voters.includes(id))).size * 2 >= voters.length
const byMessages: Enough = (voters, answers) => answers.filter(id => voters.includes(id)).length * 2 > voters.length
const byAnybody: Enough = (voters, answers) => new Set(answers).size * 2 > voters.length

const acceptorThat = (broken: new () => Acceptor<Value>): Parts => ({ ...SOUND, acceptor: () => new broken() })
const boundBy = (isBetter: (vote: Vote<Value>, than: Vote<Value>) => boolean): Parts => ({
  ...SOUND,
  proposer: (ballot, voters) => new BoundBy(ballot, voters, isBetter),
})
const enough = (isEnough: { promises?: Enough; votes?: Enough }): Parts => ({
  ...SOUND,
  proposer: (ballot, voters) => new Counting(ballot, voters, isEnough),
})

export const BROKEN: readonly { readonly what: string; readonly voters: number; readonly parts: Parts }[] = [
  { what: 'an acceptor that forgets its promises', voters: 3, parts: acceptorThat(ForgetsPromises) },
  { what: 'an acceptor that forgets its votes', voters: 3, parts: acceptorThat(ForgetsVotes) },
  { what: 'an acceptor that votes without promising', voters: 3, parts: acceptorThat(VotesWithoutPromising) },
  { what: 'an acceptor that tells of its first vote', voters: 3, parts: acceptorThat(KeepsFirstVote) },
  {
    what: 'a proposer that ignores what it is bound to',
    voters: 3,
    parts: { ...SOUND, proposer: (ballot, voters) => new IgnoresBound(ballot, voters) },
  },
  {
    what: 'a proposer bound by the earliest vote',
    voters: 3,
    parts: boundBy((vote, than) => vote.ballot < than.ballot),
  },
  { what: 'a proposer bound by the vote told first', voters: 3, parts: boundBy(() => false) },
  { what: 'a proposer bound by the vote told last', voters: 3, parts: boundBy(() => true) },
  { what: 'a promise too few, of 3', voters: 3, parts: enough({ promises: oneTooFew }) },
  { what: 'a promise too few, of 4', voters: 4, parts: enough({ promises: oneTooFew }) },
  { what: 'a promise too few, of 5', voters: 5, parts: enough({ promises: oneTooFew }) },
  { what: 'a vote too few, of 3', voters: 3, parts: enough({ votes: oneTooFew }) },
  { what: 'a vote too few, of 5', voters: 5, parts: enough({ votes: oneTooFew }) },
  { what: 'promises of any half, of 2', voters: 2, parts: enough({ promises: anyHalf }) },
  { what: 'promises of any half, of 4', voters: 4, parts: enough({ promises: anyHalf }) },
  { what: 'votes of any half, of 4', voters: 4, parts: enough({ votes: anyHalf }) },
  { what: 'messages that are counted, not voters', voters: 3, parts: enough({ promises: byMessages }) },
  { what: 'promises of those who are no voters', voters: 3, parts: enough({ promises: byAnybody }) },
  { what: 'votes of those who are no voters', voters: 3, parts: enough({ votes: byAnybody }) },
  { what: 'two proposers in one ballot', voters: 3, parts: { ...SOUND, ballot: round => ballotOf(round, 0) } },
]
