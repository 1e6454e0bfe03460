import { type Slab, SlabPool } from '../slab.js'
import type { Endpoint } from '../types.js'
import { TRAIN_BYTES_MAX, TRAIN_PACKETS_MAX } from '../wire/limits.js'

/** Packets read but not yet let go of. */
const READ_MAX = 256
const SLAB_BYTES = 2 * TRAIN_BYTES_MAX
const SLABS_MAX = 8
/** What is written over memory that nobody holds any more: who uses it all the same finds that out by what it gets. */
const SCRIBBLE = 0xdb

class ScribbledPool extends SlabPool {
  override put(slab: Slab): void {
    slab.bytes.fill(SCRIBBLE)
    super.put(slab)
  }
}

/** A packet on its way to one receiver; its bytes are read where the sender left them. */
export interface Packet {
  readonly bytes: Uint8Array
  readonly offset: number
  readonly length: number
  readonly from: Endpoint
  readonly multicast: boolean
}

/** What one socket has received and nobody has read. Bounded in bytes; what does not fit is dropped and counted. */
export class ReceiveBuffer {
  readonly #bytesMax: number
  #packets: Packet[] = []
  #read = 0
  #bytes = 0
  readonly #pool = new ScribbledPool(SLAB_BYTES, SLABS_MAX, bytes => new Uint8Array(bytes))
  #slab: Slab | null = null
  #slabUsed = 0
  /** Since it was last set to 0. */
  dropped = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get empty(): boolean {
    return this.#read === this.#packets.length
  }

  put(packet: Packet): void {
    if (this.#bytes + packet.length > this.#bytesMax) {
      this.dropped++
      return
    }
    this.#bytes += packet.length
    this.#packets.push(packet)
  }

  /**
   * Takes out the next packet, or, as a kernel with UDP_GRO hands it up, a train: packets of one sender and one size
   * that stand one behind the other, the last of which may be shorter. `joins` is asked before each is coupled.
   */
  take(joins: () => boolean): { bytes: Uint8Array; from: Endpoint; multicast: boolean; slab: Slab } {
    const first = this.#packets[this.#read]
    let end = this.#read + 1
    let length = first.length
    for (; end < this.#packets.length && end - this.#read < TRAIN_PACKETS_MAX; end++) {
      const next = this.#packets[end]
      if (next.from !== first.from || next.length > first.length || length + next.length > TRAIN_BYTES_MAX) break
      if (this.#packets[end - 1].length < first.length || !joins()) break
      length += next.length
    }
    // Each receiver gets bytes of its own: what one does to them is no other's concern.
    const bytes = this.#allocate(length)
    let at = 0
    for (let i = this.#read; i < end; i++) {
      const packet = this.#packets[i]
      bytes.set(packet.bytes.subarray(packet.offset, packet.offset + packet.length), at)
      at += packet.length
    }
    this.#bytes -= length
    this.#read = end
    if (this.empty || this.#read >= READ_MAX) {
      this.#packets.splice(0, this.#read)
      this.#read = 0
    }
    return { bytes, from: first.from, multicast: first.multicast, slab: this.#slab! }
  }

  // Carved from a slab: a fresh array for each packet would cost more than all else that happens to it here.
  #allocate(length: number): Uint8Array {
    if (this.#slab === null || this.#slabUsed + length > SLAB_BYTES) {
      this.#slab?.release()
      this.#slab = this.#pool.take()
      this.#slabUsed = 0
    }
    this.#slabUsed += length
    return this.#slab.bytes.subarray(this.#slabUsed - length, this.#slabUsed)
  }
}
