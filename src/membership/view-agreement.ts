import { Acceptor, type Vote } from '../paxos/acceptor.js'
import { type Ballot, ballotOf, rankOf, roundOf } from '../paxos/ballot.js'
import { Proposer } from '../paxos/proposer.js'
import { isQuorum } from '../paxos/quorum.js'
import type { ControlBody } from '../wire/control-codec.js'
import { distance, later } from '../wire/seqno.js'
import { type AgreedView, encodeValue, type Value } from '../wire/view-codec.js'

const RESEND_MS_MIN = 15
const RESEND_MS_MAX = 150
/** Who has promised waits so long for a sign of progress before it proposes by itself; doubled with each ballot that failed. */
const PATIENCE_MS = 1_000
const PATIENCE_MS_MAX = 16_000
/** The more junior, the more patient. */
const STAGGER_MS = 250

/** What view agreement asks of the rest; ranks are those of the closing view. */
export interface AgreementEffects {
  /** To one member, or to all. */
  send(to: number | null, body: ControlBody): void
  /** Seals and delivers no more. Returns what this member holds in sequence, by rank. Idempotent. */
  wedge(): readonly number[]
  /** Fetches what is missing up to `cut`. */
  fill(cut: readonly number[]): void
  isFilled(cut: readonly number[]): boolean
  /** What to propose if those of `promised` go on and their packets count up to `cut`. */
  plan(promised: readonly number[], cut: readonly number[], nowMs: number): Value
  decided(value: Value, nowMs: number): void
  count(what: 'fills' | 'ballotsOutbid' | 'valuesReproposed'): void
}

/** A ballot of this member's own. */
interface Ballots {
  readonly proposer: Proposer<Value>
  readonly digests: Map<number, readonly number[]>
  phase: 'prepare' | 'fill' | 'accept'
  cut: readonly number[]
  /** Who goes on, as far as this ballot knows. */
  goingOn: readonly number[]
  /** Who has not said yet that it holds everything up to the cut. */
  lacking: Set<number>
  /** Who has answered at all. */
  readonly heard: Set<number>
  resendAtMs: number
  intervalMs: number
}

/**
 * What follows one view: single-decree Paxos among its voters, with a fill between the phases.
 *
 *      proposer                              every member
 *      Prepare  ──────────────────────────▶  wedges: seals, delivers, reports no more
 *               ◀──────────────────────────  Promise: what it holds, what it accepted before
 *      the cut: per sender, the most that anyone holds
 *      Fill     ──────────────────────────▶  fetches what it misses
 *               ◀──────────────────────────  Filled
 *      Accept   ──────────────────────────▶  (voters)
 *               ◀──────────────────────────  Accepted
 *      Decide   ──────────────────────────▶  delivers up to the cut, installs
 *
 * Invariant: whatever is decided, everyone in it holds everything up to its cut.
 */
export class ViewAgreement {
  /** The value that was chosen, once it is known here. */
  chosen: Value | null = null
  /** From then on it is this member's turn, if nothing has come of the ballot that was promised. */
  patientUntilMs = Number.POSITIVE_INFINITY
  readonly #view: AgreedView
  readonly #self: number
  readonly #voters: readonly number[]
  readonly #effects: AgreementEffects
  readonly #acceptor = new Acceptor<Value>()
  #own: Ballots | null = null
  /** The highest round heard of. */
  round = 0
  /** Ballots that came to nothing, as far as this member knows. */
  #failures = 0
  /** The cut that the proposer waits for this member to be filled up to. */
  #filling: { readonly ballot: Ballot; readonly cut: readonly number[] } | null = null

  constructor(view: AgreedView, self: number, effects: AgreementEffects) {
    this.#view = view
    this.#self = self
    this.#voters = votersOf(view)
    this.#effects = effects
  }

  /** Somebody has begun to close the view: there is no way back. */
  get isOpen(): boolean {
    return this.#acceptor.promised > 0
  }

  /** This member has voted for the end of the lineage. */
  get isEnding(): boolean {
    return this.#acceptor.accepted?.value.next === null
  }

  get isProposing(): boolean {
    return this.#own !== null
  }

