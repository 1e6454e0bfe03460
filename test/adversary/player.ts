import { Delivery, type Message } from '../../src/delivery.js'
import { Driver } from '../../src/driver.js'
import { Engine, type EngineConfig, type EngineEvent, type Progress, REFUSED, TAKEN } from '../../src/engine/engine.js'
import type { ClockPort, NetworkHandler, NetworkPort, Ports } from '../../src/ports.js'
import { SendQueue } from '../../src/send-queue.js'
import type { DeliveredEvent, Endpoint, Member } from '../../src/types.js'
import { distance } from '../../src/wire/seqno.js'
import { PACKET_BYTES, type World } from './world.js'

/** As libuv: so many reads from one socket, then the loop goes on. */
const READS_MAX = 32
const TURN_MS = 0.01
/** A host says so quickly that nobody listens at a port. */
const REFUSAL_MS = 0.2

export interface PlayerOptions {
  readonly engine?: Partial<EngineConfig>
}

/** What the application of a member saw. */
export type Seen =
  | {
      readonly type: 'view'
      readonly id: number
      readonly lineage: string
      readonly members: readonly string[]
      /** Those who delivered the same in the last view. */
      readonly stayed: readonly string[]
    }
  | {
      readonly type: 'message' | 'told'
      readonly from: string
      readonly incarnation: string
      readonly nth: number
      readonly view: number
    }
  | { readonly type: 'excluded' }
  | { readonly type: 'merged' }

/**
 * One process: an event loop, a socket and an application on the real driver and engine. Messages are numbered by
 * their sender, in each direction; the application writes down what it gets, and may stop reading for a while.
 */
export class Player implements NetworkPort, ClockPort {
  readonly name: string
  readonly endpoint: Endpoint
  readonly packetBytes = PACKET_BYTES
  readonly receiveBufferBytes = 65_536
  readonly path = 'datagrams'
  engine: Engine
  readonly log: Seen[] = []
  /** What the application has not taken: views too, in their place. */
  readonly unread: DeliveredEvent[] = []
  readonly events: EngineEvent[] = []
  /** How many messages were taken over by the group: '' is the group, else a member's name. */
  readonly taken = new Map<string, number>()
  isReading = true
  /** Names of the members in the view, and how many of them vote. */
  view = ''
  voters = 0
  viewId = 0
  /** Numbers of its messages to the group that it was told are lost: beyond the cut, or of unknown fate. */
  readonly lost: { readonly nth: number; readonly code: string }[] = []
  /** How it ended: 'left', 'crashed', or an error's code. */
  end: string | null = null
  turns = 0
  probes = 0
  readonly #world: World
  readonly #driver: Driver
  readonly #queues = new Map<string, SendQueue>()
  readonly #asked = new Map<string, number>()
  readonly #config: EngineConfig
  /** Messages to the group in the view now: each one's number, and that of the packet in which it ends. */
  #unconfirmed: { readonly nth: number; readonly seq: number; readonly lineage: string }[] = []
  #sent = 0
  #lineage = ''
  #isLeaving = false
  #handler: NetworkHandler | null = null
  #inbox: { readonly bytes: Uint8Array; readonly from: Endpoint }[] = []
  readonly #refusals: Endpoint[] = []
  #deferred: (() => void)[] = []
  #timer: { readonly atMs: number; readonly fire: () => void } | null = null
  #pausedUntilMs = 0
  #isTurnEntered = false

