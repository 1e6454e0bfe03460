import type { Delivery } from '../delivery.js'
import { type ErrorCode, TuttiError } from '../errors.js'
import { Membership } from '../membership/membership.js'
import { PastViews } from '../membership/past-views.js'
import { Slab } from '../slab.js'
import type { Endpoint } from '../types.js'
import { type ControlBody, ControlReader } from '../wire/control-codec.js'
import { NO_RANK, rankOf, viewTagOf } from '../wire/header.js'
import type { Train } from '../wire/train.js'
import type { AgreedView, Peer } from '../wire/view-codec.js'
import { Arrivals } from './arrivals.js'
import { BlockWatch, reasonOf } from './block-watch.js'
import type { EngineConfig, PastLife, PendingMessage } from './config.js'
import { ControlSender } from './control-sender.js'
import { type Counters, countDrop, newCounters } from './counters.js'
import { CURTAILED, Departure, LEAVE_MS_MAX } from './departure.js'
import { type Environment, environmentOf } from './environment.js'
import { Outbox, type Progress } from './outbox.js'
import { REFUSED, TAKEN } from './outgoing.js'
import { changeOf } from './published.js'
import { TellLinks } from './tell-links.js'
import { ViewState } from './view-state.js'

export type { EngineConfig } from './config.js'
export type { EngineEvent, Progress } from './outbox.js'
export { PENDING, REFUSED, SAFE_CLASS, TAKEN } from './outgoing.js'

/**
 * One member of one group, as a function of its inputs: datagrams, the application's messages, time and random bits
 * come in; datagrams, deliveries and events go out through `outbox`. It knows no socket, no timer and no disk. Here is
 * control flow only: what happens in which order, and who is told.
 */
export class Engine {
  readonly outbox = new Outbox()
  readonly counters: Counters
  readonly self: Peer
  readonly #config: EngineConfig
  readonly #membership: Membership
  readonly #controls = new ControlReader()
  readonly #arrivals: Arrivals
  readonly #blocks = new BlockWatch()
  readonly #past: PastViews
  #current: ViewState | null = null
  /** The view before, or the last one while this member is in none. */
  #before: ViewState | null = null
  /** The rest of a message that a closed view did not take to its end. */
  #pending: PendingMessage | null = null
  /** Somebody was refused while this member was in no view. */
  #isAwaited: boolean
  readonly #sender: ControlSender
  readonly #links: TellLinks
  readonly #environment: Environment
  readonly #departure = new Departure()
  #isClosed = false
  #nowMs: number

