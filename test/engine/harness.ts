import { Engine, type EngineConfig, REFUSED } from '../../src/engine/engine.js'
import { type Endpoint, Message } from '../../src/types.js'
import { tutti } from '../../src/wire/generated/control.js'
import { CONTROL, DATA, HEADER_BYTES, kindOf, rankOf, seqOf, stableOf } from '../../src/wire/header.js'

/** A packet on its way from one member to another. */
export class Packet {
  readonly from: string
  readonly to: string
  readonly bytes: Uint8Array

  constructor(from: string, to: string, bytes: Uint8Array) {
    this.from = from
    this.to = to
    this.bytes = bytes
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
}

export interface HarnessOptions {
  /** Differs from seed to seed: incarnations, tags, random waits. */
  readonly seed?: number
  readonly config?: Partial<EngineConfig>
}

const PACKET_BYTES = 512

/**
 * Engines side by side, without ports: time goes in steps of a millisecond, and what is sent in one step arrives in the
 * next. A member has a turn when something arrived, when its deadline has come, or when it was called; as with the
 * driver there is a second turn for what the first one's deliveries led to.
 */
export class Harness {
  nowMs = 1_000
  readonly members = new Map<string, Member>()
  /** Says of every packet whether it is lost. */
  loses: (packet: Packet) => boolean = () => false
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
      const member = new Member(new Engine(config, this.nowMs))
      // Two lives, and two processes, may have one name.
      this.members.set(this.members.has(name) ? `${name}'` : name, member)
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
    // The change itself comes to its end, too.
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
    for (let step = 0; step < ms; step++) this.#step()
  }

  /** Lets time pass until it is so; returns how many milliseconds that took. */
  until(isSo: () => boolean, limitMs = 20_000): number {
    const startMs = this.nowMs
    while (!isSo()) {
      if (this.nowMs - startMs >= limitMs) throw new Error(`not so within ${limitMs} ms`)
      this.#step()
    }
    return this.nowMs - startMs
  }

  #step(): void {
    this.nowMs++
    for (const member of this.members.values()) member.turn(this.nowMs)
    for (const [name, member] of this.members) {
      for (const { to, bytes } of member.takeSent()) this.#transmit(name, member, to, bytes)
    }
  }

  #transmit(from: string, sender: Member, to: Endpoint | null, bytes: Uint8Array): void {
    for (const [name, member] of this.members) {
      if (member === sender || (to !== null && to.port !== member.engine.self.endpoint.port)) continue
      const packets: Packet[] = []
      for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
        packets.push(new Packet(from, name, bytes.slice(at, at + PACKET_BYTES)))
      }
      this.sent.push(...packets)
      const arriving = packets.filter(packet => !this.loses(packet))
      // A train of which nothing was lost arrives as one.
      const whole = arriving.length === packets.length
      for (const part of whole ? [bytes.slice()] : arriving.map(packet => packet.bytes)) {
        member.arrive(part, sender.engine.self.endpoint)
      }
    }
  }
}

/** An engine with its application: one that writes down what it gets, and may stop reading for a while. */
export class Member {
  readonly engine: Engine
  /** What happened here: `view 2: a b`, `a: hello`, `a to me: hello`, `drain`, `sealed`, `blocked window: b`. */
  readonly log: string[] = []
  /** What the application has not taken. */
  readonly unread: Message[] = []
  isReading = true
  /** Names of the members in the view. */
  view = ''
  error: unknown
  isClosed = false
  readonly #inbox: { readonly bytes: Uint8Array; readonly from: Endpoint }[] = []
  readonly #outbox: { readonly to: Endpoint | null; readonly bytes: Uint8Array }[] = []
  #isAwake = true

  constructor(engine: Engine) {
    this.engine = engine
  }

  /** Sends to the group, or to one member; the engine's word for what became of it. */
  send(message: string | Uint8Array, to: Member | null = null): number {
    const bytes = typeof message === 'string' ? new TextEncoder().encode(message) : message
    const fate = this.engine.submit(bytes, to?.engine.self.incarnation ?? null)
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
    this.engine.leave(nowMs)
    this.#isAwake = true
  }

  /** The application takes all that it has not taken, and goes on reading. */
  read(): void {
    this.isReading = true
    for (const message of this.unread.splice(0)) this.#take(message)
    this.#isAwake = true
  }

  arrive(bytes: Uint8Array, from: Endpoint): void {
    this.#inbox.push({ bytes, from })
  }

  turn(nowMs: number): void {
    if (this.isClosed) return
    const arrived = this.#inbox.splice(0)
    for (const { bytes, from } of arrived) this.engine.receive(bytes, from, nowMs)
    if (arrived.length === 0 && !this.#isAwake && nowMs < this.engine.deadlineMs) return
    this.#isAwake = false
    if (this.#effects(nowMs)) this.#isAwake = this.#effects(nowMs)
  }

  takeSent(): { readonly to: Endpoint | null; readonly bytes: Uint8Array }[] {
    return this.#outbox.splice(0)
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
    const deliveries = outbox.takeDeliveries()
    for (const event of deliveries) {
      if (event instanceof Message) {
        if (this.isReading) this.#take(event)
        else this.unread.push(event)
        continue
      }
      this.view = event.view.members.map(({ name }) => name).join(' ')
      this.log.push(`view ${event.view.id}: ${this.view}`)
    }
    const events = outbox.events.splice(0)
    for (const event of events) {
      if (event.type === 'drain' || event.type === 'sealed') this.log.push(event.type)
      else if (event.type === 'blocked') this.log.push(`blocked ${event.reason}: ${event.waiting.join(' ')}`)
      else if (event.type === 'unblocked') this.log.push(`unblocked ${event.reason}`)
      else if (event.type === 'closed') {
        this.isClosed = true
        this.error = event.error
        this.log.push(event.error === undefined ? 'closed' : `closed ${event.error.code}`)
      }
    }
    return deliveries.length > 0 || events.length > 0
  }

  #take(message: Message): void {
    const text = message.length > 60 ? `${message.length} bytes` : message.text()
    this.log.push(`${message.from.name}${message.type === 'told' ? ' to me' : ''}: ${text}`)
    this.engine.consume(message)
  }
}
