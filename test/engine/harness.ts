import { Delivery, type Message } from '../../src/delivery.js'
import { Engine, type EngineConfig, type EngineEvent, REFUSED } from '../../src/engine/engine.js'
import type { Endpoint, GroupEvent } from '../../src/types.js'
import { tutti } from '../../src/wire/generated/control.js'
import { CONTROL, DATA, HEADER_BYTES, kindOf, rankOf, seqOf, stableOf, viewTagOf } from '../../src/wire/header.js'

/** A packet on its way from one member to another. */
export class Packet {
  readonly from: string
  readonly to: string
  readonly bytes: Uint8Array
  /** It goes to all. */
  readonly isMulticast: boolean

  constructor(from: string, to: string, bytes: Uint8Array, isMulticast: boolean) {
    this.from = from
    this.to = to
    this.bytes = bytes
    this.isMulticast = isMulticast
  }

  /** 'data', 'tell', the name of a control body ('nack', 'decide'), or 'fragment' of one. */
  get is(): string {
    const kind = kindOf(this.bytes, 0)
    if (kind !== CONTROL) return kind === DATA ? 'data' : 'tell'
    return stableOf(this.bytes, 0) === 1 ? (this.control?.body ?? 'unknown') : 'fragment'
  }

  get control(): tutti.Control | undefined {
    return tutti.Control.decode(this.bytes.subarray(HEADER_BYTES))
  }

  get rank(): number {
    return rankOf(this.bytes, 0)
  }

  get seq(): number {
    return seqOf(this.bytes, 0)
  }

  /** Tag of the view that it speaks of, or 0. */
  get tag(): number {
    return viewTagOf(this.bytes, 0)
  }
}

export interface HarnessOptions {
  /** Differs from seed to seed: incarnations, tags, random waits. */
  readonly seed?: number
  readonly config?: Partial<EngineConfig>
}

const PACKET_BYTES = 512

/**
 * Engines side by side, without ports: time goes in steps of a millisecond, and what is sent in one step arrives in the
 * next, or later; steps in which nobody has anything to do are skipped. A member has a turn when something arrived, when its deadline has come, or when it was called; as with the
 * driver there is a second turn for what the first one's deliveries led to.
 */
export class Harness {
  nowMs = 1_000
  readonly members = new Map<string, Member>()
  /** Says of every packet whether it is lost. */
  loses: (packet: Packet) => boolean = () => false
  /** How much later than in the next step a datagram arrives, by its first packet. */
  delayMs: (packet: Packet) => number = () => 0
  readonly sent: Packet[] = []
  readonly #config: Partial<EngineConfig>
  #state: number
  #port = 5_000

  constructor({ seed = 1, config = {} }: HarnessOptions = {}) {
    this.#state = seed
    this.#config = config
  }

  /** Starts members; they look for the group by themselves. */
  start(...names: string[]): Member[] {
    return this.startWith({}, ...names)
  }

  /** The same, with a configuration unlike the others'. */
  startWith(unlike: Partial<EngineConfig>, ...names: string[]): Member[] {
    return names.map(name => {
      const config = {
        group: 'test',
        name,
        endpoint: { address: '10.0.0.1', port: ++this.#port },
        packetBytes: PACKET_BYTES,
        receiveBufferBytes: 65_536,
        checkBodies: false,
        messageBytesMax: 1_048_576,
        windowBytesMax: 65_536,
        random: () => this.random(),
        ...this.#config,
        ...unlike,
      }
      const member = new Member(config, this.nowMs)
      // Two lives, and two processes, may have one name.
      let key = name
      while (this.members.has(key)) key += "'"
      this.members.set(key, member)
      return member
    })
  }

  /** Members of one group: the first founds it, the others join together. */
  group(...names: string[]): Member[] {
    const [founder] = this.start(names[0])
    this.until(() => founder.view === names[0])
    const members = [founder, ...this.start(...names.slice(1))]
    this.until(() => members.every(({ view }) => view === founder.view && view.split(' ').length === names.length))
    this.until(() => members.every(({ engine }) => engine.deadlineMs > this.nowMs))
    // Who has joined becomes a voter, in one view more.
    this.until(() => members.every(({ voters }) => voters === names.length))
    this.run(100)
    for (const member of members) member.log.length = 0
    this.sent.length = 0
    return members
  }

  random(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let word = Math.imul(this.#state ^ (this.#state >>> 16), 0x21f0aaad)
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
    return (word ^ (word >>> 15)) >>> 0
  }

  run(ms: number): void {
    const endMs = this.nowMs + ms
    while (this.nowMs < endMs) this.#step(endMs)
  }

  /** Lets time pass until it is so; returns how many milliseconds that took. */
  until(isSo: () => boolean, limitMs = 20_000): number {
    const startMs = this.nowMs
    while (!isSo()) {
      if (this.nowMs - startMs >= limitMs) throw new Error(`not so within ${limitMs} ms`)
      this.#step(startMs + limitMs)
    }
    return this.nowMs - startMs
  }

  /** Goes to the next millisecond in which somebody has a turn, or to `endMs`. */
  #step(endMs: number): void {
    let atMs = endMs
    for (const member of this.members.values()) atMs = Math.min(atMs, member.dueAtMs)
    this.nowMs = Math.max(this.nowMs + 1, Math.ceil(atMs))
    for (const member of this.members.values()) member.turn(this.nowMs)
    for (const [name, member] of this.members) {
      for (const { to, bytes } of member.takeSent()) this.#transmit(name, member, to, bytes)
      for (const { to, bytes } of member.takeProbes()) this.#probe(name, member, to, bytes)
    }
  }

  /** The member's process ends without a word; its host lives on. */
  crash(name: string): void {
    this.members.get(name)!.isClosed = true
  }

  #probe(from: string, sender: Member, to: Endpoint, bytes: Uint8Array): void {
    const isOpen = ({ engine, isClosed }: Member) => engine.self.endpoint.port === to.port && !isClosed
    if ([...this.members.values()].some(isOpen)) this.#transmit(from, sender, to, bytes)
    else sender.refuse(to)
  }

