import type { Endpoint } from '../types.js'
import { fromHex, toHex } from '../wire/bytes.js'
import type { ControlBody } from '../wire/control-codec.js'
import type { tutti } from '../wire/generated/control.js'
import { type AgreedView, decodeValue, identityOf, type Peer, peerOf, type Value } from '../wire/view-codec.js'
import { Admission } from './admission.js'
import { Aftermath } from './aftermath.js'
import { Discovery } from './discovery.js'
import type { MembershipEffects, MembershipOptions } from './effects.js'
import { Hails } from './hails.js'
import { LINGER_MS } from './lingering.js'
import type { PastRank, PastViews } from './past-views.js'
import { ViewWatch } from './view-watch.js'

/** Turns that are so far apart in a group of several say that this process stood still. */
const ASLEEP_MS = 300
/** What was decided is fetched within so long, or not at all. */
const FILL_MS_MAX = 3_000

/** Who has accepted an invitation listens to no other lineage's for so long. */
const INVITED_MS = 1_000

/** A decision that this member is about to carry out. */
interface Closing {
  readonly value: Value
  readonly untilMs: number
}

/**
 * The life of one member: it looks for the group, founds it or is asked in, goes from view to view as they are agreed,
 * and leaves or is left out. docs/membership.md tells the steps.
 */
export class Membership {
  isLeaving = false
  readonly #options: MembershipOptions
  readonly #effects: MembershipEffects
  readonly #random: () => number
  readonly #past: PastViews
  readonly #admission: Admission
  readonly #hails: Hails
  readonly #aftermath: Aftermath
  #discovery: Discovery | null
  #watch: ViewWatch | null = null
  /** Decided, but not everything up to the cut is here. */
  #closing: Closing | null = null
  #isGone = false
  /** As joiner: the lineage whose next view may have this member in it, and when that was offered last. */
  #invitation: { readonly lineage: string; readonly atMs: number } | null = null
  /** As joiner that wants to go: until when to wait for a view with this member in it. */
  #giveUpAtMs = Number.POSITIVE_INFINITY
  /** The lineage that this member knows, or null. */
  #lineage: string | null
  #lastDueMs: number

