import type { Slab } from '../slab.js'
import { distance, plus } from '../wire/seqno.js'
import type { Train } from '../wire/train.js'

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
  readonly #slabs: (Slab | undefined)[]
  readonly #offsets: Int32Array

  /** @param firstSeq  number of the origin's first packet  @param capacity  packets, a power of two */
  constructor(firstSeq: number, capacity: number) {
    this.next = firstSeq
    this.last = plus(firstSeq, -1)
    this.released = this.last
    this.#capacity = capacity
    this.#mask = capacity - 1
    this.#slabs = new Array(capacity).fill(undefined)
    this.#offsets = new Int32Array(capacity)
  }

  /** Last number up to which everything has been received. */
  get received(): number {
    return plus(this.next, -1)
  }

  get hasGap(): boolean {
    return distance(this.last, this.next) >= 0
  }

  /**
   * Takes the packets of a train that go on where the last one ended, with nothing missing and nothing beyond them, as far
   * as there is room. Returns how many those are; the others are to be inserted one by one.
   */
  append({ first, count, offsets, slab }: Train): number {
    if (first !== this.next || this.hasGap) return 0
    const appended = Math.min(count, this.#capacity + 1 - distance(first, this.released))
    for (let i = 0; i < appended; i++) {
      const slot = plus(first, i) & this.#mask
      this.#offsets[slot] = offsets[i]
      this.#slabs[slot] = slab
    }
    slab.hold(appended)
    this.next = plus(first, appended)
    this.last = plus(this.next, -1)
    return appended
  }

  /** The packet lies in `slab`, which is held until the packet is released. */
  insert(seq: number, slab: Slab, offset: number): number {
    if (distance(seq, this.next) < 0) return DUPLICATE
    if (this.#isBeyond(seq)) return BEYOND
    const slot = seq & this.#mask
    if (this.#slabs[slot] !== undefined) return DUPLICATE
    this.#offsets[slot] = offset
    this.#slabs[slot] = slab
    slab.hold()
    if (distance(seq, this.last) > 0) this.last = seq
    if (seq === this.next) {
      do this.next = plus(this.next, 1)
      while (
        // The slot of `next` may still hold the oldest packet of a full ring: only numbers up to `last` can be there.
        distance(this.last, this.next) >= 0 &&
        this.#slabs[this.next & this.#mask] !== undefined
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
    return this.#slabs[seq & this.#mask] !== undefined
  }

  bytesOf(seq: number): Uint8Array | undefined {
    return this.has(seq) ? this.#slabs[seq & this.#mask]!.bytes : undefined
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
      this.#slabs[slot]!.release()
      this.#slabs[slot] = undefined
    }
  }
}
