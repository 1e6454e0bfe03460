import type { Vote } from '../paxos/acceptor.js'
import { rankOf, roundOf } from '../paxos/ballot.js'
import { isQuorum } from '../paxos/quorum.js'
import type { ControlBody } from '../wire/control-codec.js'
import type { tutti } from '../wire/generated/control.js'
import { MEMBERS_MAX } from '../wire/limits.js'
import { serial } from '../wire/seqno.js'
import { type AgreedView, decodeValue, type Peer, type Value } from '../wire/view-codec.js'
import { Accusations } from './accusations.js'
import { FailureDetector, NEVER, type SignsOfLife } from './failure-detector.js'
import type { Joiner } from './invitations.js'
import { ViewAgreement, votersOf } from './view-agreement.js'

/** The coordinator waits so long for others who want the same: members that start together come in one view. */
const COLLECT_MS = 20
/** And so long at most for those who were asked in and have yet to answer. */
const COLLECT_MS_MAX = 200
/** Becoming a voter can wait for those who join meanwhile. */
const PROMOTE_MS = 100
const WISH_MS_MIN = 30
const WISH_MS_MAX = 400
const SUSPECT_MS_MIN = 20
const SUSPECT_MS_MAX = 250
/** Who hears a quorum again hears the others in a moment, by a probe or by what they say to all: nobody is put out before. */
const CALM_MS = SUSPECT_MS_MAX + 50
/** An invitation into another lineage is good for so long: that may be gone by then. */
const INTO_MS = 1_000
/** That nobody is accused any more is said so often. */
const ACQUITTALS = 3

export interface WatchEffects {
  /** In the view: to one rank, or to all. */
  send(to: number | null, body: ControlBody): void
  probe(rank: number): void
  wedge(): readonly number[]
  fill(cut: readonly number[]): void
  isFilled(cut: readonly number[]): boolean
  /** Some of those who asked to join are about to be ready. */
  areJoinersAwaited(nowMs: number): boolean
  /** Who asked to join and may. */
  takeJoiners(nowMs: number): readonly Joiner[]
  decided(value: Value, nowMs: number): void
  count(what: 'fills' | 'ballotsOutbid' | 'valuesReproposed'): void
}

/**
 * One member's watch over one view: who is alive in it, who wants to come and go, and what is to follow. It puts the
 * failure detector's word, the others' word and the wishes together, and lets the coordinator begin a change: the most
 * senior voter that is not to be put out.
 */
export class ViewWatch {
  readonly view: AgreedView
  readonly rank: number
  readonly #detector: FailureDetector
  readonly #accusations: Accusations
  readonly #agreement: ViewAgreement
  readonly #effects: WatchEffects
  readonly #random: () => number
  readonly #voters: readonly number[]
  readonly #heardAtMs: Float64Array
  /** Ranks that want to leave, and that may vote from the next view on. */
  readonly #leaving = new Set<number>()
  readonly #ready = new Set<number>()
  /** The lineage that this one is to give way to. */
  #into: string | null = null
  #intoUntilMs = 0
  /** A change of views is wanted, from then on. */
  #changeAtMs = Number.POSITIVE_INFINITY
  /** When it is this member's turn to begin one: never, as long as nothing is heard, where it is another's. */
  #beginAtMs = Number.POSITIVE_INFINITY
  /** So long a change waits for joiners that are about to be ready. */
  #collectUntilMs = 0
  /** And so long for whoever may be heard again, as others are. */
  #calmAtMs = 0
  #wishAtMs: number
  #wishMs = WISH_MS_MIN
  #isLeaving = false
  #suspectAtMs = Number.POSITIVE_INFINITY
  #suspectMs = SUSPECT_MS_MIN
  #acquittals = 0

  constructor(
    view: AgreedView,
    rank: number,
    signs: SignsOfLife,
    effects: WatchEffects,
    random: () => number,
    nowMs: number,
  ) {
    const voters = votersOf(view)
    this.view = view
    this.rank = rank
    this.#voters = voters
    this.#effects = effects
    this.#random = random
    this.#heardAtMs = signs.heardAtMs
    this.#detector = new FailureDetector(rank, signs, nowMs)
    this.#accusations = new Accusations(view.members.length, rank, voters)
    const plan = (promised: readonly number[], cut: readonly number[], nowMs: number) =>
      this.#plan(promised, cut, nowMs)
    this.#agreement = new ViewAgreement(view, rank, { ...effects, plan })
    this.#wishAtMs = view.members[rank].voter ? Number.POSITIVE_INFINITY : nowMs
  }