  #transmit(from: string, sender: Member, to: Endpoint | null, bytes: Uint8Array): void {
    for (const [name, member] of this.members) {
      if (member === sender || (to !== null && to.port !== member.engine.self.endpoint.port)) continue
      const packets: Packet[] = []
      for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
        packets.push(new Packet(from, name, bytes.slice(at, at + PACKET_BYTES), to === null))
      }
      this.sent.push(...packets)
      const arriving = packets.filter(packet => !this.loses(packet))
      // A train of which nothing was lost arrives as one.
      const whole = arriving.length === packets.length
      for (const part of whole ? [bytes.slice()] : arriving.map(packet => packet.bytes)) {
        member.arrive(part, sender.engine.self.endpoint, this.nowMs + 1 + this.delayMs(packets[0]))
      }
    }
  }
}

/** An engine with its application: one that writes down what it gets, and may stop reading for a while. */
export class Member {
  engine: Engine
  /** What happened here: `view 2: a b`, `a: hello`, `a to me: hello`, `drain`, `sealed`, `blocked window: b`. */
  readonly log: string[] = []
  /** The same as it came, with the incarnation that it happened to. */
  readonly record: { readonly incarnation: string; readonly event: GroupEvent | EngineEvent }[] = []
  /** What the application has not taken. */
  readonly unread: Delivery[] = []
  isReading = true
  /** Names of the members in the view. */
  view = ''
  /** How many of them vote. */
  voters = 0
  /** Number and lineage of the view. */
  viewKey = ''
  error: unknown
  isClosed = false
  #inbox: { readonly bytes: Uint8Array; readonly from: Endpoint; readonly atMs: number }[] = []
  readonly #outbox: { readonly to: Endpoint | null; readonly bytes: Uint8Array }[] = []
  readonly #probes: { readonly to: Endpoint; readonly bytes: Uint8Array }[] = []
  readonly #refusals: Endpoint[] = []
  readonly #config: EngineConfig
  /** Runs no turn until then. */
  pausedUntilMs = 0
  #isAwake = true
  /** A deadline that had passed at the end of the last turn. */
  #overdueMs = Number.NaN
  #isLeaving = false

  constructor(config: EngineConfig, nowMs: number) {
    this.#config = config
    this.engine = new Engine(config, nowMs)
  }

  /** Sends to the group, or to one member; the engine's word for what became of it. */
  send(message: string | Uint8Array, to: Member | null = null, of = 0): number {
    const bytes = typeof message === 'string' ? new TextEncoder().encode(message) : message
    const fate = this.engine.submit(bytes, to?.engine.self.incarnation ?? null, of)
    // The engine has its own copy.
    if (typeof message === 'string') bytes.fill(0)
    this.#isAwake = true
    return fate
  }

  /** Sends messages of 100 bytes until one is refused; returns how many were taken. */
  fill(to: Member | null = null): number {
    let count = 0
    while (this.send(`filling ${count}`.padEnd(100, '.'), to) !== REFUSED) count++
    return count
  }

  leave(nowMs: number): void {
    this.#isLeaving = true
    this.engine.leave(nowMs)
    this.#isAwake = true
  }

  /** Goes on alone, as a new lineage. */
  reform(nowMs: number): void {
    this.engine.reform(nowMs)
    this.#isAwake = true
  }

  /** The application takes all that it has not taken, and goes on reading. */
  read(): void {
    this.isReading = true
    for (const delivery of this.unread.splice(0)) this.#take(delivery)
    this.#isAwake = true
  }

  arrive(bytes: Uint8Array, from: Endpoint, atMs = 0): void {
    this.#inbox.push({ bytes, from, atMs })
  }