  constructor(options: MembershipOptions, effects: MembershipEffects, random: () => number, nowMs: number) {
    this.#options = options
    this.#effects = effects
    this.#random = random
    this.#past = options.past
    this.#lineage = options.lineage
    this.#lastDueMs = nowMs
    this.#hails = new Hails(random)
    this.#aftermath = new Aftermath(options.past, (...frame) => effects.send(...frame))
    this.#admission = new Admission(
      {
        send: (to, viewTag, body) => effects.send(to, viewTag, 0, body),
        probe: (rank, nonce) => this.#probe(this.view!, rank, nonce),
      },
      this.#past,
      random,
    )
    this.#discovery = new Discovery(options.self.incarnation, options.lineage === null, this.#past, nowMs, random)
  }

  get view(): AgreedView | null {
    return this.#watch?.view ?? null
  }

  /** Those who seem to be alive are enough to go on with. Who is left without a view has nothing to go on with. */
  get hasQuorum(): boolean {
    return this.#watch?.hasQuorum ?? (this.#lineage === null || this.#aftermath.isLingering)
  }

  /** Names of those for whom a view change, or a quorum, waits, as far as this member knows. */
  waiting(nowMs: number): string[] {
    return this.#watch?.waiting(nowMs) ?? []
  }

  get #self(): Peer {
    return this.#options.self
  }

  get deadlineMs(): number {
    if (this.#isGone) return Number.POSITIVE_INFINITY
    return Math.min(
      this.#discovery?.deadlineMs ?? Number.POSITIVE_INFINITY,
      // What the watch wanted of the view that closes is past.
      this.#closing?.untilMs ?? this.#watch?.deadlineMs ?? Number.POSITIVE_INFINITY,
      this.#watch === null ? Number.POSITIVE_INFINITY : this.#hails.deadlineMs,
      this.#aftermath.deadlineMs,
      this.#giveUpAtMs,
    )
  }

  leave(nowMs: number): void {
    if (this.isLeaving) return
    this.isLeaving = true
    if (this.#watch !== null) this.#watch.leave(nowMs)
    // A view that is under way may have this member in it, who must then be there to leave in order.
    else if (this.#invitation !== null) this.#giveUpAtMs = nowMs + LINGER_MS
    else this.#part(this.#past.putOutOf(nowMs - LINGER_MS), nowMs)
  }

  /** Founds a new lineage from this member's state alone: the operator's way out where a quorum is lost for good. */
  reform(nowMs: number): void {
    this.#aftermath.stopAnnouncing()
    this.#closing = null
    if (this.#watch !== null) this.#effects.abandon()
    // Who was asked into the old lineage would not know this one.
    this.#admission.take(nowMs)
    this.#found(nowMs)
  }

  /** A frame of a view that is not ours arrived. */
  strangerHeard(viewTag: number, rank: number, nowMs: number): void {
    if (!this.#past.knows(viewTag)) this.#discovery?.groupHeard(nowMs)
    // Those whom the decision put out may be the only ones who know it (C4).
    else if (this.#watch?.isCoordinator(nowMs) ?? true) this.#aftermath.answer(viewTag, rank, this.#watch, nowMs)
  }

  /** Nobody listens at `to`. */
  refused({ address, port }: Endpoint, nowMs: number): void {
    const { members } = this.view ?? { members: [] }
    for (const [rank, { endpoint }] of members.entries()) {
      if (endpoint.address === address && endpoint.port === port) this.#watch!.refused(rank, nowMs)
    }
  }

  due(nowMs: number): void {
    if (this.#isGone) return
    this.#wake(nowMs)
    if (this.#discovery !== null) this.#seek(this.#discovery, nowMs)
    if (this.#closing !== null) this.#finish(this.#closing, nowMs)
    else this.#watch?.due(nowMs)
    const mayGo = this.#aftermath.due(this.#watch, nowMs)
    this.#hail(nowMs)
    if (mayGo || nowMs >= this.#giveUpAtMs) this.#goodbye()
    // Nobody is left to agree with, or to see out. What was taken in this very turn is sealed and delivered first.
    if (this.isLeaving && this.view?.members.length === 1 && !this.#aftermath.isAnnouncing) {
      this.#effects.close(this.#effects.wedge())
      this.#goodbye()
    }
  }

  /** Before anything is made of what has come: it may be old. */
  #wake(nowMs: number): void {
    const sleptMs = nowMs - this.#lastDueMs
    this.#lastDueMs = nowMs
    if (sleptMs >= ASLEEP_MS) this.#watch?.slept(nowMs)
  }

  /** A control frame of the current view. Returns false if it is not well formed. */
  viewFrame(rank: number, body: tutti.Control, nowMs: number): boolean {
    this.#wake(nowMs)
    if (body.alive) this.#admission.alive(body.alive, this.#watch!, nowMs)
    else if (body.decide) return this.#decided(body.decide, nowMs)
    else return this.#watch!.control(rank, body, nowMs)
    return true
  }

  /** A control frame of no view, or of one that is not ours. Returns false if it is not well formed. */
  strayFrame(viewTag: number, rank: number, body: tutti.Control, from: Endpoint, nowMs: number): boolean {
    this.#wake(nowMs)
    if (body.join) this.#join(body.join, from, nowMs)
    else if (body.refuse) this.#refused(body.refuse)
    else if (body.invite) this.#invited(body.invite, from, nowMs)
    else if (body.willing) {
      if (this.#admission.willing(body.willing, nowMs)) this.#watch?.joinerReady(nowMs)
    } else if (body.hail) this.#hailed(body.hail, from, nowMs)
    else if (body.decide) return this.#decidedElsewhere(body.decide, viewTag, nowMs)
    // Whoever proposes must learn what was chosen, from anyone who knows (C4).
    else if (body.prepare || body.accept) this.#aftermath.answer(viewTag, rank, this.#watch, nowMs)
    if (viewTag !== 0) this.strangerHeard(viewTag, rank, nowMs)
    return true
  }

  #seek(discovery: Discovery, nowMs: number): void {
    switch (discovery.due(nowMs)) {
      case 'join':
        this.#askToJoin(null)
        break
      case 'found':
        if (this.isLeaving) return this.#goodbye()
        this.#found(nowMs)
        break
      case 'wait':
    }
  }

  #found(nowMs: number): void {
    const { self, checkBodies, messageBytesMax, packetBytes } = this.#options
    const word = () => this.#random().toString(16).padStart(8, '0')
    const [lineage, tag, members] = [word() + word(), this.#random() || 1, [{ ...self, voter: true }]]
    this.#install({ lineage, id: 1, tag, members, primary: true, checkBodies, messageBytesMax, packetBytes }, 0, nowMs)
  }

  /** @param index  see MembershipEffects */
  #install(view: AgreedView, index: number | null, nowMs: number): void {
    const rank = view.members.findIndex(({ incarnation }) => incarnation === this.#self.incarnation)
    this.#discovery = null
    this.#giveUpAtMs = Number.POSITIVE_INFINITY
    this.#lineage = view.lineage
    this.#past.entered(view)
    const signs = this.#effects.install(view, index)
    const send = (to: number | null, body: ControlBody) =>
      this.#effects.send(to === null ? null : view.members[to].endpoint, view.tag, rank, body)
    const effects = {
      send,
      probe: (to: number) => this.#probe(view, to, to),
      wedge: () => this.#effects.wedge(),
      fill: (cut: readonly number[]) => this.#effects.fill(cut),
      isFilled: (cut: readonly number[]) => this.#effects.isFilled(cut),
      count: (what: 'fills' | 'ballotsOutbid' | 'valuesReproposed') => this.#effects.count(what),
      areJoinersAwaited: (nowMs: number) => this.#admission.isAwaited(nowMs),
      takeJoiners: (nowMs: number) => this.#admission.take(nowMs),
      decided: (value: Value, nowMs: number) => {
        this.#aftermath.announce({ tag: view.tag, rank }, value, nowMs)
        this.#close(value, nowMs)
      },
    }
    this.#watch = new ViewWatch(view, rank, signs, effects, this.#random, nowMs)
    this.#hails.installed(nowMs)
    if (this.isLeaving) this.#watch.leave(nowMs)
  }

  #probe(view: AgreedView, rank: number, nonce: number): void {
    const { address, port } = this.#self.endpoint
    this.#effects.probe(view.members[rank].endpoint, view.tag, { probe: { nonce, address, port } })
  }

  /** What follows the current view is known. */
  #close(value: Value, nowMs: number): void {
    this.#past.add(this.view!, this.#watch!.rank, value)
    this.#closing = { value, untilMs: nowMs + FILL_MS_MAX }
    this.#effects.wedge()
    this.#effects.fill(value.cut)
    this.#finish(this.#closing, nowMs)
  }

  /** Carries out what was decided, once everything up to the cut is here. */
  #finish({ value, untilMs }: Closing, nowMs: number): void {
    const isNext = value.next?.members.some(({ incarnation }) => incarnation === this.#self.incarnation) ?? false
    const isFilled = this.#effects.isFilled(value.cut)
    if (!isFilled && nowMs < untilMs && (isNext || value.next === null || this.isLeaving)) return
    const closed = { tag: this.view!.tag, rank: this.#watch!.rank }
    this.#closing = null
    const isClosed = isFilled && (isNext || value.next === null || this.isLeaving) && this.#effects.close(value.cut)
    if (isClosed) this.#past.delivered(closed.tag, this.#effects.index())
    if (isNext && isFilled) {
      if (value.merged.length > 0) this.#merged(value.next!.lineage, true)
      // Who is left alone sees the others out, whoever of them has brought that about: it may go itself next (C4).
      const isAlone = value.next!.members.length === 1
      if (isAlone && !this.#aftermath.isAnnouncing) this.#aftermath.announce(closed, value, nowMs)
      this.#install(value.next!, null, nowMs)
    } else if (value.next === null) this.#giveWay(value.into!, closed, nowMs)
    // Whom the others have put out meanwhile, behind what it has sent or delivered, does not leave in order.
    else if (this.isLeaving && !isNext && isClosed) {
      this.#watch = null
      this.#part(closed, nowMs)
    } else this.#leftOut(value.cut, closed, nowMs)
  }

  /** This member goes: at once, unless it may be the only one who knows what was decided about that view (C4). */
  #part(closed: PastRank | null, nowMs: number): void {
    if (closed === null) return this.#goodbye()
    this.#discovery = null
    this.#aftermath.linger(closed, nowMs)
  }

  /** This member's lineage has ended, or cannot go on: it looks for a place in another. @param closed  as was decided */
  #giveWay(into: string, closed: PastRank | null, nowMs: number): void {
    this.#watch = null
    this.#closing = null
    this.#effects.abandon()
    this.#merged(into, false)
    this.#invitation = null
    if (this.isLeaving) this.#part(closed, nowMs)
    else this.#discovery = new Discovery(this.#self.incarnation, false, null, nowMs, this.#random)
  }

  #merged(lineage: string, isOurs: boolean): void {
    this.#effects.count('merges')
    this.#effects.merged(lineage, isOurs)
  }

  #decided(decide: tutti.Decide.$Properties, nowMs: number): boolean {
    const value = decodeValue(decide.value, this.view!.members.length)
    if (value === undefined) return false
    if (this.#closing === null) this.#close(value, nowMs)
    return true
  }

  #decidedElsewhere(decide: tutti.Decide.$Properties, viewTag: number, nowMs: number): boolean {
    const value = decodeValue(decide.value, undefined)
    if (value === undefined) return false
    if (this.#aftermath.lingersFor(viewTag) && decide.settled) this.#goodbye()
    const { next } = value
    // Only where it was asked in since it last was in a view: it may still be listed where it has gone from.
    if (!this.#discovery || !next || next.lineage !== this.#invitation?.lineage || this.#past.isOver(next)) return true
    const isIn = next.members.some(({ incarnation }) => incarnation === this.#self.incarnation)
    // Who has not carried it out itself does not know where total order stands; somebody who does will say it.
    if (isIn && Number.isSafeInteger(decide.index)) this.#install(next, Math.max(0, decide.index!), nowMs)
    return true
  }

  #join(join: tutti.Join.$Properties, from: Endpoint, nowMs: number): void {
    const claimed = peerOf(join.member)
    // Who knows a lineage will not found: to wait for that would be to wait for ever.
    if (claimed && !join.lineage?.length) this.#discovery?.joinerHeard(claimed.incarnation, nowMs)
    if (this.#watch !== null) this.#admission.join(join, from, this.#watch, nowMs)
  }

  #refused(refuse: tutti.Refuse.$Properties): void {
    if (this.#discovery === null || toHex(refuse.incarnation ?? new Uint8Array()) !== this.#self.incarnation) return
    this.#goodbye(refuse.code ?? '', refuse.reason ?? '')
  }

  #invited({ nonce, lineage }: tutti.Invite.$Properties, from: Endpoint, nowMs: number): void {
    const into = toHex(lineage ?? new Uint8Array())
    if (this.#watch !== null) {
      const step = this.#hails.invited(into, this.#watch, nowMs)
      if (step === 'end' && !this.#admission.hasInvited(into, nowMs)) this.#watch.giveWay(into, nowMs)
      if (step !== 'go') return
      this.#giveWay(into, null, nowMs)
    }
    if (!this.#discovery?.mayAccept(nowMs) || this.isLeaving) return
    // Of two groups that ask it in, and do not hear each other, one would wait for a member that never comes.
    const isElsewhere = this.#invitation !== null && this.#invitation.lineage !== into
    if (isElsewhere && nowMs - this.#invitation!.atMs < INVITED_MS) return
    if (this.#invitation?.lineage !== into) this.#invitation = { lineage: into, atMs: nowMs }
    this.#discovery.invited(nowMs)
    this.#effects.send(from, 0, 0, { willing: { nonce } })
  }

  #hail(nowMs: number): void {
    const watch = this.#watch
    if (watch === null || !this.#hails.due(nowMs) || !watch.isCoordinator(nowMs)) return
    const { lineage, id: view } = watch.view
    const canDecide = watch.hasProvenQuorum && !watch.isGivingWay(nowMs)
    this.#effects.send(null, 0, 0, { hail: { lineage: fromHex(lineage), canDecide, view } })
  }

  #hailed(hail: tutti.Hail.$Properties, from: Endpoint, nowMs: number): void {
    this.#discovery?.groupHeard(nowMs)
    if (this.#watch === null) return
    const step = this.#hails.heard(hail, this.#watch, nowMs)
    if (step === 'passed by') this.#leftOut(null, null, nowMs)
    else if (step === 'ask') this.#askToJoin(from)
  }

  #askToJoin(to: Endpoint | null): void {
    const { checkBodies, packetBytes } = this.#options
    const lineage = this.#lineage === null ? undefined : fromHex(this.#lineage)
    this.#effects.send(to, 0, 0, { join: { member: identityOf(this.#self), checkBodies, packetBytes, lineage } })
  }

  /** The lineage goes on without this member. @param cut  null: nobody is left who could say what was decided */
  #leftOut(cut: readonly number[] | null, closed: PastRank | null, nowMs: number): void {
    this.#isGone = true
    this.#past.leftOut(this.#watch?.isDeaf(nowMs) ?? false, closed, nowMs)
    this.#effects.excluded(cut)
  }

  #goodbye(code?: string, reason?: string): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#discovery = null
    this.#effects.closed(code, reason)
  }
}
