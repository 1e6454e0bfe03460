import { NOT_REUSED, type Slab, SlabPool } from '../slab.js'
import { HEADER_BYTES, NO_FIRST, seal, writeHeader, writeU16, writeU32 } from './header.js'
import { TRAIN_BYTES_MAX, TRAIN_PACKETS_MAX } from './limits.js'

/** Bytes of the length in front of every message. */
export const PREFIX_BYTES = 4
/** In place of a length, all 32 bits of it set: the rest of the packet is empty. */
export const PADDING = -1
/**
 * A message that fits a packet of its own is not split for the sake of a third of a packet: what splitting costs both
 * ends is more than what sending that much emptiness does (docs/reliable-multicast.md has the figures).
 */
const PADDED_SHARE_MAX = 1 / 3

export interface PackerFrame {
  readonly kind: number
  readonly groupTag: number
  /** The view's tag, or the tell stream's. */
  readonly tag: number
  readonly rank: number
  readonly packetBytes: number
  readonly flags: number
}

/**
 * Writes messages into packets, and packets side by side into a slab, so that the packets of one turn leave as one
 * train and stay where they are until nobody can ask for them again. This is the one copy on the way down.
 *
 * Every packet of a train but its last has exactly `packetBytes`, since the kernel cuts there. A message that does not
 * fit into what is left of a packet straddles, unless too little is left: then the packet is padded. Its length prefix
 * never straddles.
 */
export class Packer {
  slab: Slab = NOT_REUSED
  /** Where in `slab` the packets begin that have not been sent. */
  trainAt = 0
  /** Where the open packet begins, or, when none is open, where the next one will. */
  packetAt = 0
  isOpen = false
  readonly #frame: PackerFrame
  readonly #pool: SlabPool
  readonly #bodyBytes: number
  #bytes = this.slab.bytes
  /** Where in it a packet may begin at most. */
  #lastPacketAt = -1
  #body = 0
  #at = 0
  #end = 0
  #hasFirst = false

  /** @param pool  gives slabs of one train each: `slabPoolFor` */
  constructor(frame: PackerFrame, pool: SlabPool) {
    // Tags signed: of what has more than 31 bits V8 makes an object for every call.
    this.#frame = { ...frame, groupTag: frame.groupTag | 0, tag: frame.tag | 0 }
    this.#pool = pool
    this.#bodyBytes = frame.packetBytes - HEADER_BYTES
  }

  /** Bytes left in the open packet. */
  get room(): number {
    return this.#end - this.#at
  }

  /** Whether the slab cannot hold one more packet: what it holds must be sent before the next `open`. */
  get slabIsFull(): boolean {
    return this.packetAt > this.#lastPacketAt
  }

  /** Packets that have not been sent. */
  get trainPackets(): number {
    return Math.ceil((this.packetAt - this.trainAt) / this.#frame.packetBytes) + (this.isOpen ? 1 : 0)
  }

  /**
   * Puts a packet of another kind behind those that have not been sent, all of which are full ones. False: there are
   * none, or their train has no room for it.
   */
  append(packet: Uint8Array): boolean {
    const { trainPackets } = this
    if (trainPackets === 0 || trainPackets === TRAIN_PACKETS_MAX || packet.length > RIDER_BYTES_MAX) return false
    if (this.packetAt - this.trainAt + packet.length > TRAIN_BYTES_MAX) return false
    this.#bytes.set(packet, this.packetAt)
    this.packetAt += packet.length
    return true
  }

  /** Opens the packet `seq`. The caller has sent what a full slab held. @param flags  besides those of the stream */
  open(seq: number, stable: number, order: number, flags: number): void {
    if (this.slabIsFull) {
      if (this.slab !== NOT_REUSED) this.slab.release()
      this.slab = this.#pool.take()
      this.#bytes = this.slab.bytes
      this.#lastPacketAt = (this.#bytes.length | 0) - RIDER_BYTES_MAX - this.#frame.packetBytes
      this.trainAt = 0
      this.packetAt = 0
    }
    const { kind, groupTag, tag, rank, packetBytes } = this.#frame
    const all = this.#frame.flags | flags
    writeHeader(this.#bytes, this.packetAt, kind, groupTag, tag, rank, seq, stable, NO_FIRST, order, all)
    this.#at = this.packetAt + HEADER_BYTES
    this.#body = this.#at
    this.#end = this.packetAt + packetBytes
    this.#hasFirst = false
    this.isOpen = true
  }

  /** Sets aside `bytes` at the beginning of the open packet's body, which its messages begin behind. Returns where. */
  reserve(bytes: number): number {
    const at = this.#at
    this.#at += bytes
    this.#body = this.#at
    return at
  }

  /** Whether a message of `length` bytes is better begun in the next packet: then pad this one, and close it. */
  isBetterNext(length: number): boolean {
    const room = this.#end - this.#at
    const needed = PREFIX_BYTES + length
    return needed > room && needed <= this.#bodyBytes && room <= this.#bodyBytes * PADDED_SHARE_MAX
  }

  /** Leaves the rest of the open packet empty, which makes it a full one. */
  pad(): void {
    if (this.room >= PREFIX_BYTES) {
      writeU32(this.#bytes, this.#at, PADDING)
      this.#at += PREFIX_BYTES
    }
    this.#bytes.fill(0, this.#at, this.#end)
    this.#at = this.#end
  }

  /** Writes the prefix of a message of `length` bytes; needs `room` for it. */
  begin(length: number): void {
    if (!this.#hasFirst) {
      this.#hasFirst = true
      writeU16(this.#bytes, this.packetAt + 24, this.#at - this.#body)
    }
    writeU32(this.#bytes, this.#at, length)
    this.#at += PREFIX_BYTES
  }

  /** Writes of `data`, from `from`, what fits into the open packet; returns how many bytes that were. */
  write(data: Uint8Array, from: number): number {
    const left = (data.length | 0) - from
    const room = this.#end - this.#at
    const count = left < room ? left : room
    this.#bytes.set(from === 0 && count === left ? data : data.subarray(from, from + count), this.#at)
    this.#at += count
    return count
  }

  /** Seals the open packet and returns its length; a packet with no room for a further message counts as full. */
  close(): number {
    const { room } = this
    if (room > 0 && room < PREFIX_BYTES) this.pad()
    const length = this.#at - this.packetAt
    seal(this.#bytes, this.packetAt, length)
    this.packetAt += length
    this.isOpen = false
    return length
  }
}

/** Room behind a full train for a control packet that rides on it. */
const RIDER_BYTES_MAX = 512

/** Bytes of a full train. */
export function trainBytes(packetBytes: number): number {
  return Math.min(TRAIN_PACKETS_MAX, Math.floor(TRAIN_BYTES_MAX / packetBytes)) * packetBytes
}

/** Slabs kept for the next trains: as many as a window of some megabytes has under way. */
const SLABS_MAX = 96

export const slabPoolFor = (packetBytes: number): SlabPool =>
  new SlabPool(trainBytes(packetBytes) + RIDER_BYTES_MAX, SLABS_MAX, bytes => new Uint8Array(bytes))
