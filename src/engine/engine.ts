import { type ErrorCode, TuttiError } from '../errors.js'
import { Membership } from '../membership/membership.js'
import type { Endpoint, Message } from '../types.js'
import { hash32 } from '../wire/checksum.js'
import { type Control, type ControlBody, ControlReader, encodeControl } from '../wire/control-codec.js'
import {
  CONTROL,
  CORRUPT,
  DATA,
  DROP_CAUSES,
  judge,
  kindOf,
  lengthOf,
  NO_RANK,
  OK,
  rankOf,
  viewTagOf,
} from '../wire/header.js'
import type { AgreedView, Peer } from '../wire/view-codec.js'
import { BlockWatch } from './block-watch.js'
import { countDrop, newCounters } from './counters.js'
import { Outbox } from './outbox.js'
import { type Outgoing, REFUSED, TAKEN } from './outgoing.js'
import { TellLinks } from './tell-links.js'
import { ViewState } from './view-state.js'

export type { EngineEvent } from './outbox.js'
export { PENDING, REFUSED, TAKEN } from './outgoing.js'

const LEAVE_MS_MAX = 5_000
/** A leaver waits so long for what a closed window holds back. */
const DRAIN_MS_MAX = 2_500
/** A timer this late means that the process itself stood still. */
const ASLEEP_MS = 500

export interface EngineConfig {
  readonly group: string
  readonly name: string
  readonly endpoint: Endpoint
  readonly packetBytes: number
  readonly receiveBufferBytes: number
  readonly checkBodies: boolean
  readonly messageBytesMax: number
  readonly windowBytesMax: number
  /** 32 random bits, as an unsigned integer. */
  readonly random: () => number
}

/**
 * One member of one group, as a function of its inputs: datagrams, the application's messages, time and random bits
 * come in; datagrams, deliveries and events go out through `outbox`. It knows no socket, no timer and no disk. Here is
 * control flow only: what happens in which order, and who is told.
 */
export class Engine {
  readonly outbox = new Outbox()
  readonly counters = newCounters()
  readonly self: Peer
  readonly #config: EngineConfig
  readonly #groupTag: number
  readonly #membership: Membership
  readonly #controls = new ControlReader()
  readonly #blocks = new BlockWatch()
  #current: ViewState | null = null
  /** The view before, for those who have not come to its end. */
  #closing: ViewState | null = null
  readonly #links: TellLinks
  #leaveAtMs = Number.POSITIVE_INFINITY
  /** It leaves with messages that a closed window holds back. */
  #isCurtailed = false
  #isClosed = false
  #nowMs: number