  /** Rank of the member whose ballot was promised last. */
  get proposer(): number {
    return rankOf(this.#acceptor.promised)
  }

  get deadlineMs(): number {
    return this.chosen === null && this.#own !== null ? this.#own.resendAtMs : Number.POSITIVE_INFINITY
  }

  /** Ranks of those for whom this member waits: whose answer its own ballot lacks, or who conducts another. */
  waiting(removed: ReadonlySet<number>): number[] {
    if (this.chosen !== null || !this.isOpen) return []
    const ranks = this.#own === null ? [this.proposer] : this.#unanswered(this.#own)
    return ranks.filter(rank => rank !== this.#self && !removed.has(rank))
  }

  /** Begins a ballot of this member's own, above all that it has heard of. */
  begin(nowMs: number): void {
    if (this.#own !== null) this.#failures++
    this.round++
    const ballot = ballotOf(this.round, this.#self)
    this.#own = {
      proposer: new Proposer(ballot, this.#voters),
      digests: new Map(),
      phase: 'prepare',
      cut: [],
      goingOn: [],
      lacking: new Set(),
      heard: new Set(),
      resendAtMs: nowMs,
      intervalMs: RESEND_MS_MIN,
    }
    this.#acceptor.prepare(ballot)
    this.#promised(this.#own, this.#self, this.#effects.wedge(), this.#acceptor.accepted)
  }

  /** This process stood still: what was to be heard meanwhile is still to be read. */
  slept(nowMs: number): void {
    if (this.isOpen) this.#progress(true, nowMs)
  }

  /**
   * @param removed  who is not waited for
   * @param isCalm  whether that is likely to stay so: only then is it settled who goes on
   */
  due(nowMs: number, removed: ReadonlySet<number>, isCalm: boolean): void {
    if (this.chosen !== null) return
    this.#answerFill()
    const own = this.#own
    if (own === null) return
    this.#advance(own, nowMs, removed, isCalm)
    if (this.#own !== null && this.chosen === null) this.#resend(this.#own, nowMs, removed)
  }

  /** Phase 1a. @param isShared  whether the proposer's accusations are to be believed */
  prepare(ballot: Ballot, heard: readonly number[], isShared: boolean, nowMs: number): void {
    if (!this.#isFresh(ballot) || !isShared) return
    const isNew = ballot !== this.#acceptor.promised
    if (isNew && this.isOpen) {
      this.#failures++
      this.#effects.count('ballotsOutbid')
    }
    this.#acceptor.prepare(ballot)
    this.#yield()
    const received = [...this.#effects.wedge()]
    const { accepted } = this.#acceptor
    this.#effects.send(rankOf(ballot), {
      promise: {
        ballot,
        received,
        acceptedBallot: accepted?.ballot,
        acceptedValue: accepted === null ? undefined : encodeValue(accepted.value),
      },
    })
    this.#progress(isNew || heard.includes(this.#self), nowMs)
  }

  /** Phase 1b. */
  promise(rank: number, ballot: Ballot, received: readonly number[], accepted: Vote<Value> | null): void {
    const own = this.#own
    if (own === null || own.proposer.ballot !== ballot || received.length !== this.#view.members.length) return
    this.#promised(own, rank, received, accepted)
  }

  fill(ballot: Ballot, cut: readonly number[], heard: readonly number[], nowMs: number): void {
    if (!this.#isFresh(ballot) || ballot !== this.#acceptor.promised) return
    this.#filling = { ballot, cut }
    this.#effects.fill(cut)
    this.#answerFill()
    this.#progress(heard.includes(this.#self), nowMs)
  }

  filled(rank: number, ballot: Ballot): void {
    const own = this.#own
    if (own === null || own.proposer.ballot !== ballot) return
    own.lacking.delete(rank)
    own.heard.add(rank)
  }

  /** Phase 2a. */
  accept(ballot: Ballot, value: Value, heard: readonly number[], nowMs: number): void {
    if (!this.#isFresh(ballot)) return
    // Whose vote may count must have stopped reporting (C1), whether or not it had promised before.
    this.#effects.wedge()
    this.#acceptor.accept(ballot, value)
    this.#yield()
    this.#effects.send(rankOf(ballot), { accepted: { ballot } })
    this.#progress(heard.includes(this.#self), nowMs)
  }

  /** Phase 2b. */
  accepted(rank: number, ballot: Ballot): void {
    const own = this.#own
    if (own === null || own.proposer.ballot !== ballot) return
    own.heard.add(rank)
    own.proposer.accepted(rank)
  }

  /** Another ballot was promised to; this one is over, and its proposer waits for the other to get on. */
  outbid(ballot: Ballot, nowMs: number): void {
    this.round = Math.max(this.round, roundOf(ballot))
    if (this.#own === null || this.#own.proposer.ballot >= ballot) return
    this.#yield()
    this.#failures++
    this.#progress(true, nowMs)
  }

  /** Whether `ballot` is not behind what was promised; if it is, its proposer is told. */
  #isFresh(ballot: Ballot): boolean {
    this.round = Math.max(this.round, roundOf(ballot))
    if (this.chosen !== null || rankOf(ballot) === this.#self) return false
    if (ballot >= this.#acceptor.promised) return true
    this.#effects.send(rankOf(ballot), { outbid: { ballot: this.#acceptor.promised } })
    return false
  }

  #unanswered({ phase, digests, lacking, proposer }: Ballots): readonly number[] {
    if (phase === 'fill') return [...lacking]
    if (phase === 'accept') return this.#voters.filter(rank => !proposer.hasVoted(rank))
    return [...this.#view.members.keys()].filter(rank => !digests.has(rank))
  }

  #yield(): void {
    this.#own = null
  }

  #progress(isHeard: boolean, nowMs: number): void {
    if (!isHeard && this.patientUntilMs !== Number.POSITIVE_INFINITY) return
    const patienceMs = Math.min(PATIENCE_MS * 2 ** this.#failures, PATIENCE_MS_MAX)
    this.patientUntilMs = nowMs + patienceMs + STAGGER_MS * this.#self
  }

  #promised(own: Ballots, rank: number, received: readonly number[], accepted: Vote<Value> | null): void {
    own.heard.add(rank)
    if (own.phase !== 'prepare') return
    own.digests.set(rank, received)
    own.proposer.promised(rank, accepted)
  }

  #advance(own: Ballots, nowMs: number, removed: ReadonlySet<number>, isCalm: boolean): void {
    const { proposer } = own
    if (own.phase === 'prepare') {
      if (!isCalm || !proposer.isPromised || this.waiting(removed).length > 0) return
      // Who has lost its quorum meanwhile would propose to go on with nobody, and they would vote for it (C13).
      if (!isQuorum(this.#voters, rank => own.digests.has(rank) && !removed.has(rank))) return
      const { bound } = proposer
      // What may have been chosen is proposed as it stands: all in it had filled, and the dead go with the next view (C3).
      if (bound !== null) {
        this.#effects.count('valuesReproposed')
        this.#propose(own, bound, nowMs)
      } else this.#cut(own, nowMs, removed)
    }
    if (own.phase === 'fill') {
      if (own.goingOn.some(rank => removed.has(rank))) return this.begin(nowMs)
      if (this.#effects.isFilled(own.cut)) own.lacking.delete(this.#self)
      if (own.lacking.size > 0) return
      this.#propose(own, this.#effects.plan(own.goingOn, own.cut, nowMs), nowMs)
    }
    if (proposer.isChosen) {
      this.chosen = proposer.proposed
      this.#effects.decided(this.chosen!, nowMs)
    }
  }

  /** Per sender the most that any of those who go on holds: it may have delivered that much. */
  #cut(own: Ballots, nowMs: number, removed: ReadonlySet<number>): void {
    own.goingOn = [...own.digests.keys()].filter(rank => !removed.has(rank)).sort((a, b) => a - b)
    // Only of those who go on: 1. one promises, and holds what nobody else does, 2. it dies, 3. the last one promises.
    // What is to be fetched now has nobody to supply it, and of those waited for nobody is missing: for ever.
    const digests = own.goingOn.map(rank => own.digests.get(rank)!)
    own.cut = this.#view.members.map((_, rank) => digests.map(received => received[rank]).reduce(later))
    const lacks = (rank: number) => own.digests.get(rank)!.some((held, origin) => distance(own.cut[origin], held) > 0)
    own.lacking = new Set(own.goingOn.filter(lacks))
    own.phase = 'fill'
    if (own.lacking.size === 0) return
    this.#effects.count('fills')
    this.#effects.fill(own.cut)
    this.#at(own, nowMs)
  }

  #propose(own: Ballots, value: Value, nowMs: number): void {
    const { proposer } = own
    own.phase = 'accept'
    proposer.propose(value)
    this.#acceptor.accept(proposer.ballot, value)
    proposer.accepted(this.#self)
    this.#at(own, nowMs)
  }

  #at(own: Ballots, nowMs: number): void {
    own.resendAtMs = nowMs
    own.intervalMs = RESEND_MS_MIN
  }

  #resend(own: Ballots, nowMs: number, removed: ReadonlySet<number>): void {
    if (nowMs < own.resendAtMs) return
    own.resendAtMs = nowMs + own.intervalMs
    own.intervalMs = Math.min(own.intervalMs * 2, RESEND_MS_MAX)
    const { ballot, proposed } = own.proposer
    const heard = [...own.heard]
    let body: ControlBody
    if (own.phase === 'prepare') body = { prepare: { ballot, accused: [...removed], heard } }
    else if (own.phase === 'fill') body = { fill: { ballot, cut: [...own.cut], heard } }
    else body = { accept: { ballot, value: encodeValue(proposed!), heard } }
    this.#effects.send(null, body)
    // What goes to all may not get to those who do not answer, though what goes to them alone would.
    if (own.intervalMs > 4 * RESEND_MS_MIN) for (const rank of this.waiting(removed)) this.#effects.send(rank, body)
  }

  #answerFill(): void {
    const filling = this.#filling
    if (filling === null || !this.#effects.isFilled(filling.cut)) return
    this.#filling = null
    this.#effects.send(rankOf(filling.ballot), { filled: { ballot: filling.ballot } })
  }
}

/** Ranks of a view's voters, in order of seniority. */
export function votersOf(view: AgreedView): number[] {
  return [...view.members.keys()].filter(rank => view.members[rank].voter)
}
