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
  /** Bytes of all packets sealed so far. */
  sealedBytes = 0
  readonly #mask: number
  readonly #bytes: (Uint8Array | undefined)[]
  readonly #offsets: Float64Array
  readonly #bytesAfter: Float64Array

  /** @param firstSeq  number of the first packet  @param capacity  packets, a power of two */
  constructor(firstSeq: number, capacity: number) {
    this.capacity = capacity
    this.last = plus(firstSeq, -1)
    this.released = this.last
    this.#mask = capacity - 1
    this.#bytes = new Array(capacity).fill(undefined)
    this.#offsets = new Float64Array(capacity)
    this.#bytesAfter = new Float64Array(capacity)
  }

  /** Keeps the next packet. The caller has seen to it that there is room. */
  push(bytes: Uint8Array, offset: number, length: number): void {
    this.last = plus(this.last, 1)
    this.sealedBytes += length
    const slot = this.last & this.#mask
    this.#bytes[slot] = bytes
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
    return this.has(seq) ? this.#bytes[seq & this.#mask] : undefined
  }

  offsetOf(seq: number): number {
    return this.#offsets[seq & this.#mask]
  }

  /** Lets go of every packet up to `seq`: nobody can ask for it any more. */
  release(seq: number): void {
    while (distance(seq, this.released) > 0 && distance(this.last, this.released) > 0) {
      this.released = plus(this.released, 1)
      this.#bytes[this.released & this.#mask] = undefined
    }
  }
}
