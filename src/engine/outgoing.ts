import { FlowControl } from '../multicast/flow-control.js'
import { SendWindow } from '../multicast/send-window.js'
import { LowWater } from '../multicast/stability.js'
import type { Slab, SlabPool } from '../slab.js'
import type { Endpoint, View } from '../types.js'
import { CAUSAL, HEADER_BYTES, ORDER, SAFE, TOTAL } from '../wire/header.js'
import { runsBytes, runsIn, writeRuns } from '../wire/order-runs.js'
import { Packer, type PackerFrame, PREFIX_BYTES } from '../wire/packer.js'
import { distance, earlier, isMilestone, later, plus } from '../wire/seqno.js'
import type { CausalStamp } from './causal-stamp.js'
import type { Outbox, Progress } from './outbox.js'

/** What became of a message that was submitted. */
export const REFUSED = 0
export const TAKEN = 1
/** Taken, but larger than the window's room: the rest follows as the window opens. */
export const PENDING = 2

/** Of so many packets of a ring one is for announcements of order, which no window may hold back (C16). */
const RESERVED_SHARE = 8

export interface OutgoingOptions {
  readonly frame: PackerFrame
  readonly firstSeq: number
  /** Members that acknowledge the stream. */
  readonly receivers: number
  readonly windowBytes: number
  /** Packets that the window holds at most, a power of two. */
  readonly capacity: number
  readonly to: Endpoint | null
  readonly pool: SlabPool
}

/** What the sender does with its own packets. */
export interface OutgoingEffects {
  sealed(seq: number, slab: Slab, at: number): void
  /** Up to which of them this member's own application has taken all messages; what it has not must stay. */
  consumed(): number
}

/** The class of a message: an order of the header, and SAFE_CLASS if it is to be safe. */
export const SAFE_CLASS = 4
const orderOfClass = (of: number): number => of & 3

/** A message that is taken and not packed to its end. */
interface Pending {
  readonly data: Uint8Array
  readonly class: number
  at: number
}

/** The sending side of one stream: messages in, packets out, kept until every receiver has them. */
export class Outgoing {
  readonly window: SendWindow
  readonly received: LowWater
  readonly consumed: LowWater
  readonly flow: FlowControl
  readonly to: Endpoint | null
  /** Number of the last packet that is to be safe. */
  lastSafe: number
  isWedged = false
  /** Nothing more is taken for now: the member cannot say whether it would ever be delivered. */
  isPaused = false
  #pending: Pending | null = null
  /** Of the open packet. */
  #class = 0
  readonly #packer: Packer
  readonly #packetBytes: number
  readonly #outbox: Outbox
  readonly #effects: OutgoingEffects
  readonly #stamp: CausalStamp | null

  /** @param stamp  writes what causal packets rest on; null where there are none */
  constructor(options: OutgoingOptions, outbox: Outbox, effects: OutgoingEffects, stamp: CausalStamp | null) {
    const { firstSeq, receivers, capacity } = options
    this.window = new SendWindow(firstSeq, capacity)
    this.received = new LowWater(receivers, plus(firstSeq, -1))
    this.consumed = new LowWater(receivers, plus(firstSeq, -1))
    this.lastSafe = plus(firstSeq, -1)
    this.flow = new FlowControl(options.windowBytes)
    this.to = options.to
    this.#packer = new Packer(options.frame, options.pool)
    this.#packetBytes = options.frame.packetBytes
    this.#outbox = outbox
    this.#effects = effects
    this.#stamp = stamp
  }