  refuse(endpoint: Endpoint): void {
    this.#refusals.push(endpoint)
  }

  /** When this member has something to do. */
  get dueAtMs(): number {
    if (this.isClosed) return Number.POSITIVE_INFINITY
    let atMs = this.#isAwake || this.#refusals.length > 0 ? 0 : this.engine.deadlineMs
    for (const arriving of this.#inbox) atMs = Math.min(atMs, arriving.atMs)
    return Math.max(atMs, this.pausedUntilMs)
  }

  turn(nowMs: number): void {
    if (this.isClosed || nowMs < this.pausedUntilMs) return
    const arrived = this.#inbox.filter(({ atMs }) => atMs <= nowMs).sort((a, b) => a.atMs - b.atMs)
    if (arrived.length > 0) this.#inbox = this.#inbox.filter(({ atMs }) => atMs > nowMs)
    for (const { bytes, from } of arrived) this.engine.receive(bytes, from, nowMs)
    const refusals = this.#refusals.splice(0)
    for (const endpoint of refusals) this.engine.refused(endpoint, nowMs)
    if (arrived.length + refusals.length === 0 && !this.#isAwake && nowMs < this.engine.deadlineMs) return
    this.#isAwake = false
    if (this.#effects(nowMs)) this.#isAwake = this.#effects(nowMs)
    // Who does not act upon a deadline wakes for nothing, a thousand times a second.
    const { deadlineMs } = this.engine
    if (deadlineMs === this.#overdueMs) throw new Error('a deadline that was due stands')
    this.#overdueMs = deadlineMs <= nowMs ? deadlineMs : Number.NaN
  }

  takeSent(): { readonly to: Endpoint | null; readonly bytes: Uint8Array }[] {
    return this.#outbox.splice(0)
  }

  takeProbes(): { readonly to: Endpoint; readonly bytes: Uint8Array }[] {
    return this.#probes.splice(0)
  }

  /** Ends the engine's turn. Returns whether the application had something to do. */
  #effects(nowMs: number): boolean {
    const { engine } = this
    const { outbox } = engine
    engine.endTurn(nowMs)
    for (const [i, bytes] of outbox.bytes.entries()) {
      const sent = bytes.slice(outbox.offsets[i], outbox.offsets[i] + outbox.lengths[i])
      this.#outbox.push({ to: outbox.to[i], bytes: sent })
    }
    outbox.clearDatagrams()
    this.#probes.push(...outbox.probes.splice(0))
    const deliveries = outbox.takeDeliveries()
    for (const event of deliveries) {
      if (event instanceof Delivery) {
        for (const message of event.messages()) this.#note(message)
        if (this.isReading) this.#take(event)
        else this.unread.push(event)
        continue
      }
      this.#note(event)
      if (event.type !== 'view') {
        this.log.push(event.type === 'merged' ? `merged ${event.won ? 'won' : 'lost'}` : event.type)
        if (event.type === 'merged' && !event.won) this.#isOut()
        continue
      }
      this.voters = event.view.members.filter(({ voter }) => voter).length
      this.view = event.view.members.map(({ name }) => name).join(' ')
      this.viewKey = `${event.view.id} ${event.view.lineage}`
      this.log.push(`view ${event.view.id}: ${this.view}`)
    }
    const events = outbox.events.splice(0)
    for (const event of events) {
      this.#note(event)
      if (event.type === 'drain' || event.type === 'sealed') this.log.push(event.type)
      else if (event.type === 'blocked') this.log.push(`blocked ${event.reason}: ${event.waiting.join(' ')}`)
      else if (event.type === 'unblocked') this.log.push(`unblocked ${event.reason}`)
      else if (event.type === 'excluded') {
        this.log.push('excluded')
        this.#isOut()
        this.engine = new Engine(this.#config, nowMs, engine.pastLife)
        if (this.#isLeaving) this.engine.leave(nowMs)
        this.#isAwake = true
      } else if (event.type === 'closed') {
        this.isClosed = true
        this.error = event.error
        this.log.push(event.error === undefined ? 'closed' : `closed ${event.error.code}`)
      }
    }
    return deliveries.length > 0 || events.length > 0
  }

  /** In no view, for now. */
  #isOut(): void {
    this.view = ''
    this.viewKey = ''
    this.voters = 0
  }

  #note(event: GroupEvent | EngineEvent): void {
    this.record.push({ incarnation: this.engine.self.incarnation, event })
  }

  #take(delivery: Delivery): void {
    for (const message of delivery.messages()) this.log.push(lineOf(message))
    this.engine.consume(delivery)
  }
}

function lineOf(message: Message): string {
  const text = message.length > 60 ? `${message.length} bytes` : message.text()
  return `${message.from.name}${message.type === 'told' ? ' to me' : ''}: ${text}`
}
