import { invariant } from '../errors.js'
import type { NetworkHandler } from '../ports.js'
import type { Endpoint } from '../types.js'
import { Happening } from './agenda.js'
import type { SeededRandom } from './random.js'
import { type Packet, ReceiveBuffer } from './receive-buffer.js'
import { type ClockHost, SimClock } from './sim-clock.js'
import type { SimWorld } from './sim-world.js'

/** What a turn of the event loop takes, and each datagram read in it: while it lasts, what arrives waits. */
const TURN_MS = 0.01
const DATAGRAM_MS = 0.01
/** As libuv: so many reads from one socket, then the loop goes on. */
const READS_MAX = 32
/** How often packets that could be one train are handed up as one. */
const COUPLING = 0.9

/**
 * One life of one member's process: an event loop with a timer, two sockets and what was deferred, as Node has it.
 * A turn is: the timer if it is due, then what the sockets hold, then what was deferred.
 */
export class SimProcess implements ClockHost {
  readonly name: string
  readonly path: 'trains' | 'datagrams'
  readonly clock: SimClock
  readonly random: SeededRandom
  readonly #world: SimWorld
  readonly #multicasts: ReceiveBuffer
  readonly #unicasts: ReceiveBuffer
  readonly #onTurn: (process: SimProcess) => void
  #handler: NetworkHandler | undefined
  #refusals: Endpoint[] = []
  #deferred: (() => void)[] = []
  #busyUntilMs = 0
  #pausedUntilMs = 0
  /** The turn for what is ready; it is entered, or it is not. */
  readonly #readyTurn = new Turn(this)
  #isEntered = false
  /** When the earliest turn is that was entered for the timer. Those that this one overtook come to nothing. */
  #timerTurnAtMs = Infinity
  #deaf = false
  #stopped = false

  constructor(
    name: string,
    world: SimWorld,
    random: SeededRandom,
    path: 'trains' | 'datagrams',
    receiveBufferBytes: number,
    onTurn: (process: SimProcess) => void,
  ) {
    this.name = name
    this.path = path
    this.random = random
    this.clock = new SimClock(this, random.below(2 ** 30) / 1024)
    this.#world = world
    this.#multicasts = new ReceiveBuffer(receiveBufferBytes)
    this.#unicasts = new ReceiveBuffer(receiveBufferBytes)
    this.#onTurn = onTurn
  }

  get nowMs(): number {
    return this.#world.nowMs
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** Whether it has work that takes no time. */
  get urgent(): boolean {
    return !this.#stopped && this.#deferred.length > 0 && this.#pausedUntilMs <= this.nowMs
  }

  start(handler: NetworkHandler): void {
    invariant(this.#handler === undefined && !this.#deaf, 'a port is started once, before it is closed')
    this.#handler = handler
    this.reschedule()
  }

  /** It runs nothing until then; its sockets go on receiving as long as they have room. */
  pause(untilMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs)
  }

  /** Its sockets are closed: what they hold, and what is on its way to them, is gone. */
  deafen(): void {
    this.#handler = undefined
    this.#deaf = true
  }

  /** The end of this process: it reads, sends and fires nothing more. */
  stop(): void {
    this.#stopped = true
    this.deafen()
    this.#deferred = []
    this.clock.disarm()
  }

  defer(turn: () => void): void {
    if (this.#stopped) return
    this.#deferred.push(turn)
    this.reschedule()
    this.#world.wake()
  }

  arrive(packet: Packet): void {
    if (this.#stopped || this.#deaf) return
    if (packet.multicast) this.#multicasts.put(packet)
    else this.#unicasts.put(packet)
    this.reschedule()
  }

  /** Nobody listens at an endpoint that this process probed. */
  refuse(endpoint: Endpoint): void {
    if (this.#stopped || this.#deaf) return
    this.#refusals.push(endpoint)
    this.reschedule()
  }

  reschedule(): void {
    const atMs = this.#nextTurnMs()
    if (this.#isReady) {
      if (this.#isEntered) return
      this.#isEntered = true
      this.#world.at(atMs, this.#readyTurn)
    } else if (atMs < this.#timerTurnAtMs) {
      this.#timerTurnAtMs = atMs
      this.#world.at(atMs, new Turn(this))
    }
  }

  /** The time of a turn that was entered has come. */
  turnDue(turn: Turn): void {
    if (turn === this.#readyTurn) this.#isEntered = false
    else if (turn.atMs === this.#timerTurnAtMs) this.#timerTurnAtMs = Infinity
    if (this.#nextTurnMs() <= this.nowMs) this.#turn()
    this.reschedule()
  }

  get #isReady(): boolean {
    if (this.#deferred.length > 0) return true
    return (
      this.#handler !== undefined && !(this.#multicasts.empty && this.#unicasts.empty && this.#refusals.length === 0)
    )
  }

  #nextTurnMs(): number {
    if (this.#stopped) return Infinity
    return Math.max(this.#isReady ? this.nowMs : this.clock.fireAtMs, this.#busyUntilMs, this.#pausedUntilMs)
  }

  #turn(): void {
    this.#onTurn(this)
    if (this.clock.fireAtMs <= this.nowMs) this.clock.fire()
    let reads = 0
    // Which of two sockets that are ready is read first is the kernel's affair.
    const multicastFirst = this.random.chance(0.5)
    reads += this.#read(multicastFirst ? this.#multicasts : this.#unicasts)
    reads += this.#read(multicastFirst ? this.#unicasts : this.#multicasts)
    if (this.#refusals.length > 0) for (const endpoint of this.#refusals.splice(0)) this.#handler?.refused(endpoint)
    const deferred = this.#deferred
    this.#deferred = []
    for (const turn of deferred) turn()
    this.#busyUntilMs = this.nowMs + TURN_MS + reads * DATAGRAM_MS
    this.#world.turnTaken()
  }

  #read(buffer: ReceiveBuffer): number {
    const handler = this.#handler
    if (handler === undefined) return 0
    let reads = 0
    for (; reads < READS_MAX && !buffer.empty && !this.#deaf; reads++) {
      const { bytes, from, multicast, slab } = buffer.take(this.#coupled)
      handler.datagram(bytes, from, multicast, slab)
    }
    if (buffer.dropped > 0) {
      handler.overflowed(buffer.dropped)
      buffer.dropped = 0
    }
    return reads
  }

  readonly #coupled = (): boolean => this.path === 'trains' && this.random.chance(COUPLING)
}

class Turn extends Happening {
  readonly #process: SimProcess

  constructor(process: SimProcess) {
    super()
    this.#process = process
  }

  happen(): void {
    this.#process.turnDue(this)
  }
}