  constructor(world: World, config: EngineConfig) {
    const engine = new Engine(config, world.nowMs)
    this.#world = world
    this.#config = config
    this.name = config.name
    this.engine = engine
    this.endpoint = config.endpoint
    const ports: Ports = { network: this, clock: this, random: { next: () => world.random() } }
    this.#driver = new Driver(engine, ports, {
      deliver: batch => this.#deliver(batch),
      event: event => this.#handle(event),
      failed: error => {
        throw error
      },
    })
    this.#driver.start()
  }

  get incarnation(): string {
    return this.engine.self.incarnation
  }

  /** Sends `count` numbered messages of `bytes` bytes to the group, or to one member. */
  send(count = 1, bytes = 8, to: Player | null = null): void {
    const key = to?.incarnation ?? ''
    const queue = this.#queue(key)
    for (let i = 0; i < count; i++) {
      const nth = this.#asked.get(key) ?? 0
      this.#asked.set(key, nth + 1)
      const data = new Uint8Array(bytes)
      if (bytes >= 4) new DataView(data.buffer).setUint32(0, nth)
      queue.send(data, 0, undefined).then(
        () => {},
        () => {},
      )
    }
  }

  leave(): void {
    if (this.end !== null) return
    this.#isLeaving = true
    this.#driver.leave()
  }

  /** The process ends without a word; its host lives on, and says so to whoever asks. */
  crash(): void {
    if (this.end !== null) return
    this.end = 'crashed'
    void this.#driver.close()
  }

  pause(ms: number): void {
    this.#pausedUntilMs = this.#world.nowMs + ms
  }

  /** The application takes all that it has not taken, and goes on reading. */
  read(): void {
    this.isReading = true
    for (const event of this.unread.splice(0)) this.#take(event)
  }

  messages(type: 'message' | 'told' = 'message'): string[] {
    return this.log.flatMap(seen => (seen.type === type && 'nth' in seen ? [`${seen.from}${seen.nth}`] : []))
  }

  arrive(bytes: Uint8Array, from: Endpoint): void {
    if (this.end !== null) return
    this.#inbox.push({ bytes, from })
    this.#enterTurn(this.#world.nowMs)
  }

  start(handler: NetworkHandler): void {
    this.#handler = handler
  }

  multicast(bytes: Uint8Array, offset: number, length: number): boolean {
    this.#world.transmit(this, null, bytes, offset, length)
    return true
  }

  unicast(to: Endpoint, bytes: Uint8Array, offset: number, length: number): boolean {
    this.#world.transmit(this, to, bytes, offset, length)
    return true
  }

  probe(to: Endpoint, bytes: Uint8Array): void {
    this.probes++
    if (this.#world.isOpen(to)) return void this.unicast(to, bytes, 0, bytes.length)
    this.#world.in(REFUSAL_MS, () => {
      this.#refusals.push(to)
      this.#enterTurn(this.#world.nowMs)
    })
  }

  reach(): void {}

  async close(): Promise<void> {}

  now(): number {
    return this.#world.nowMs
  }

  defer(turn: () => void): void {
    this.#deferred.push(turn)
    this.#enterTurn(this.#world.nowMs)
  }

  arm(atMs: number, fire: () => void): void {
    const tickMs = Math.floor(Math.max(atMs, this.#world.nowMs)) + 1
    this.#timer = { atMs: tickMs, fire }
    this.#world.at(tickMs, () => this.#enterTurn(this.#world.nowMs))
  }

  disarm(): void {
    this.#timer = null
  }

  #enterTurn(atMs: number): void {
    if (this.#isTurnEntered) return
    this.#isTurnEntered = true
    this.#world.at(atMs, () => this.#turn())
  }

  /** As Node's: a timer that is due, what the socket holds, what was deferred. */
  #turn(): void {
    const { nowMs } = this.#world
    this.#isTurnEntered = false
    if (this.end !== null) return
    if (nowMs < this.#pausedUntilMs) return this.#enterTurn(this.#pausedUntilMs)
    this.turns++
    const timer = this.#timer
    if (timer !== null && timer.atMs <= nowMs) {
      this.#timer = null
      timer.fire()
    }
    for (const endpoint of this.#refusals.splice(0)) this.#handler!.refused(endpoint)
    for (const { bytes, from } of this.#inbox.splice(0, READS_MAX)) this.#handler!.datagram(bytes, from, true)
    for (const turn of this.#deferred.splice(0)) turn()
    if (this.#inbox.length > 0 || this.#deferred.length > 0) this.#enterTurn(nowMs + TURN_MS)
  }

  #queue(key: string): SendQueue {
    let queue = this.#queues.get(key)
    if (queue === undefined) {
      const submit = (data: Uint8Array) => {
        if (this.view === '' || this.end !== null) return 'refused'
        const fate = this.#driver.submit(data, key === '' ? null : key, 0)
        if (fate === REFUSED) return 'refused'
        this.taken.set(key, (this.taken.get(key) ?? 0) + 1)
        return fate === TAKEN ? 'taken' : 'pending'
      }
      queue = new SendQueue(
        submit,
        ({ resolve }, progress?: Progress) => {
          if (key === '') this.#note()
          resolve({ lineage: this.#lineage, view: progress?.view ?? this.viewId })
        },
        Number.POSITIVE_INFINITY,
      )
      this.#queues.set(key, queue)
    }
    return queue
  }

  #note(): void {
    const seq = this.engine.progress(null)!.takenUpTo
    this.#unconfirmed.push({ nth: this.#sent++, seq, lineage: this.#lineage })
  }

  /** Its part in a view of that lineage has ended, and what lies beyond packet `upTo` is lost. */
  #lose(lineage: string, upTo: number, code: string): void {
    const isOld = (entry: { readonly lineage: string }) => entry.lineage === lineage
    for (const entry of this.#unconfirmed) {
      if (isOld(entry) && distance(entry.seq, upTo) > 0) this.lost.push({ nth: entry.nth, code })
    }
    this.#unconfirmed = this.#unconfirmed.filter(entry => !isOld(entry))
  }

  #deliver(batch: readonly DeliveredEvent[]): void {
    for (const event of batch) {
      if (event.type === 'view') {
        const { members, id, lineage } = event.view
        this.view = members.map(({ name }) => name).join(' ')
        this.voters = members.filter(({ voter }) => voter).length
        this.viewId = id
        this.#lineage = lineage
        if (event.change.stayed.length > 0) this.#unconfirmed = []
      }
      if (this.isReading) this.#take(event)
      else this.unread.push(event)
    }
    for (const queue of this.#queues.values()) queue.pump()
  }

  #handle(event: EngineEvent): void {
    this.events.push(event)
    if (event.type === 'drain') for (const queue of this.#queues.values()) queue.pump()
    else if (event.type === 'sealed') this.#queues.get(event.to ?? '')?.sealed(event.progress)
    else if (event.type === 'abandoned') this.#lose(event.lineage, event.stable, 'ERR_TUTTI_FATE_UNKNOWN')
    else if (event.type === 'excluded') {
      this.#lose(event.lineage, event.upTo, 'ERR_TUTTI_EXCLUDED')
      this.#comeBack()
    } else if (event.type === 'closed') {
      this.end = event.error?.code ?? 'left'
      void this.#driver.close()
    }
  }

  /** Left out, it begins another life. */
  #comeBack(): void {
    this.engine = new Engine(this.#config, this.#world.nowMs, this.engine.pastLife)
    this.#driver.restart(this.engine)
    if (this.#isLeaving) this.#driver.leave()
    this.#deliver([{ type: 'excluded', incarnation: this.incarnation }])
  }

  #take(event: DeliveredEvent): void {
    if (event.type === 'view') {
      const { id, lineage, members } = event.view
      const names = (members: readonly Member[]) => members.map(({ name }) => name)
      this.log.push({ type: 'view', id, lineage, members: names(members), stayed: names(event.change.stayed) })
    } else if (event instanceof Delivery) {
      for (const message of event.messages()) this.#takeMessage(message)
      this.#driver.consume(event)
    } else this.log.push({ type: event.type })
  }

  #takeMessage(message: Message): void {
    const { type, from, data, view } = message
    const nth =
      data.length < 4 ? this.#nextOf(type, from.name) : new DataView(data.buffer, data.byteOffset).getUint32(0)
    this.log.push({ type, from: from.name, incarnation: from.incarnation, nth, view })
  }

  /** A message too short for a number counts as the next. */
  #nextOf(type: 'message' | 'told', from: string): number {
    const last = this.log.findLast(seen => seen.type === type && 'nth' in seen && seen.from === from)
    return last === undefined || !('nth' in last) ? 0 : last.nth + 1
  }
}
