import type { Endpoint } from '../types.js'
import { fromHex, toHex } from '../wire/bytes.js'
import type { ControlBody } from '../wire/control-codec.js'
import type { tutti } from '../wire/generated/control.js'
import { type AgreedView, decodeView, encodeView, identityOf, type Peer, peerOf } from '../wire/view-codec.js'
import { Discovery } from './discovery.js'
import { Invitations } from './invitations.js'
import { ViewChange } from './view-change.js'

/** The coordinator waits so long for others who want the same, so that members who start together join in one view. */
const COLLECT_MS = 5
const RETRY_MS_MIN = 30
const RETRY_MS_MAX = 400
/** A leaver whose last answer stays without an echo gives up after this. */
const LINGER_MS = 2_000
/** The coordinator that leaves says this often that all is done before it goes. */
const FAREWELLS = 3

/** What membership asks of the engine. */
export interface MembershipEffects {
  send(to: Endpoint | null, viewTag: number, body: ControlBody): void
  /** Stops sealing in the current view; returns the last number sealed. Idempotent. */
  wedge(): number
  /** Fills the current view up to `cut`, delivers it, then calls `filled`. */
  close(cut: readonly number[]): void
  install(view: AgreedView): void
  /** Nobody needs the view before the current one any more. */
  settled(): void
  /** This member is out: in order, or because of an error. */
  closed(code?: string, reason?: string): void
}

export interface MembershipOptions {
  readonly self: Peer
  readonly checkBodies: boolean
  readonly messageBytesMax: number
  readonly packetBytes: number
}

/**
 * Who is in the group, while nobody crashes: a founder, the coordinator (rank 0), admits who joins and lets go who
 * leaves, one view change at a time. docs/membership.md tells the steps.
 */
export class Membership {
  view: AgreedView | null = null
  isLeaving = false
  readonly #options: MembershipOptions
  readonly #effects: MembershipEffects
  readonly #random: () => number
  #discovery: Discovery | null
  #change: ViewChange | null = null
  /** What this member is closing its view for, and who decided it. */
  #decided: { readonly next: AgreedView; readonly from: Endpoint | null } | null = null
  /** Tag of the view whose installation the coordinator has not confirmed yet. */
  #unsettled: { readonly tag: number; readonly from: Endpoint; readonly sinceMs: number } | null = null
  #isGone = false
  #farewells = 0
  #retryAtMs = Number.POSITIVE_INFINITY
  #retryMs = RETRY_MS_MIN
  #collectUntilMs = Number.POSITIVE_INFINITY
  readonly #invitations = new Invitations()
  readonly #leaves = new Set<string>()
  /** As joiner: the next view may have this member in it. */
  #isInvited = false

  constructor(options: MembershipOptions, effects: MembershipEffects, random: () => number, nowMs: number) {
    this.#options = options
    this.#effects = effects
    this.#random = random
    this.#discovery = new Discovery(options.self.incarnation, nowMs, random)
  }

  get isCoordinator(): boolean {
    return this.view?.members[0].incarnation === this.#self.incarnation
  }

