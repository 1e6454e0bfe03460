import { FlowControl } from '../multicast/flow-control.js'
import { SendWindow } from '../multicast/send-window.js'
import { LowWater } from '../multicast/stability.js'
import type { Endpoint } from '../types.js'
import { Packer, type PackerFrame, PREFIX_BYTES } from '../wire/packer.js'
import { distance, plus } from '../wire/seqno.js'
import type { Outbox } from './outbox.js'
import type { Reader } from './reader.js'

/** What became of a message that was submitted. */
export const REFUSED = 0
export const TAKEN = 1
/** Taken, but larger than the window's room: the rest follows as the window opens. */
export const PENDING = 2

export interface OutgoingOptions {
  readonly frame: PackerFrame
  readonly firstSeq: number
  /** Members that acknowledge the stream. */
  readonly receivers: number
  readonly windowBytes: number
  /** Packets that the window holds at most, a power of two. */
  readonly capacity: number
  readonly to: Endpoint | null
  /** Reads own packets back, where the sender delivers its own messages too. */
  readonly own: Reader | null
}

/** The sending side of one stream: messages in, packets out, kept until every receiver has them. */
export class Outgoing {
  readonly window: SendWindow
  readonly received: LowWater
  readonly consumed: LowWater
  readonly flow: FlowControl
  readonly to: Endpoint | null
  isWedged = false
  /** Nothing more is taken for now: the member cannot say whether it would ever be delivered. */
  isPaused = false
  #pending: Uint8Array | null = null
  #pendingAt = 0
  readonly #packer: Packer
  readonly #packetBytes: number
  readonly #own: Reader | null
  readonly #outbox: Outbox

  constructor(options: OutgoingOptions, outbox: Outbox) {
    const { firstSeq, receivers, capacity } = options
    this.window = new SendWindow(firstSeq, capacity)
    this.received = new LowWater(receivers, plus(firstSeq, -1))
    this.consumed = new LowWater(receivers, plus(firstSeq, -1))
    this.flow = new FlowControl(options.windowBytes)
    this.to = options.to
    this.#packer = new Packer(options.frame)
    this.#packetBytes = options.frame.packetBytes
    this.#own = options.own
    this.#outbox = outbox
  }

  /** A message of which a part is not packed yet; it is given whole to the next view if this one closes first. */
  get pending(): Uint8Array | null {
    return this.#pending
  }

  /** The closed window holds messages back. */
  get isHeld(): boolean {
    return this.flow.isAwaited || this.#pending !== null
  }

  /** Everything that was taken has been sealed and every receiver holds it. */
  get isDrained(): boolean {
    return this.#pending === null && !this.#packer.isOpen && this.received.min === this.window.last
  }

  /** Number of the packet in which the message taken last ends. */
  get takenUpTo(): number {
    return plus(this.window.last, this.#packer.isOpen ? 1 : 0)
  }

  /** Whether to tell those who wait: there is room, in bytes and in packets. */
  get opens(): boolean {
    const { window, consumed, flow } = this
    if (this.isWedged || this.isPaused || this.#pending !== null || !flow.opens(window.sealedBytes)) return false
    return distance(window.last, consumed.min) <= (window.capacity * 3) / 4
  }

  submit(data: Uint8Array): number {
    if (this.isWedged || this.isPaused || this.#pending !== null || !this.#makeRoom()) {
      this.flow.isAwaited = true
      return REFUSED
    }
    const packer = this.#packer
    if (packer.isBetterNext(data.length)) {
      packer.pad()
      this.#seal()
      if (!this.#makeRoom()) {
        this.flow.isAwaited = true
        return REFUSED
      }
    }
    packer.begin(data.length)
    const written = packer.write(data, 0)
    if (packer.room < PREFIX_BYTES) this.#seal()
    if (written === data.length) return TAKEN
    this.#pending = data
    this.#pendingAt = written
    if (this.#pump()) return TAKEN
    // The caller may use its bytes again once this returns.
    this.#pending = data.slice()
    return PENDING
  }

  /** Ends the turn: seals the open packet and hands what is new to the network as a train. */
  flush(): void {
    if (this.#packer.isOpen) this.#seal()
    this.#emitTrain()
  }

  wedge(): void {
    this.flush()
    this.isWedged = true
  }

  /**
   * Member `rank` has received, and its application has consumed, up to these numbers. Returns true if a pending
   * message came to its end by that.
   */
  acknowledge(rank: number, received: number, consumed: number): boolean {
    const last = this.window.last
    // Nobody has what was never sent; a report that says so is broken, and believing it would free what others miss.
    if (distance(received, last) > 0 || distance(consumed, received) > 0) return false
    if (this.received.raise(rank, received)) this.window.release(this.received.min)
    if (!this.consumed.raise(rank, consumed)) return false
    this.flow.consumed(this.window.bytesUpTo(this.consumed.min))
    return this.#pending !== null && !this.isWedged && this.#pump()
  }

  /** Opens a packet with room for a message's prefix; false while the window is closed. */
  #makeRoom(): boolean {
    const packer = this.#packer
    if (packer.isOpen) return true
    const { window, flow } = this
    if (flow.room(window.sealedBytes) < this.#packetBytes) return false
    if (distance(window.last, this.consumed.min) >= window.capacity - 1) return false
    if (packer.slabIsFull) this.#emitTrain()
    packer.open(plus(window.last, 1), this.received.min, 0)
    return true
  }

  /** Packs on with the pending message; true once all of it is in packets. */
  #pump(): boolean {
    const data = this.#pending!
    while (this.#makeRoom()) {
      this.#pendingAt += this.#packer.write(data, this.#pendingAt)
      if (this.#packer.room < PREFIX_BYTES) this.#seal()
      if (this.#pendingAt === data.length) {
        this.#pending = null
        return true
      }
    }
    return false
  }

  #seal(): void {
    const packer = this.#packer
    const at = packer.packetAt
    const length = packer.close()
    const { window } = this
    window.push(packer.slab, at, length)
    this.#own?.read(packer.slab, at, window.last)
  }

  #emitTrain(): void {
    const packer = this.#packer
    const length = packer.packetAt - packer.trainAt
    if (length > 0) this.#outbox.send(this.to, packer.slab, packer.trainAt, length)
    packer.trainAt = packer.packetAt
  }
}