  constructor(config: EngineConfig, nowMs: number) {
    const { random, endpoint, name, group, receiveBufferBytes } = config
    const word = () => random().toString(16).padStart(8, '0')
    this.#config = config
    this.#nowMs = nowMs
    this.#groupTag = hash32(new TextEncoder().encode(group))
    this.self = { name, incarnation: word() + word(), endpoint, receiveBufferBytes, voter: true }
    const { counters, outbox, self } = this
    const control = (to: Endpoint, tag: number, body: ControlBody) => this.#control(to, tag, NO_RANK, body)
    this.#links = new TellLinks({ groupTag: this.#groupTag, self, counters, outbox, random, control })
    const { checkBodies, messageBytesMax, packetBytes } = config
    this.#membership = new Membership(
      { self: this.self, checkBodies, messageBytesMax, packetBytes },
      {
        send: (to, viewTag, body) => this.#control(to, viewTag, this.#current?.rank ?? NO_RANK, body),
        wedge: () => this.#current!.wedge(),
        close: cut => this.#current!.close(cut),
        install: view => this.#install(view),
        settled: () => {
          this.#closing = null
        },
        closed: (code, reason) => this.#close(code as ErrorCode | undefined, reason),
      },
      random,
      nowMs,
    )
  }

  get deadlineMs(): number {
    if (this.#isClosed) return Number.POSITIVE_INFINITY
    let deadlineMs = Math.min(
      this.#membership.deadlineMs,
      this.#current?.deadlineMs ?? Number.POSITIVE_INFINITY,
      this.#closing?.deadlineMs ?? Number.POSITIVE_INFINITY,
      this.#blocks.deadlineMs,
      this.#leaveAtMs + (this.#membership.isLeaving ? LEAVE_MS_MAX : DRAIN_MS_MAX),
    )
    for (const link of this.#links.all) deadlineMs = Math.min(deadlineMs, link.deadlineMs)
    return deadlineMs
  }

  /** Bytes that a message may have in the view now. */
  get messageBytesMax(): number {
    return this.#current?.view.messageBytesMax ?? this.#config.messageBytesMax
  }

  /** Takes what a datagram, or a train of packets, brought. Never throws for what is in it. */
  receive(bytes: Uint8Array, from: Endpoint, nowMs: number): void {
    if (this.#isClosed) return
    this.#nowMs = nowMs
    this.counters.datagramsIn++
    const { packetBytes } = this.#config
    const end = bytes.length
    for (let at = 0; at < end; ) {
      const verdict = judge(bytes, at, end, this.#groupTag)
      if (verdict !== OK) {
        countDrop(this.counters, DROP_CAUSES[verdict])
        // In a train the next packet begins where the kernel cut, whatever a broken one says of its length.
        if (verdict !== CORRUPT) return
        at += packetBytes
        continue
      }
      this.counters.packetsIn++
      if (kindOf(bytes, at) === DATA) this.#data(bytes, at)
      else if (kindOf(bytes, at) === CONTROL) this.#controlFrame(bytes, at, from)
      else this.#tell(bytes, at)
      at += lengthOf(bytes, at)
    }
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
   */
  submit(data: Uint8Array, to: string | null): number {
    if (to === this.self.incarnation) return this.#links.tellSelf(data) ? TAKEN : REFUSED
    const out = to === null ? this.#current?.out : this.#links.to(to)?.out
    if (out === undefined) return REFUSED
    const wasHeld = out.isHeld
    const fate = out.submit(data)
    if (fate !== REFUSED) this.counters.messagesOut++
    if (out.isHeld && !wasHeld && !out.isWedged) this.counters.windowClosings++
    return fate
  }

  /** The application has taken a message. */
  consume(message: Message): void {
    const { type, view, rank, seq } = message
    if (type === 'told') this.#links.consume(message)
    else if (view === this.#current?.view.id) this.#current.consume(rank, seq)
  }

  leave(nowMs: number): void {
    if (this.#leaveAtMs === Number.POSITIVE_INFINITY) this.#leaveAtMs = nowMs
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
    this.#membership.due(nowMs)
    const current = this.#current
    if (current !== null && !current.isOver && current.isFilled) {
      current.deliverToCut()
      this.#membership.filled(nowMs)
    }
    this.#current?.endTurn(nowMs)
    this.#closing?.endTurn(nowMs)
    for (const link of this.#links.all) {
      link.endTurn(nowMs)
      this.#tellOpening(link.out)
    }
    if (this.#current !== null) this.#tellOpening(this.#current.out)
    this.#watchBlocks(nowMs)
  }

  #data(bytes: Uint8Array, at: number): void {
    const view = this.#viewOf(viewTagOf(bytes, at))
    if (view !== null) return view.data(bytes, at, this.#nowMs)
    countDrop(this.counters, 'view')
    this.#membership.groupHeard(this.#nowMs)
  }

  #tell(bytes: Uint8Array, at: number): void {
    const link = this.#links.of(viewTagOf(bytes, at))
    if (link === undefined) countDrop(this.counters, 'view')
    else link.data(bytes, at, this.#nowMs)
  }

  #controlFrame(bytes: Uint8Array, at: number, from: Endpoint): void {
    const body = this.#controls.read(bytes, at, from)
    if (body === null) return countDrop(this.counters, 'malformed')
    if (body === undefined) return
    const tag = viewTagOf(bytes, at)
    const rank = rankOf(bytes, at)
    const nowMs = this.#nowMs
    const membership = this.#membership
    const link = this.#links.of(tag)
    if (link !== undefined) return link.control(tag, body, nowMs)
    if (body.join) membership.join(body.join, from, nowMs)
    else if (body.refuse) membership.refuse(body.refuse)
    else if (body.leave) membership.leaveRequested(body.leave, nowMs)
    else if (body.prepare) membership.prepare(body.prepare, tag, from)
    else if (body.promise) membership.promise(body.promise, tag, rank, nowMs)
    else if (body.installed) membership.installed(body.installed, from, nowMs)
    else if (body.settled) membership.settled(body.settled, nowMs)
    else if (body.decide) {
      if (!membership.decide(body.decide, tag, from, nowMs)) countDrop(this.counters, 'malformed')
    } else this.#viewFrame(tag, rank, body)
    if (tag !== 0) membership.groupHeard(nowMs)
  }

  /** A control frame of the reliable multicast in one view. */
  #viewFrame(tag: number, rank: number, body: Control): void {
    const view = this.#viewOf(tag)
    if (view === null) return countDrop(this.counters, 'view')
    if (rank >= view.view.members.length || rank === view.rank) return countDrop(this.counters, 'rank')
    if (body.nack) view.nack(rank, body.nack, this.#nowMs)
    else if (body.report) view.report(rank, body.report)
    else if (body.announce) view.announce(rank, body.announce.last ?? 0, body.announce.waiting ?? [])
    else if (body.beat) view.beat(rank, body.beat, this.#nowMs)
    else countDrop(this.counters, 'unknown')
  }

  #viewOf(tag: number): ViewState | null {
    if (this.#current?.view.tag === tag) return this.#current
    return this.#closing?.view.tag === tag ? this.#closing : null
  }

  #install(view: AgreedView): void {
    const before = this.#current
    const groupTag = this.#groupTag
    const { windowBytesMax, random } = this.#config
    const { counters, outbox } = this
    const control = (to: Endpoint | null, { view: { tag }, rank }: ViewState, body: ControlBody) =>
      this.#control(to, tag, rank, body)
    const environment = { groupTag, windowBytesMax, counters, outbox, random, control }
    const state = new ViewState(view, this.self.incarnation, environment, this.#nowMs)
    this.#closing = before
    this.#current = state
    counters.views++

    const has = (members: readonly { incarnation: string }[], { incarnation }: { incarnation: string }) =>
      members.some(member => member.incarnation === incarnation)
    const old = before?.published.members ?? []
    const { members } = state.published
    const change = { joined: members.filter(m => !has(old, m)), left: old.filter(m => !has(members, m)) }
    outbox.deliveries.push({ type: 'view', view: state.published, change })
    outbox.hasView = true
    outbox.events.push({ type: 'reach', endpoints: members.map(member => member.endpoint) })
    this.#links.install(view, state.published)

    // What the closed view took and could not finish, its receivers have dropped; it goes out whole in this one.
    const pending = before?.out.pending ?? null
    if (pending !== null && state.out.submit(pending) === TAKEN) {
      outbox.events.push({ type: 'sealed', view: view.id, to: null })
    }
    state.out.flow.isAwaited ||= before?.out.flow.isAwaited ?? false
  }

  #control(to: Endpoint | null, viewTag: number, rank: number, body: ControlBody): void {
    const frame = {
      groupTag: this.#groupTag,
      viewTag,
      rank,
      packetBytes: this.#config.packetBytes,
    }
    for (const packet of encodeControl(body, frame)) this.outbox.send(to, packet, 0, packet.length)
  }

  /** Leaving waits until what was taken has been sealed and told; then the view change sees to it that all receive it. */
  #tryLeave(nowMs: number): void {
    if (this.#leaveAtMs === Number.POSITIVE_INFINITY) return
    const overdueMs = nowMs - this.#leaveAtMs - LEAVE_MS_MAX
    // To go because this process slept, with the others' answers unread, would leave them waiting for this member.
    if (overdueMs >= ASLEEP_MS) this.#leaveAtMs = nowMs
    else if (overdueMs >= 0) {
      const reason = `left without the others' consent, who did not answer in ${LEAVE_MS_MAX} ms`
      return this.#close('ERR_TUTTI_LEAVE_TIMEOUT', reason)
    }
    if (this.#membership.isLeaving) return
    this.#isCurtailed = this.#isHeld
    if (!this.#isCurtailed || nowMs >= this.#leaveAtMs + DRAIN_MS_MAX) this.#membership.leave(nowMs)
  }

  /** Something that was taken is not sealed, or not told. */
  get #isHeld(): boolean {
    // Whoever is about to hear that a message is sealed may have the next one ready.
    if (this.#current?.out.isHeld || this.outbox.events.length > 0) return true
    for (const { out } of this.#links.all) if (out.isHeld || !out.isDrained) return true
    return false
  }

  #tellOpening(out: Outgoing): void {
    if (!out.opens) return
    out.flow.isAwaited = false
    this.outbox.events.push({ type: 'drain' })
  }

  #watchBlocks(nowMs: number): void {
    const out = this.#current?.out
    const held = out === undefined || !out.isHeld ? null : out.isWedged ? 'view-change' : 'window'
    const event = this.#blocks.look(held, out?.consumed.min ?? 0, nowMs, () =>
      held === 'view-change' ? this.#membership.waiting : this.#current!.waiting,
    )
    if (event !== null) this.outbox.events.push(event)
  }

  #close(code?: ErrorCode, reason?: string): void {
    this.#isClosed = true
    if (code === undefined && this.#isCurtailed) {
      const reason = `left, but what the closed window held back for ${DRAIN_MS_MAX} ms was not sent`
      return this.#close('ERR_TUTTI_LEAVE_TIMEOUT', reason)
    }
    const error = code === undefined ? undefined : new TuttiError(code, reason ?? '')
    this.outbox.events.push({ type: 'closed', error })
  }
}