  /** The change that this member drives, while it is under way. */
  get #open(): ViewChange | null {
    return this.#change === null || this.#change.isDone ? null : this.#change
  }

  /** Names of those for whom a view change waits, as far as this member knows. */
  get waiting(): string[] {
    return this.#open?.waiting ?? []
  }

  get #self(): Peer {
    return this.#options.self
  }

  get deadlineMs(): number {
    if (this.#isGone) return Number.POSITIVE_INFINITY
    return Math.min(
      this.#discovery?.deadlineMs ?? Number.POSITIVE_INFINITY,
      this.#open?.deadlineMs ?? Number.POSITIVE_INFINITY,
      this.#mayChange ? this.#collectUntilMs : Number.POSITIVE_INFINITY,
      this.#retryAtMs,
    )
  }

  leave(nowMs: number): void {
    if (this.isLeaving) return
    this.isLeaving = true
    if (this.view !== null) this.#askToLeave(nowMs)
    // A view that is under way may have this member in it, who must then be there to leave in order.
    else if (this.#isInvited) this.#retryAtMs = nowMs + LINGER_MS
    else this.#goodbye()
  }

  /** A frame of an established view arrived. */
  groupHeard(nowMs: number): void {
    this.#discovery?.groupHeard(nowMs)
  }

  due(nowMs: number): void {
    if (this.#isGone) return
    if (this.#discovery !== null) this.#seek(this.#discovery, nowMs)
    if (this.#mayChange && nowMs >= this.#collectUntilMs) this.#begin(nowMs)
    const change = this.#open
    if (change?.outlasts(nowMs)) this.#settle(change, nowMs)
    else if (change?.due(nowMs)) this.#step(change, nowMs)
    if (nowMs >= this.#retryAtMs) this.#repeat(nowMs)
  }

  join(join: tutti.Join.$Properties, from: Endpoint, nowMs: number): void {
    const claimed = peerOf(join.member)
    if (claimed === undefined) return
    this.#discovery?.joinerHeard(claimed.incarnation, nowMs)
    if (!this.isCoordinator) return
    const { members, packetBytes } = this.view!
    if (members.some(member => member.incarnation === claimed.incarnation)) return
    if (members.some(member => member.name === claimed.name)) {
      return this.#refuse(claimed, from, 'ERR_TUTTI_NAME', `the group has a live member named ${claimed.name}`)
    }
    if (join.packetBytes !== packetBytes) {
      const reason = `the group uses packets of ${packetBytes} bytes; join with packetBytes: ${packetBytes}`
      return this.#refuse(claimed, from, 'ERR_TUTTI_OPTION', reason)
    }
    const round = this.#random()
    // Its own word for its address may be wrong behind a translator; where the frame came from is where it is reached.
    const peer = { ...claimed, endpoint: { address: from.address, port: from.port }, voter: true }
    this.#invitations.invite(round, { peer, checkBodies: join.checkBodies ?? false }, nowMs)
    this.#effects.send(from, this.view!.tag, { prepare: { round } })
  }

  refuse(refuse: tutti.Refuse.$Properties): void {
    if (this.view !== null || toHex(refuse.incarnation ?? new Uint8Array()) !== this.#self.incarnation) return
    this.#goodbye(refuse.code ?? '', refuse.reason ?? '')
  }

  leaveRequested(leave: tutti.Leave.$Properties, nowMs: number): void {
    const incarnation = toHex(leave.incarnation ?? new Uint8Array())
    if (!this.isCoordinator || !this.view!.members.some(member => member.incarnation === incarnation)) return
    this.#requestLeave(incarnation, nowMs)
  }

  prepare(prepare: tutti.Prepare.$Properties, viewTag: number, from: Endpoint): void {
    if (this.#discovery !== null && !this.isLeaving) {
      this.#isInvited = true
      this.#effects.send(from, viewTag, { promise: { round: prepare.round } })
    }
    if (this.view?.tag !== viewTag || this.#decided !== null) return
    this.#effects.send(from, viewTag, { promise: { round: prepare.round, last: this.#effects.wedge() } })
  }

  promise(promise: tutti.Promise.$Properties, viewTag: number, rank: number, nowMs: number): void {
    if (this.#invitations.accept(promise.round ?? 0, nowMs)) this.#request(nowMs)
    const change = this.#change
    if (change === null || change.closing.tag !== viewTag || change.round !== promise.round) return
    if (rank >= change.closing.members.length) return
    if (change.promised(rank, promise.last ?? 0, nowMs)) this.due(nowMs)
  }

  /** Returns false if the decision is not well formed. */
  decide(decide: tutti.Decide.$Properties, viewTag: number, from: Endpoint, nowMs: number): boolean {
    const next = decodeView(decide.next)
    if (next === undefined) return false
    if (this.view?.tag === next.tag || this.#unsettled?.tag === next.tag) {
      this.#acknowledge(next.tag, from)
    } else if (this.view === null) {
      if (this.#discovery === null || !next.members.some(member => member.incarnation === this.#self.incarnation))
        return true
      this.#discovery = null
      this.#install(next, from, nowMs)
    } else if (this.view.tag === viewTag && this.#decided === null) {
      if (decide.cut?.length !== this.view.members.length) return false
      this.#decided = { next, from }
      this.#effects.wedge()
      this.#effects.close(decide.cut)
    }
    return true
  }

  /** The current view is delivered up to its cut. */
  filled(nowMs: number): void {
    const { next, from } = this.#decided!
    this.#decided = null
    this.#install(next, from, nowMs)
  }

  installed(installed: tutti.Installed.$Properties, from: Endpoint, nowMs: number): void {
    const change = this.#change
    if (change === null) return
    const { tag, incarnation } = installed
    const isOld = change.next.tag !== tag
    if (!isOld && change.installed(toHex(incarnation ?? new Uint8Array()))) return this.#settle(change, nowMs)
    // It did not hear that all is done: of this change, or of one before, as one begins when the last one is done.
    if (isOld || change.isDone) this.#effects.send(from, change.closing.tag, { settled: { tag } })
  }

  settled(settled: tutti.Settled.$Properties, nowMs: number): void {
    if (this.#unsettled === null || this.#unsettled.tag !== settled.tag) return
    this.#unsettled = null
    this.#retryAtMs = Number.POSITIVE_INFINITY
    this.#effects.settled()
    if (this.view === null) return this.#goodbye()
    if (this.isLeaving) this.#askToLeave(nowMs)
  }

  get #mayChange(): boolean {
    return this.isCoordinator && this.#open === null && this.#unsettled === null && this.#decided === null
  }

  #seek(discovery: Discovery, nowMs: number): void {
    const { checkBodies, packetBytes } = this.#options
    switch (discovery.due(nowMs)) {
      case 'join':
        this.#effects.send(null, 0, { join: { member: identityOf(this.#self), checkBodies, packetBytes } })
        break
      case 'found':
        if (this.isLeaving) return this.#goodbye()
        this.#discovery = null
        this.view = this.#firstView()
        this.#effects.install(this.view)
        break
      case 'wait':
    }
  }

  #firstView(): AgreedView {
    const { self, checkBodies, messageBytesMax, packetBytes } = this.#options
    const word = () => this.#random().toString(16).padStart(8, '0')
    const lineage = word() + word()
    const members = [{ ...self, voter: true }]
    return { lineage, id: 1, tag: this.#newTag(), members, primary: true, checkBodies, messageBytesMax, packetBytes }
  }

  /** Never 0, which is no view. */
  #newTag(): number {
    return this.#random() || 1
  }

  #request(nowMs: number): void {
    if (this.#collectUntilMs === Number.POSITIVE_INFINITY) this.#collectUntilMs = nowMs + COLLECT_MS
  }

  #requestLeave(incarnation: string, nowMs: number): void {
    this.#leaves.add(incarnation)
    this.#request(nowMs)
  }

  /** As coordinator: starts the change to a view without those who leave and with those who join. */
  #begin(nowMs: number): void {
    this.#collectUntilMs = Number.POSITIVE_INFINITY
    const view = this.view!
    const staying = view.members.filter(member => !this.#leaves.has(member.incarnation))
    const names = new Set(staying.map(member => member.name))
    // Of two joiners with one name the first is taken; the other asks again, and is refused then.
    const joining = this.#invitations.take(nowMs).filter(({ peer }) => !names.has(peer.name) && names.add(peer.name))
    this.#leaves.clear()
    // Those who asked more than once have got what they wanted.
    if (joining.length === 0 && staying.length === view.members.length) return
    const members = [...staying, ...joining.map(({ peer }) => peer)]
    if (members.length === 0) {
      if (view.members.length === 1) return this.#depart(nowMs)
      // All leave. The last to go must see the others out; its own leaving is asked for again when they are.
      members.push(view.members[0])
    }
    const checkBodies = view.checkBodies || joining.some(joiner => joiner.checkBodies)
    const next = { ...view, id: view.id + 1, tag: this.#newTag(), members, checkBodies }
    this.#change = new ViewChange(this.#random(), view, next, nowMs)
  }

  /** Sends the step that the change is at, and takes it here too. */
  #step(change: ViewChange, nowMs: number): void {
    const { closing, next, round } = change
    if (!change.isPrepared) {
      this.#effects.send(null, closing.tag, { prepare: { round } })
      const rank = closing.members.findIndex(member => member.incarnation === this.#self.incarnation)
      if (change.promised(rank, this.#effects.wedge(), nowMs)) this.due(nowMs)
      return
    }
    this.#effects.send(null, closing.tag, { decide: { round, next: encodeView(next), cut: change.cut } })
    if (this.view === closing && this.#decided === null) {
      this.#decided = { next, from: null }
      this.#effects.close(change.cut)
    }
  }

  #install(next: AgreedView, from: Endpoint | null, nowMs: number): void {
    const isMember = next.members.some(member => member.incarnation === this.#self.incarnation)
    this.view = isMember ? next : null
    if (isMember) this.#effects.install(next)
    if (from === null) {
      // This member decided it.
      if (this.#change!.installed(this.#self.incarnation)) this.#settle(this.#change!, nowMs)
      return
    }
    this.#unsettled = { tag: next.tag, from, sinceMs: nowMs }
    this.#acknowledge(next.tag, from)
    this.#retry(nowMs)
    this.#retryAtMs = nowMs + RETRY_MS_MIN
  }

  #acknowledge(tag: number, from: Endpoint): void {
    this.#effects.send(from, 0, { installed: { tag, incarnation: fromHex(this.#self.incarnation) } })
  }

  /** As coordinator: all have installed. */
  #settle(change: ViewChange, nowMs: number): void {
    this.#effects.send(null, change.closing.tag, { settled: { tag: change.next.tag } })
    this.#effects.settled()
    if (this.view === null) this.#depart(nowMs)
    else if (this.isLeaving) this.#askToLeave(nowMs)
  }

  /** The change that is settled may have made this member the coordinator. */
  #askToLeave(nowMs: number): void {
    if (this.isCoordinator) this.#requestLeave(this.#self.incarnation, nowMs)
    else this.#retry(nowMs)
  }

  #refuse(peer: Peer, to: Endpoint, code: string, reason: string): void {
    this.#effects.send(to, 0, { refuse: { incarnation: fromHex(peer.incarnation), code, reason } })
  }

  #retry(nowMs: number): void {
    this.#retryMs = RETRY_MS_MIN
    this.#retryAtMs = nowMs
  }

  #repeat(nowMs: number): void {
    this.#retryAtMs = nowMs + this.#retryMs
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX)
    const unsettled = this.#unsettled
    if (unsettled !== null) {
      // Who decided may itself have left, and its last word may be lost.
      const isPatient = nowMs < unsettled.sinceMs + LINGER_MS || this.#isInView(unsettled.from)
      if (isPatient) this.#acknowledge(unsettled.tag, unsettled.from)
      else this.settled({ tag: unsettled.tag }, nowMs)
    } else if (this.#discovery !== null) {
      this.#goodbye()
    } else if (this.view === null) {
      // The coordinator has left, and the others know, or will by one of these.
      if (this.#farewells++ >= FAREWELLS) return this.#goodbye()
      this.#effects.send(null, this.#change!.closing.tag, { settled: { tag: this.#change!.next.tag } })
    } else if (this.isLeaving && !this.isCoordinator) {
      const leave = { incarnation: fromHex(this.#self.incarnation) }
      this.#effects.send(this.view.members[0].endpoint, this.view.tag, { leave })
    } else {
      this.#retryAtMs = Number.POSITIVE_INFINITY
    }
  }

  /** As coordinator: out, with nothing left to do but to tell those who did not hear that the last change is done. */
  #depart(nowMs: number): void {
    this.view = null
    if (this.#change === null) this.#goodbye()
    else this.#retry(nowMs)
  }

  #isInView({ address, port }: Endpoint): boolean {
    return this.view?.members.some(({ endpoint }) => endpoint.address === address && endpoint.port === port) ?? false
  }

  #goodbye(code?: string, reason?: string): void {
    this.#isGone = true
    this.#discovery = null
    this.#effects.closed(code, reason)
  }
}
