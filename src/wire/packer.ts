import { HEADER_BYTES, NO_FIRST, seal, writeHeader, writeU16, writeU32 } from './header.js'
import { TRAIN_BYTES_MAX, TRAIN_PACKETS_MAX } from './limits.js'

/** Bytes of the length in front of every message. */
export const PREFIX_BYTES = 4
/** In place of a length: the rest of the packet is empty. */
export const PADDING = 0xffffffff
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
  slab: Uint8Array
  /** Where in `slab` the packets begin that have not been sent. */
  trainAt = 0
  /** Where the open packet begins, or, when none is open, where the next one will. */
  packetAt = 0
  isOpen = false
  readonly #frame: PackerFrame
  readonly #slabBytes: number
  readonly #bodyBytes: number
  #at = 0
  #end = 0
  #hasFirst = false

  constructor(frame: PackerFrame) {
    this.#frame = frame
    const packets = Math.min(TRAIN_PACKETS_MAX, Math.floor(TRAIN_BYTES_MAX / frame.packetBytes))
    this.#slabBytes = packets * frame.packetBytes
    this.#bodyBytes = frame.packetBytes - HEADER_BYTES
    this.slab = new Uint8Array(0)
  }

  /** Bytes left in the open packet. */
  get room(): number {
    return this.#end - this.#at
  }

  /** Whether the slab cannot hold one more packet: what it holds must be sent before the next `open`. */
  get slabIsFull(): boolean {
    return this.packetAt + this.#frame.packetBytes > this.slab.length
  }

  /** Opens the packet `seq`. The caller has sent what a full slab held. */
  open(seq: number, stable: number, order: number): void {
    if (this.slabIsFull) {
      this.slab = new Uint8Array(this.#slabBytes)
      this.trainAt = 0
      this.packetAt = 0
    }
    const { kind, groupTag, tag, rank, flags, packetBytes } = this.#frame
    writeHeader(this.slab, this.packetAt, kind, groupTag, tag, rank, seq, stable, NO_FIRST, order, flags)
    this.#at = this.packetAt + HEADER_BYTES
    this.#end = this.packetAt + packetBytes
    this.#hasFirst = false
    this.isOpen = true
  }

  /** Whether a message of `length` bytes is better begun in the next packet: then pad this one, and close it. */
  isBetterNext(length: number): boolean {
    const room = this.#end - this.#at
    const needed = PREFIX_BYTES + length
    return needed > room && needed <= this.#bodyBytes && room <= this.#bodyBytes * PADDED_SHARE_MAX
  }

  /** Leaves the rest of the open packet empty; needs `room` for a prefix. */
  pad(): void {
    writeU32(this.slab, this.#at, PADDING)
    this.#at = this.#end
  }

  /** Writes the prefix of a message of `length` bytes; needs `room` for it. */
  begin(length: number): void {
    if (!this.#hasFirst) {
      this.#hasFirst = true
      writeU16(this.slab, this.packetAt + 24, this.#at - this.packetAt - HEADER_BYTES)
    }
    writeU32(this.slab, this.#at, length)
    this.#at += PREFIX_BYTES
  }

  /** Writes of `data`, from `from`, what fits into the open packet; returns how many bytes that were. */
  write(data: Uint8Array, from: number): number {
    const left = data.length - from
    const room = this.#end - this.#at
    const count = left < room ? left : room
    this.slab.set(from === 0 && count === left ? data : data.subarray(from, from + count), this.#at)
    this.#at += count
    return count
  }

  /** Seals the open packet and returns its length; a packet with no room for a further message counts as full. */
  close(): number {
    const isFull = this.room < PREFIX_BYTES
    // A full packet is cut to exactly packetBytes; slabs are born zeroed, so the padding is zeros.
    const length = isFull ? this.#frame.packetBytes : this.#at - this.packetAt
    seal(this.slab, this.packetAt, length)
    this.packetAt += length
    this.isOpen = false
    return length
  }
}
