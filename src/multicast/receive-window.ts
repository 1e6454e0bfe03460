import type { Slab } from '../slab.js'
import { distance, plus } from '../wire/seqno.js'

/** What became of a packet. */
export const FRESH = 0
export const DUPLICATE = 1
/** So far ahead that no sender of this view may have sent it. */
export const BEYOND = 2

/**
 * The packets of one origin: a ring by sequence number. A packet stays, delivered or not, until every member holds
 * it or the view is over, because any member may have to supply it when its sender cannot.
 */
export class ReceiveWindow {
  /** Lowest number not yet received in sequence. */
  next: number
  /** Highest number known to exist, by a packet or by an announcement. */
  last: number
  /** Every packet up to here has been released. */
  released: number
  readonly #capacity: number
  readonly #mask: number
  readonly #bytes: (Uint8Array | undefined)[]
  readonly #offsets: Int32Array
  readonly #slabs: (Slab | undefined)[]

  /** @param firstSeq  number of the origin's first packet  @param capacity  packets, a power of two */
  constructor(firstSeq: number, capacity: number) {
    this.next = firstSeq
    this.last = plus(firstSeq, -1)
    this.released = this.last
    this.#capacity = capacity
    this.#mask = capacity - 1
    this.#bytes = new Array(capacity).fill(undefined)
    this.#offsets = new Int32Array(capacity)
    this.#slabs = new Array(capacity).fill(undefined)
  }

  /** Last number up to which everything has been received. */
  get received(): number {
    return plus(this.next, -1)
  }

  get hasGap(): boolean {
    return distance(this.last, this.next) >= 0
  }

  /** @param slab  where `bytes` lie: it is held until the packet is released */
  insert(seq: number, bytes: Uint8Array, offset: number, slab: Slab): number {
    if (distance(seq, this.next) < 0) return DUPLICATE
    if (this.#isBeyond(seq)) return BEYOND
    const slot = seq & this.#mask
    if (this.#bytes[slot] !== undefined) return DUPLICATE
    this.#bytes[slot] = bytes
    this.#offsets[slot] = offset
    this.#slabs[slot] = slab
    slab.hold()
    if (distance(seq, this.last) > 0) this.last = seq
    if (seq === this.next) {
      do this.next = plus(this.next, 1)
      while (
        // The slot of `next` may still hold the oldest packet of a full ring: only numbers up to `last` can be there.
        distance(this.last, this.next) >= 0 &&
        this.#bytes[this.next & this.#mask] !== undefined
      )
    }
    return FRESH
  }

  /** The origin says that it has sent up to `last`. False if that cannot be. */
  announce(last: number): boolean {
    if (distance(last, this.next) < 0) return true
    if (this.#isBeyond(last)) return false
    if (distance(last, this.last) > 0) this.last = last
    return true
  }

  has(seq: number): boolean {
    if (distance(seq, this.released) <= 0 || distance(this.last, seq) < 0) return false
    return this.#bytes[seq & this.#mask] !== undefined
  }

  bytesOf(seq: number): Uint8Array | undefined {
    return this.has(seq) ? this.#bytes[seq & this.#mask] : undefined
  }

  offsetOf(seq: number): number {
    return this.#offsets[seq & this.#mask]
  }

  /** Of a packet that is there. */
  slabOf(seq: number): Slab {
    return this.#slabs[seq & this.#mask]!
  }

  /** Of numbers not before `next`. In two steps: half of all numbers ahead, the distance to `released` comes out negative. */
  #isBeyond(seq: number): boolean {
    return distance(seq, this.next) + distance(this.next, this.released) > this.#capacity
  }

  /** Lets go of every packet up to `seq`; what has not been received in sequence stays. */
  release(seq: number): void {
    while (distance(seq, this.released) > 0 && distance(this.next, this.released) > 1) {
      this.released = plus(this.released, 1)
      const slot = this.released & this.#mask
      this.#bytes[slot] = undefined
      this.#slabs[slot]!.release()
      this.#slabs[slot] = undefined
    }
  }
}