  /** @param before  the life before this one, of a member that was left out */
  constructor(config: EngineConfig, nowMs: number, before?: PastLife) {
    const { random, endpoint, name, receiveBufferBytes } = config
    const word = () => random().toString(16).padStart(8, '0')
    this.#config = config
    this.#nowMs = nowMs
    this.self = { name, incarnation: word() + word(), endpoint, receiveBufferBytes, voter: true }
    this.counters = before?.counters ?? newCounters()
    this.#past = before?.past ?? new PastViews()
    this.#pending = before?.pending ?? null
    this.#isAwaited = before?.isAwaited ?? false
    const { counters, outbox, self } = this
    const { checkBodies, messageBytesMax, packetBytes } = config
    this.#environment = environmentOf(config, counters, outbox)
    const { groupTag } = this.#environment
    this.#arrivals = new Arrivals({
      groupTag,
      packetBytes,
      counters,
      isOpen: () => !this.#isClosed,
      heard: (bytes, at, from) => this.#heard(bytes, at, from),
      data: train => this.#data(train),
      control: (bytes, at, from) => this.#controlFrame(bytes, at, from),
      tell: (slab, at, from) => this.#tell(slab, at, from),
    })
    this.#sender = new ControlSender(groupTag, packetBytes, outbox)
    const control = (to: Endpoint, tag: number, body: ControlBody) => this.#sender.send(to, tag, NO_RANK, body)
    this.#links = new TellLinks({ ...this.#environment, self, control })
    this.#membership = new Membership(
      { self, checkBodies, messageBytesMax, packetBytes, lineage: before?.lineage ?? null, past: this.#past },
      {
        send: (to, viewTag, rank, body) => this.#sender.send(to, viewTag, viewTag === 0 ? NO_RANK : rank, body),
        probe: (to, viewTag, body) => this.#sender.probe(to, viewTag, body),
        wedge: () => this.#current!.wedge(),
        fill: cut => this.#current!.fill(cut),
        isFilled: cut => this.#current!.isFilled(cut),
        close: cut => this.#current!.close(cut),
        install: (view, index) => this.#install(view, index),
        index: () => this.#current!.delivery.index,
        count: what => counters[what]++,
        merged: (lineage, won) => this.outbox.deliveries.push({ type: 'merged', lineage, won }),
        abandon: () => this.#abandon(),
        excluded: cut => this.#excluded(cut),
        closed: (code, reason) => this.#close(code as ErrorCode | undefined, reason),
      },
      random,
      nowMs,
    )
  }

  get deadlineMs(): number {
    if (this.#isClosed) return Number.POSITIVE_INFINITY
    return Math.min(
      this.#membership.deadlineMs,
      this.#current?.deadlineMs ?? Number.POSITIVE_INFINITY,
      this.#blocks.deadlineMs,
      this.#departure.deadlineMs(this.#membership.isLeaving),
      this.#links.deadlineMs,
    )
  }

  /** Bytes that a message may have in the view now. */
  get messageBytesMax(): number {
    return this.#current?.view.messageBytesMax ?? this.#config.messageBytesMax
  }

  /**
   * Takes a packet, or a train of packets, that came from there. Never throws for what is in it.
   * @param slab  where the datagram lies, if that memory is to be used again
   */
  receive(datagram: Uint8Array, from: Endpoint, nowMs: number, slab = new Slab(datagram, null)): void {
    this.#nowMs = nowMs
    this.counters.datagramsIn++
    if (!this.#isClosed) this.#arrivals.take(datagram, slab, from)
  }

  /**
   * Whether to end the turn before more datagrams are read. A full socket is read for as long as the window lets its
   * senders fill it: who reports only after that makes senders and receivers take turns.
   */
  get isTurnDue(): boolean {
    return this.#current?.isTurnDue ?? false
  }

  /**
   * Takes a message for the group (`to` null), or for the member with that incarnation. REFUSED: the window is closed,
   * a 'drain' event follows. PENDING: taken, a 'sealed' event follows. `data` is copied.
   * @param of  the message's class, an order and SAFE_CLASS; 0 for what is told to one
   */
  submit(data: Uint8Array, to: string | null, of: number): number {
    if (to === this.self.incarnation) return this.#links.tellSelf(data) ? TAKEN : REFUSED
    const out = to === null ? this.#current?.out : this.#links.to(to)?.out
    if (out === undefined) {
      if (to === null) this.#isAwaited = true
      return REFUSED
    }
    const wasHeld = out.isHeld
    const fate = out.submit(data, of)
    if (fate !== REFUSED) this.counters.messagesOut++
    if (out.isHeld && !wasHeld && !out.isWedged) this.counters.windowClosings++
    return fate
  }

  /** The application has taken these messages. */
  consume(delivery: Delivery): void {
    const { type, from, rank, first } = delivery
    delivery.release()
    if (type === 'told') this.#links.consume(delivery)
    // Ids of views are numbers within one lineage; the object is of one view alone.
    else if (from === this.#current?.published.members[rank]) this.#current.consume(rank, first)
  }

  /** Nobody listens at `endpoint`, where a member was. */
  refused(endpoint: Endpoint, nowMs: number): void {
    if (!this.#isClosed) this.#membership.refused(endpoint, nowMs)
  }

  /** Goes on alone, as a new lineage; who was left out in this very turn does not. */
  reform(nowMs: number): void {
    if (this.#isClosed) return
    this.#nowMs = nowMs
    this.#membership.reform(nowMs)
  }

  /** This member can go on only alone, as a new lineage: it hears no quorum, or is in no view. */
  get isStranded(): boolean {
    return this.#current === null || !this.#membership.hasQuorum
  }

  get view(): AgreedView {
    return this.#current!.view
  }

  /** Of what was sent to the group (`to` null), or told to a member. Undefined where nothing was, or to this one. */
  progress(to: string | null): Progress | undefined {
    return to === null ? this.#current?.progress : this.#links.progress(to)
  }

  /** @param doSendsWait  whether some of what was refused waits to be sent, or all of it may be forgotten */
  leave(nowMs: number, doSendsWait = () => true): void {
    this.#departure.begin(nowMs, doSendsWait)
  }

  /** Datagrams were lost in this host, for want of room in the receive buffer. */
  overflowed(datagrams: number): void {
    this.counters.dropped.overflow = (this.counters.dropped.overflow ?? 0) + datagrams
  }

  /** `datagrams` left, of together `packets` packets. */
  sent(datagrams: number, packets: number): void {
    this.counters.datagramsOut += datagrams
    this.counters.packetsOut += packets
  }

  endTurn(nowMs: number): void {
    if (this.#isClosed) return
    this.#nowMs = nowMs
    this.#tryLeave(nowMs)
    if (!this.#isClosed) this.#membership.due(nowMs)
    if (this.#isClosed) return
    const current = this.#current
    if (current !== null) {
      current.out.isPaused = !this.#membership.hasQuorum
      current.endTurn(nowMs)
    }
    for (const link of this.#links.all) {
      link.endTurn(nowMs)
      link.out.tellOpening()
    }
    this.#current?.out.tellOpening()
    this.#watchBlocks(nowMs)
  }

  #heard(bytes: Uint8Array, at: number, from: Endpoint): void {
    const current = this.#current
    if (current !== null && viewTagOf(bytes, at) === current.view.tag) current.heard(bytes, at, from, this.#nowMs)
  }

  #data(train: Train): void {
    const current = this.#current
    if (current !== null && (current.view.tag | 0) === train.tag) return current.data(train, this.#nowMs)
    countDrop(this.counters, 'view', train.count)
    // Data of a closed view may still be on its way: who does not know that it is closed says so otherwise too.
    this.#membership.strangerHeard(train.tag >>> 0, NO_RANK, this.#nowMs)
  }

  #tell(slab: Slab, at: number, from: Endpoint): void {
    const link = this.#links.of(viewTagOf(slab.bytes, at), from)
    if (link === undefined) countDrop(this.counters, 'view')
    else link.data(slab, at, this.#nowMs)
  }

  #controlFrame(bytes: Uint8Array, at: number, from: Endpoint): void {
    const body = this.#controls.read(bytes, at, from)
    if (body === null) return countDrop(this.counters, 'malformed')
    if (body === undefined) return
    const tag = viewTagOf(bytes, at)
    const rank = rankOf(bytes, at)
    const nowMs = this.#nowMs
    const current = this.#current
    const isOurs = current !== null && current.view.tag === tag
    const link = isOurs ? undefined : this.#links.of(tag, from)
    if (link !== undefined) return link.control(tag, body, nowMs)
    if (body.probe) {
      const isSound = this.#sender.answer(body.probe, tag, this.self.incarnation, current?.view.tag)
      return isSound ? undefined : countDrop(this.counters, 'malformed')
    }
    if (isOurs && !body.alive && (rank >= current.view.members.length || rank === current.rank)) {
      return countDrop(this.counters, 'rank')
    }
    if (isOurs && current.control(rank, body, nowMs)) return
    const membership = this.#membership
    // Who has left a view keeps its packets for a while, but has no part in what follows it.
    const isSound =
      isOurs && membership.view !== null
        ? membership.viewFrame(rank, body, nowMs)
        : membership.strayFrame(tag, rank, body, from, nowMs)
    if (!isSound) countDrop(this.counters, 'malformed')
    else if (body.body === undefined) countDrop(this.counters, 'unknown')
    else if (!isOurs && tag !== 0) countDrop(this.counters, 'view')
  }

  /** @param index  of the last message of total order before it; null: this member has gone through the view before */
  #install(view: AgreedView, index: number | null): ViewState {
    const before = this.#current
    const { counters, outbox } = this
    const control = (to: Endpoint | null, { view: { tag }, rank }: ViewState, body: ControlBody) =>
      this.#sender.send(to, tag, rank, body)
    const environment = { ...this.#environment, control }
    const state = new ViewState(view, this.self.incarnation, index ?? before!.delivery.index, environment, this.#nowMs)
    this.#current = state
    counters.views++
    const last = before ?? this.#before
    const change = changeOf(last, state.published)
    outbox.deliveries.push({ type: 'view', view: state.published, change })
    outbox.hasView = true
    outbox.events.push({ type: 'reach', endpoints: view.members.map(member => member.endpoint) })
    this.#links.install(view, state.published)

    // What the closed view took and could not finish, its receivers have dropped; it goes out whole in this one.
    const pending = before?.out.pending ?? this.#pending
    this.#pending = null
    if (pending !== null && pending.data.length > view.messageBytesMax) {
      outbox.events.push({ type: 'unfit', bytes: pending.data.length })
    } else if (pending !== null && state.out.submit(pending.data, pending.class) === TAKEN) {
      outbox.events.push({ type: 'sealed', progress: state.progress, to: null })
    }
    state.out.flow.isAwaited ||= this.#isAwaited || (last?.out.flow.isAwaited ?? false)
    this.#isAwaited = false
    this.#before = null
    return state
  }

  /** This member is in no view any more, but looks for one. */
  #abandon(): void {
    const { view, out, isOver } = this.#current!
    this.#links.close()
    const stable = isOver ? out.window.last : this.#current!.settled
    this.outbox.events.push({ type: 'abandoned', lineage: view.lineage, stable })
    this.#before = this.#current
    this.#pending = out.pending
    this.#current = null
  }

  #excluded(cut: readonly number[] | null): void {
    const { view, rank, out } = this.#current!
    this.#links.close()
    this.#pending = out.pending
    this.#isClosed = true
    this.counters.exclusions++
    const { lineage } = view
    const untold = cut === null ? [{ type: 'abandoned', lineage, stable: this.#current!.settled } as const] : []
    const upTo = cut?.[rank] ?? out.window.last
    const isCausalKnown = cut === null || this.#current!.isWithin(cut)
    this.outbox.events.push(...this.#blocks.end(), ...untold, { type: 'excluded', lineage, upTo, isCausalKnown })
  }

  /** What this life, which is over, leaves to the next. */
  get pastLife(): PastLife {
    const { view, out } = this.#current!
    const { counters } = this
    const isAwaited = out.flow.isAwaited
    return { lineage: view.lineage, past: this.#past, counters, pending: this.#pending, isAwaited }
  }

  #tryLeave(nowMs: number): void {
    const membership = this.#membership
    const step = this.#departure.due(membership.isLeaving, () => this.#isHeld, nowMs)
    if (step === 'ask') membership.leave(nowMs)
    else if (step === 'give up') {
      const reason = `left without the others' consent, who did not answer in ${LEAVE_MS_MAX} ms`
      this.#close('ERR_TUTTI_LEAVE_TIMEOUT', reason)
    }
  }

  /** Something that was taken is not sealed, or not told. */
  get #isHeld(): boolean {
    // Whoever is about to hear that a message is sealed may have the next one ready.
    const out = this.#current?.out
    const isHeld = out?.isHeld && (out.pending !== null || this.#departure.doSendsWait())
    return isHeld || this.outbox.events.length > 0 || this.#links.isHeld
  }

  #watchBlocks(nowMs: number): void {
    const out = this.#current?.out
    const membership = this.#membership
    const held = reasonOf(membership.hasQuorum, out)
    const event = this.#blocks.look(held, out?.consumed.min ?? 0, nowMs, () =>
      held === 'window' ? this.#current!.waiting : membership.waiting(nowMs),
    )
    if (event === null) return
    if (event.type === 'blocked') this.counters.blocks++
    this.outbox.events.push(event)
  }

  #close(code?: ErrorCode, reason?: string): void {
    this.#isClosed = true
    let error = code === undefined ? undefined : new TuttiError(code, reason ?? '')
    if (error !== undefined && this.#current !== null) this.#abandon()
    else if (!error && this.#departure.isCurtailed) error = new TuttiError('ERR_TUTTI_LEAVE_TIMEOUT', CURTAILED)
    this.#links.close()
    this.outbox.events.push({ type: 'closed', error })
  }
}
