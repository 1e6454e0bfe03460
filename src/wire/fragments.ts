import { firstOf, HEADER_BYTES, lengthOf, NO_FIRST, readU32 } from './header.js'
import { PADDING, PREFIX_BYTES } from './packer.js'

/** Where a stream's messages go as they become whole. */
export interface MessageSink {
  message(bytes: Uint8Array, offset: number, length: number, rank: number, seq: number): void
}

/** Messages up to this size are put together in shared chunks, larger ones in an allocation of their own. */
const CHUNK_BYTES = 65_536
const CHUNKED_BYTES_MAX = 16_384

/**
 * Reads the messages out of one sender's packets, given in sequence: in place where a message lies in one packet,
 * put together where it straddles. Holds at most one unfinished message, of `messageBytesMax` at most.
 */
export class Fragments {
  readonly #rank: number
  readonly #messageBytesMax: number
  readonly #sink: MessageSink
  #chunk = new Uint8Array(0)
  #chunkAt = 0
  #partial: Uint8Array = this.#chunk
  #start = 0
  #filled = 0
  #length = 0
  #isPartial = false

  constructor(rank: number, messageBytesMax: number, sink: MessageSink) {
    this.#rank = rank
    this.#messageBytesMax = messageBytesMax
    this.#sink = sink
  }

  /** Takes the next packet of the stream. Returns false if its body makes no sense; what is left of it is dropped. */
  read(b: Uint8Array, at: number, seq: number): boolean {
    const end = at + lengthOf(b, at)
    const body = at + HEADER_BYTES
    let i = body
    if (this.#isPartial) {
      i = this.#append(b, i, end)
      if (this.#filled < this.#length) return i === end
      this.#isPartial = false
      this.#sink.message(this.#partial, this.#start, this.#length, this.#rank, seq)
    }
    const first = firstOf(b, at)
    if (first === NO_FIRST) return end - i < PREFIX_BYTES || readU32(b, i) === PADDING
    if (first !== i - body) return false
    while (end - i >= PREFIX_BYTES) {
      const length = readU32(b, i)
      if (length > this.#messageBytesMax) return length === PADDING
      i += PREFIX_BYTES
      if (length <= end - i) {
        this.#sink.message(b, i, length, this.#rank, seq)
        i += length
      } else {
        this.#begin(length)
        i = this.#append(b, i, end)
      }
    }
    return true
  }

  #begin(length: number): void {
    if (length > CHUNKED_BYTES_MAX) {
      this.#partial = new Uint8Array(length)
      this.#start = 0
    } else {
      if (this.#chunkAt + length > this.#chunk.length) {
        this.#chunk = new Uint8Array(CHUNK_BYTES)
        this.#chunkAt = 0
      }
      this.#partial = this.#chunk
      this.#start = this.#chunkAt
      this.#chunkAt += length
    }
    this.#filled = 0
    this.#length = length
    this.#isPartial = true
  }

  #append(b: Uint8Array, from: number, end: number): number {
    const needed = this.#length - this.#filled
    const to = end - from < needed ? end : from + needed
    this.#partial.set(b.subarray(from, to), this.#start + this.#filled)
    this.#filled += to - from
    return to
  }
}
