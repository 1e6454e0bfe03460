import type { Slab } from '../slab.js'
import { distance, plus } from '../wire/seqno.js'

/**
 * The packets that this member has sent in one stream and that may still be asked for: a ring by sequence number,
 * pointing into the packer's slabs. Also keeps the running count of bytes, which flow control works on.
 */
export class SendWindow {
  readonly capacity: number
  /** Number of the last packet sealed. */
  last: number
  /** Every packet up to here has been released. */
  released: number
  /** Bytes of all packets sealed so far that count against the flow-control window. */
  sealedBytes = 0
  readonly #mask: number
  readonly #slabs: (Slab | undefined)[]
  readonly #offsets: Int32Array
  readonly #bytesAfter: Float64Array

  /** @param firstSeq  number of the first packet  @param capacity  packets, a power of two */
  constructor(firstSeq: number, capacity: number) {
    this.capacity = capacity
    this.last = plus(firstSeq, -1)
    this.released = this.last
    this.#mask = capacity - 1
    this.#slabs = new Array(capacity).fill(undefined)
    this.#offsets = new Int32Array(capacity)
    this.#bytesAfter = new Float64Array(capacity)
  }

  /** Keeps the next packet, of which `counted` bytes count. The caller has seen to it that there is room. */
  push(slab: Slab, offset: number, counted: number): void {
    this.last = plus(this.last, 1)
    this.sealedBytes += counted
    const slot = this.last & this.#mask
    this.#slabs[slot] = slab
    slab.hold()
    this.#offsets[slot] = offset
    this.#bytesAfter[slot] = this.sealedBytes
  }

  has(seq: number): boolean {
    return distance(seq, this.released) > 0 && distance(this.last, seq) >= 0
  }

  /** Bytes of the stream up to and including packet `seq`, which must lie in the ring or be the last released. */
  bytesUpTo(seq: number): number {
    return this.#bytesAfter[seq & this.#mask]
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

  /** Lets go of every packet up to `seq`: nobody can ask for it any more. */
  release(seq: number): void {
    while (distance(seq, this.released) > 0 && distance(this.last, this.released) > 0) {
      this.released = plus(this.released, 1)
      const slot = this.released & this.#mask
      this.#slabs[slot]!.release()
      this.#slabs[slot] = undefined
    }
  }
}
