import { firstOf, HEADER_BYTES, readU32, seqOf } from '../../src/wire/header.js'
import { PREFIX_BYTES } from './settings.js'

const SLAB_BYTES = 1 << 18

/** Takes one sender's packets apart: one call for each message, wherever it lies whole. */
export class PacketReader {
  /** Packets consumed: the number of the next one. */
  next = 0
  lost = 0
  readonly #deliver: (bytes: Uint8Array, offset: number, length: number) => void
  /** Where messages that lie in several packets are put together. A delivered message stays valid, so it only grows. */
  #slab = new Uint8Array(SLAB_BYTES)
  #slabAt = 0
  #buffer: ArrayBufferLike = this.#slab.buffer
  #base = 0
  /** Of the message that is being put together: its length, and what is still to come. */
  #length = 0
  #missing = 0

  constructor(deliver: (bytes: Uint8Array, offset: number, length: number) => void) {
    this.#deliver = deliver
  }

  /** Begins a datagram, which `read` then takes packets from. */
  open(bytes: Uint8Array): void {
    this.#buffer = bytes.buffer
    this.#base = bytes.byteOffset
  }

  read(bytes: Uint8Array, at: number, end: number): void {
    const seq = seqOf(bytes, at)
    let from = at + HEADER_BYTES
    if (seq !== this.next) {
      // No protocol here to repair it: count, and go on at the next message.
      this.lost += seq - this.next
      this.#missing = 0
      from += firstOf(bytes, at)
    }
    this.next = seq + 1
    if (this.#missing > 0) from = this.#gather(from, end)
    while (end - from >= PREFIX_BYTES) {
      const length = readU32(bytes, from)
      if (length === 0) return
      from += PREFIX_BYTES
      if (length <= end - from) {
        this.#deliver(bytes, from, length)
        from += length
      } else {
        this.#begin(length)
        from = this.#gather(from, end)
      }
    }
  }

  #begin(length: number): void {
    if (this.#slab.length - this.#slabAt < length) {
      this.#slab = new Uint8Array(Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, length)).buffer)
      this.#slabAt = 0
    }
    this.#length = length
    this.#missing = length
  }

  #gather(from: number, end: number): number {
    const length = Math.min(this.#missing, end - from)
    // Half the price of Buffer.copy or subarray in Node 20.
    this.#slab.set(new Uint8Array(this.#buffer, this.#base + from, length), this.#slabAt)
    this.#slabAt += length
    this.#missing -= length
    if (this.#missing === 0) this.#deliver(this.#slab, this.#slabAt - this.#length, this.#length)
    return from + length
  }
}