  get deadlineMs(): number {
    return Math.min(
      this.#detector.deadlineMs,
      this.#agreement.deadlineMs,
      this.#wishAtMs,
      this.#suspectAtMs,
      this.#beginAtMs,
    )
  }

  /** Those who seem to be alive are a quorum of the voters. */
  get hasQuorum(): boolean {
    return this.#accusations.hearsQuorum
  }

  /** They have shown it, and not before this process stood still: others may rely on it. */
  get hasProvenQuorum(): boolean {
    return this.hasQuorum && isQuorum(this.#voters, rank => !this.accuses(rank) && this.#detector.isProven(rank))
  }

  /** A quorum has been heard in this view: it is installed, and the one before is over. */
  get isSettled(): boolean {
    return isQuorum(this.#voters, rank => this.#hasSpoken(rank))
  }

  /** Everyone has been heard in this view, but for those who seem to be dead. */
  get isInstalledByAll(): boolean {
    return this.view.members.every((_, rank) => this.#hasSpoken(rank) || this.accuses(rank))
  }

  isCoordinator(nowMs: number): boolean {
    return this.#coordinator(nowMs) === this.rank
  }

  /** Multicast does not get here, though unicast does. */
  isDeaf(nowMs: number): boolean {
    return this.#detector.isDeaf(nowMs)
  }

  accuses(rank: number): boolean {
    return this.#detector.accused.has(rank)
  }

  /** Names of those for whom a change of views, or a quorum, waits. */
  waiting(nowMs: number): string[] {
    const { members } = this.view
    const ranks = this.hasQuorum
      ? this.#agreement.waiting(this.#accusations.removable(nowMs))
      : this.#voters.filter(rank => this.accuses(rank))
    return ranks.map(rank => members[rank].name)
  }

  /** This member wants to go. */
  leave(nowMs: number): void {
    this.#isLeaving = true
    // Who is alone need not ask anybody.
    if (this.view.members.length > 1) this.#wishAtMs = nowMs
  }

  /** A joiner may come in. */
  joinerReady(nowMs: number): void {
    if (this.#collectUntilMs < nowMs) this.#collectUntilMs = nowMs + COLLECT_MS_MAX
    this.#request(nowMs + COLLECT_MS)
  }

  /** Ends the lineage in favour of another, if this member coordinates it. */
  giveWay(into: string, nowMs: number): void {
    this.#into = into
    this.#intoUntilMs = nowMs + INTO_MS
    this.#request(nowMs)
  }

  /** The lineage is about to end in favour of another, as far as this member knows. */
  isGivingWay(nowMs: number): boolean {
    return (this.#into !== null && nowMs < this.#intoUntilMs) || this.#agreement.isEnding
  }

  doubt(rank: number, nowMs: number): void {
    this.#detector.doubt(rank, nowMs)
  }

  /** The member has answered a probe, and is in this view. */
  answered(rank: number, nowMs: number): void {
    this.#detector.answered(rank, nowMs)
  }

  /** Nobody listens at the member's endpoint, or somebody else. */
  refused(rank: number, nowMs: number): void {
    this.#detector.refused(rank, nowMs)
  }

  /** This process stood still. */
  slept(nowMs: number): void {
    this.#detector.slept(nowMs)
    this.#agreement.slept(nowMs)
  }

  due(nowMs: number): void {
    const detector = this.#detector
    if (detector.due(nowMs, rank => this.#effects.probe(rank))) this.#accusedAnew(nowMs)
    if (nowMs >= this.#suspectAtMs) this.#suspect(nowMs)
    if (nowMs >= this.#wishAtMs) this.#wish(nowMs)
    if (!this.hasQuorum) this.#calmAtMs = nowMs + CALM_MS
    const removed = this.#accusations.removable(nowMs)
    this.#beginAtMs = this.#beginsAtMs(nowMs, removed)
    if (nowMs >= this.#beginAtMs) {
      this.#beginAtMs = Number.POSITIVE_INFINITY
      this.#agreement.begin(nowMs)
    }
    this.#agreement.due(nowMs, removed, nowMs >= this.#calmAtMs)
  }

  /** A control frame of this view about what is to follow it. Returns false if it is not well formed. */
  control(rank: number, body: tutti.Control, nowMs: number): boolean {
    const { suspect, wish, prepare, promise, fill, filled, accept, accepted, outbid } = body
    const agreement = this.#agreement
    if (suspect) this.#suspected(rank, suspect.accused ?? [], nowMs)
    else if (wish) this.#wished(rank, wish, nowMs)
    else if (prepare) return this.#prepare(rank, prepare, nowMs)
    else if (promise) return this.#promise(rank, promise)
    else if (fill) {
      if (fill.cut?.length !== this.view.members.length || !this.#isBallot(fill.ballot, rank)) return false
      agreement.fill(fill.ballot, fill.cut.map(serial), fill.heard ?? [], nowMs)
    } else if (filled) agreement.filled(rank, filled.ballot ?? 0)
    else if (accept) {
      const value = decodeValue(accept.value, this.view.members.length)
      if (value === undefined || !this.#isBallot(accept.ballot, rank)) return false
      agreement.accept(accept.ballot, value, accept.heard ?? [], nowMs)
    } else if (accepted) agreement.accepted(rank, accepted.ballot ?? 0)
    else if (outbid) {
      if (!this.#isBallot(outbid.ballot)) return false
      agreement.outbid(outbid.ballot, nowMs)
    }
    return true
  }

  #hasSpoken(rank: number): boolean {
    return rank === this.rank || this.#heardAtMs[rank] !== NEVER
  }

  #coordinator(nowMs: number, removed = this.#accusations.removable(nowMs)): number | undefined {
    return this.#voters.find(rank => !removed.has(rank))
  }

  #request(atMs: number): void {
    this.#changeAtMs = Math.min(this.#changeAtMs, atMs)
    this.#beginAtMs = Math.min(this.#beginAtMs, atMs)
  }

  /** When this member is to begin a ballot, as things stand. */
  #beginsAtMs(nowMs: number, removed: ReadonlySet<number>): number {
    const { chosen, isProposing } = this.#agreement
    if (chosen !== null || isProposing || !this.hasQuorum) return Number.POSITIVE_INFINITY
    if (!this.view.members[this.rank].voter) return Number.POSITIVE_INFINITY
    // Nothing would come of a ballot, and it would end all sending.
    if (!isQuorum(this.#voters, rank => !removed.has(rank))) return Number.POSITIVE_INFINITY
    return Math.max(this.#calmAtMs, this.#turnAtMs(nowMs, removed))
  }

  /** When it is its turn. */
  #turnAtMs(nowMs: number, removed: ReadonlySet<number>): number {
    const agreement = this.#agreement
    const isCoordinator = this.#coordinator(nowMs, removed) === this.rank
    // Once somebody has begun, what the others wait for is its end: by who began, or by who comes after it.
    if (agreement.isOpen) return isCoordinator && removed.has(agreement.proposer) ? nowMs : agreement.patientUntilMs
    if (!isCoordinator) return Number.POSITIVE_INFINITY
    if (removed.size > 0) return nowMs
    // Many who start together come in together.
    const isCollecting = this.#changeAtMs <= nowMs && nowMs < this.#collectUntilMs
    if (isCollecting && this.#effects.areJoinersAwaited(nowMs)) this.#changeAtMs = nowMs + COLLECT_MS
    return this.#changeAtMs
  }

  #plan(promised: readonly number[], cut: readonly number[], nowMs: number): Value {
    const { view } = this
    if (this.#into !== null && nowMs < this.#intoUntilMs) return { next: null, cut, into: this.#into, merged: [] }
    const staying = promised
      .filter(rank => !this.#leaving.has(rank))
      .map(rank => ({ ...view.members[rank], voter: view.members[rank].voter || this.#ready.has(rank) }))
    const names = new Set(staying.map(({ name }) => name))
    // 1. A joiner asks again while the value with it in is voted upon. 2. That is decided, it comes in, and is to be put out
    // soon after. 3. Its second asking must not bring this same life back: it would take itself for one who stayed, though
    // what it sent does not count. It is to hear that it is out.
    const isNew = ({ incarnation }: Peer) => view.members.every(member => member.incarnation !== incarnation)
    // Of two joiners with one name the first is taken; the other asks again, and is refused then.
    const joining = this.#effects
      .takeJoiners(nowMs)
      .filter(({ peer }) => isNew(peer) && !names.has(peer.name) && names.add(peer.name))
      .slice(0, MEMBERS_MAX - staying.length)
    let members: Peer[] = [...staying, ...joining.map(({ peer }) => peer)]
    // All leave. The last to go must see the others out; its own leaving comes after.
    if (members.length === 0) members = [view.members[promised[0]]]
    if (!members.some(({ voter }) => voter)) members = members.map(member => ({ ...member, voter: true }))
    const merged = new Set(joining.map(({ lineage }) => lineage))
    merged.delete(view.lineage)
    const checkBodies = view.checkBodies || joining.some(joiner => joiner.checkBodies)
    const next = { ...view, id: view.id + 1, tag: this.#random() || 1, members, checkBodies }
    return { next, cut, into: null, merged: [...merged].filter(lineage => lineage !== null) }
  }

  #accusedAnew(nowMs: number): void {
    const { accused } = this.#detector
    this.#accusations.stated(this.rank, accused, nowMs)
    this.#suspectAtMs = nowMs
    this.#suspectMs = SUSPECT_MS_MIN
    this.#acquittals = 0
    // Where one is dead others may be: whoever is, is found out by all at once.
    if (accused.size > 0) for (const rank of this.view.members.keys()) this.#detector.doubt(rank, nowMs)
  }

  #suspect(nowMs: number): void {
    const accused = [...this.#detector.accused]
    this.#effects.send(null, { suspect: { accused } })
    this.#suspectMs = Math.min(this.#suspectMs * 2, SUSPECT_MS_MAX)
    const isDone = accused.length === 0 && ++this.#acquittals >= ACQUITTALS
    this.#suspectAtMs = isDone ? Number.POSITIVE_INFINITY : nowMs + this.#suspectMs
  }

  #suspected(rank: number, accused: readonly number[], nowMs: number): void {
    this.#accusations.stated(rank, accused, nowMs)
    for (const each of accused) if (each < this.view.members.length) this.#detector.doubt(each, nowMs)
  }

  #wish(nowMs: number): void {
    const isVoter = this.view.members[this.rank].voter
    const wish = { leave: this.#isLeaving, ready: !isVoter }
    const coordinator = this.#coordinator(nowMs)
    if (coordinator === this.rank) this.#wished(this.rank, wish, nowMs)
    // Whoever stays unheard asks everybody: the coordinator may have left with a decision that did not arrive here.
    else if (coordinator !== undefined) this.#effects.send(this.#wishMs > WISH_MS_MIN ? null : coordinator, { wish })
    this.#wishAtMs = nowMs + this.#wishMs
    this.#wishMs = Math.min(this.#wishMs * 2, WISH_MS_MAX)
  }

  #wished(rank: number, { leave, ready }: tutti.Wish.$Properties, nowMs: number): void {
    if (leave) {
      this.#leaving.add(rank)
      this.#request(nowMs + COLLECT_MS)
    }
    if (ready && !this.view.members[rank].voter) {
      this.#ready.add(rank)
      this.#request(nowMs + PROMOTE_MS)
    }
  }

  #prepare(rank: number, { ballot, accused, heard }: tutti.Prepare.$Properties, nowMs: number): boolean {
    const size = this.view.members.length
    if (!this.#isBallot(ballot, rank) || accused?.some(each => each >= size)) return false
    const accusations = this.#accusations
    // One whose link to the accused is dead must not put it out alone (C12); who is asked looks for itself.
    const unshared = (accused ?? []).filter(each => !accusations.isShared(each, rank, nowMs))
    for (const each of unshared) this.#detector.doubt(each, nowMs)
    this.#agreement.prepare(ballot, heard ?? [], unshared.length === 0, nowMs)
    return true
  }

  #promise(rank: number, promise: tutti.Promise.$Properties): boolean {
    const { ballot, received, acceptedBallot, acceptedValue } = promise
    if (!this.#isBallot(ballot, this.rank) || received?.length !== this.view.members.length) return false
    let accepted: Vote<Value> | null = null
    if (acceptedValue != null) {
      const value = decodeValue(acceptedValue, this.view.members.length)
      if (value === undefined || !this.#isBallot(acceptedBallot)) return false
      accepted = { ballot: acceptedBallot, value }
    }
    this.#agreement.promise(rank, ballot, received.map(serial), accepted)
    return true
  }

  /** A number that can be a ballot, and `rank`'s. */
  #isBallot(ballot: number | null | undefined, rank?: number): ballot is number {
    if (!Number.isSafeInteger(ballot) || ballot! <= 0) return false
    const round = roundOf(ballot!)
    return (
      round <= ROUND_MAX &&
      round <= this.#agreement.round + ROUNDS_AHEAD_MAX &&
      (rank === undefined || rankOf(ballot!) === rank)
    )
  }
}

/** What is left above it is more than any member takes by itself. */
const ROUND_MAX = 2 ** 36
/** No member has missed so many: a frame that claims more is broken, and believing it would leave no ballot above it. */
const ROUNDS_AHEAD_MAX = 2 ** 20