  /** A message of which a part is not packed yet; it is given whole to the next view if this one closes first. */
  get pending(): { readonly data: Uint8Array; readonly class: number } | null {
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

  progressIn({ lineage, id }: View): Progress {
    const takenUpTo = plus(this.window.last, this.#packer.isOpen ? 1 : 0)
    return { lineage, view: id, takenUpTo, stable: this.received.min }
  }

  /** Tells those who wait once there is room again, in bytes and in packets. */
  tellOpening(): void {
    const { window, consumed, flow } = this
    if (this.isWedged || this.isPaused || this.#pending !== null || !flow.opens(window.sealedBytes)) return
    if (distance(window.last, consumed.min) > (window.capacity * 3) / 4) return
    flow.isAwaited = false
    this.#outbox.events.push({ type: 'drain' })
  }

  /** @param of  the message's class */
  submit(data: Uint8Array, of: number): number {
    const packer = this.#packer
    if (packer.isOpen && this.#isUnfit(of)) this.#fill()
    if (this.isWedged || this.isPaused || this.#pending !== null || !this.#makeRoom(of)) {
      this.flow.isAwaited = true
      return REFUSED
    }
    // As 32 bits: a length may have more, and V8 would count in floating point from here on.
    const length = data.length | 0
    if (packer.isBetterNext(length)) {
      this.#fill()
      if (!this.#makeRoom(of)) {
        this.flow.isAwaited = true
        return REFUSED
      }
    }
    packer.begin(length)
    const written = packer.write(data, 0)
    if (packer.room < PREFIX_BYTES) this.#seal()
    if (written === length) return TAKEN
    this.#pending = { data, class: of, at: written }
    if (this.#pump()) return TAKEN
    // The caller may use its bytes again once this returns.
    this.#pending = { data: new Uint8Array(data), class: of, at: this.#pending.at }
    return PENDING
  }

  /** Seals the open packet. @param isFollowed  by another in the same train: it must be a full one */
  seal(isFollowed = false): void {
    if (!this.#packer.isOpen) return
    if (isFollowed) this.#fill()
    else this.#seal()
  }

  /** The open packet is one that the sequencer, who is this member then, has to announce. */
  get isOrdered(): boolean {
    return this.#packer.isOpen && orderOfClass(this.#class) === TOTAL
  }

  /** Whether an announcement of order has room in the ring. */
  get mayAnnounce(): boolean {
    return distance(this.window.last, this.consumed.min) < this.window.capacity - 1
  }

  /** How many runs of order one packet holds. */
  get runsMax(): number {
    return runsIn(this.#packetBytes - HEADER_BYTES)
  }

  /**
   * Seals a packet that announces an order. No packet is open, and the last one was a full one or has been sent.
   * @param isFollowed  by another in the same train
   */
  announce(ranks: readonly number[], lasts: readonly number[], isSafe: boolean, isFollowed: boolean): void {
    const packer = this.#packer
    if (packer.slabIsFull) this.emit()
    packer.open(plus(this.window.last, 1), this.received.min, ORDER, isSafe ? SAFE : 0)
    this.#class = ORDER | (isSafe ? SAFE_CLASS : 0)
    const at = packer.reserve(runsBytes(ranks.length))
    writeRuns(packer.slab.bytes, at, ranks, lasts)
    if (isFollowed) this.#fill()
    else this.#seal()
  }

  /** Packets of the train that leaves next. */
  get trainPackets(): number {
    return this.#packer.trainPackets
  }

  /** Sends a control packet with that train, all of whose packets are full ones; or alone, if it has no room. */
  ride(packet: Uint8Array): void {
    if (this.#packer.append(packet)) return
    this.emit()
    this.#outbox.send(this.to, packet, 0, packet.length)
  }

  /** Hands what is new to the network as a train. */
  emit(): void {
    const packer = this.#packer
    const length = packer.packetAt - packer.trainAt
    if (length > 0) this.#outbox.send(this.to, packer.slab.bytes, packer.trainAt, length)
    packer.trainAt = packer.packetAt
  }

  wedge(): void {
    this.seal()
    this.emit()
    this.isWedged = true
  }

  /**
   * Member `rank` has received, and its application has consumed, up to these numbers. Returns true if a pending
   * message came to its end by that.
   */
  acknowledge(rank: number, received: number, consumed: number): boolean {
    const { window } = this
    const { last, capacity } = window
    // Nobody has what was never sent. Who says so was sent forged packets: what it has of this member's still counts, or
    // the window would never open again. And nobody lacks more than a ring: such a word is broken.
    if (distance(received, last) > 0) received = last
    if (distance(consumed, received) > 0) consumed = received
    const isKept = (seq: number) => distance(last, seq) >= 0 && distance(last, seq) <= capacity
    if (!isKept(received) || !isKept(consumed)) return false
    this.received.raise(rank, received)
    const hasRisen = this.consumed.raise(rank, consumed)
    if (distance(this.received.min, window.released) > 0) {
      window.release(earlier(this.received.min, this.#effects.consumed()))
    }
    if (!hasRisen) return false
    this.flow.consumed(window.bytesUpTo(this.consumed.min))
    return this.#pending !== null && !this.isWedged && this.#pump()
  }

  /** The open packet cannot take a message of that class: it is of another, or rests on less. */
  #isUnfit(of: number): boolean {
    return of !== this.#class || (orderOfClass(of) === CAUSAL && this.#stamp!.isStale)
  }

  /** Opens a packet with room for a message's prefix; false while the window is closed. */
  #makeRoom(of: number): boolean {
    const packer = this.#packer
    if (packer.isOpen) return true
    if (orderOfClass(of) !== CAUSAL) return this.#open(of)
    const entriesMax = this.#stamp!.entriesIn((this.#packetBytes - HEADER_BYTES) / 2)
    // In a large group what it rests on may be more than one packet can say: others go first that say nothing else.
    while (this.#open(of)) {
      const { entries } = this.#stamp!
      const at = packer.reserve(this.#stamp!.bytes(Math.min(entries, entriesMax)))
      this.#stamp!.write(packer.slab.bytes, at, Math.min(entries, entriesMax))
      if (entries <= entriesMax) return true
      // Not padded: it may stand in the middle of a message, whose bytes the padding would be taken for.
      this.#seal()
      this.emit()
    }
    return false
  }

  #open(of: number): boolean {
    const { window, flow } = this
    const packer = this.#packer
    if (flow.room(window.sealedBytes) < this.#packetBytes) return false
    if (distance(window.last, this.consumed.min) >= window.capacity - window.capacity / RESERVED_SHARE) return false
    if (packer.slabIsFull) this.emit()
    packer.open(plus(window.last, 1), this.received.min, orderOfClass(of), of & SAFE_CLASS ? SAFE : 0)
    this.#class = of
    return true
  }

  /** Packs on with the pending message; true once all of it is in packets. */
  #pump(): boolean {
    const pending = this.#pending!
    while (this.#makeRoom(pending.class)) {
      pending.at += this.#packer.write(pending.data, pending.at)
      if (this.#packer.room < PREFIX_BYTES) this.#seal()
      if (pending.at === pending.data.length) {
        this.#pending = null
        return true
      }
    }
    return false
  }

  /** Seals the open packet as a full one. */
  #fill(): void {
    this.#packer.pad()
    this.#seal()
  }

  #seal(): void {
    const packer = this.#packer
    const at = packer.packetAt
    const length = packer.close()
    const { window } = this
    window.push(packer.slab, at, orderOfClass(this.#class) === ORDER ? 0 : length)
    if (this.#class & SAFE_CLASS) this.lastSafe = window.last
    else if (isMilestone(window.last)) this.lastSafe = later(this.lastSafe, plus(window.last, -window.capacity))
    this.#effects.sealed(window.last, packer.slab, at)
  }
}
