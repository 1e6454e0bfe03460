import { NOT_REUSED, Slab, type SlabPool } from '../slab.js'
import { firstOf, lengthOf, NO_FIRST, readI32, writeU32 } from './header.js'
import { PADDING, PREFIX_BYTES } from './packer.js'

/** Where a stream's messages go as they become whole. */
export interface DeliverySink {
  /**
   * `count` messages, each behind its length, that lie in `slab` from `offset` up to `end`, and end in packet `seq`. If
   * `isAssembled`, the slab is held for these messages, and who takes them lets go of it.
   */
  delivered(
    slab: Slab,
    offset: number,
    end: number,
    count: number,
    rank: number,
    seq: number,
    isAssembled: boolean,
  ): void
}

/** Where messages that straddle packets are put together: one behind the other in slabs that all streams share. */
export class Assembly {
  slab: Slab = NOT_REUSED
  readonly #pool: SlabPool
  #at: number

  constructor(pool: SlabPool) {
    this.#pool = pool
    this.#at = pool.slabBytes
  }

  /** Makes `slab` one with room for `bytes`, held for them, and returns where they go. */
  place(bytes: number): number {
    if (bytes > this.#pool.slabBytes / 4) {
      const own = new Slab(new Uint8Array(bytes), null)
      own.hold()
      this.#swap(own)
      this.#at = this.#pool.slabBytes
      own.hold()
      return 0
    }
    if (this.#at + bytes > this.#pool.slabBytes) {
      this.#swap(this.#pool.take())
      this.#at = 0
    }
    const at = this.#at
    this.#at += bytes
    this.slab.hold()
    return at
  }

  #swap(slab: Slab): void {
    if (this.slab !== NOT_REUSED) this.slab.release()
    this.slab = slab
  }
}

/**
 * Reads the messages out of one sender's packets of one order, given in sequence: in place where messages lie whole in
 * one packet, put together where one straddles. Holds at most one unfinished message, of `messageBytesMax` at most.
 */
export class Fragments {
  readonly #rank: number
  readonly #messageBytesMax: number
  readonly #sink: DeliverySink
  readonly #assembly: Assembly
  #slab: Slab = NOT_REUSED
  #start = 0
  #filled = 0
  #length = 0
  #isPartial = false

  constructor(rank: number, messageBytesMax: number, assembly: Assembly, sink: DeliverySink) {
    this.#rank = rank
    this.#messageBytesMax = messageBytesMax
    this.#assembly = assembly
    this.#sink = sink
  }

  /**
   * Takes the next packet of the stream, at `at` in `slab`, whose messages begin at `body`. Returns false if they make no
   * sense; what is left of them is dropped.
   */
  read(slab: Slab, at: number, body: number, seq: number): boolean {
    const b = slab.bytes
    const end = at + lengthOf(b, at)
    let i = body
    if (this.#isPartial) {
      i = this.#append(b, i, end)
      if (this.#filled < this.#length) return i === end
      this.#isPartial = false
      const start = this.#start
      this.#sink.delivered(this.#slab, start, start + this.#length, 1, this.#rank, seq, true)
    }
    const first = firstOf(b, at)
    if (first === NO_FIRST) return end - i < PREFIX_BYTES || readI32(b, i) === PADDING
    if (first !== i - body) return false
    const begin = i
    let count = 0
    let isSound = true
    let straddling = -1
    while (end - i >= PREFIX_BYTES) {
      const length = readI32(b, i)
      if (length < 0 || length > this.#messageBytesMax) {
        isSound = length === PADDING
        break
      }
      if (length > end - i - PREFIX_BYTES) {
        straddling = length
        break
      }
      i += PREFIX_BYTES + length
      count++
    }
    if (count > 0) this.#sink.delivered(slab, begin, i, count, this.#rank, seq, false)
    if (straddling >= 0) {
      this.#begin(straddling)
      this.#append(b, i + PREFIX_BYTES, end)
    }
    return isSound
  }

  #begin(length: number): void {
    this.#start = this.#assembly.place(PREFIX_BYTES + length)
    this.#slab = this.#assembly.slab
    writeU32(this.#slab.bytes, this.#start, length)
    this.#filled = PREFIX_BYTES
    this.#length = PREFIX_BYTES + length
    this.#isPartial = true
  }

  #append(b: Uint8Array, from: number, end: number): number {
    const needed = this.#length - this.#filled
    const to = end - from < needed ? end : from + needed
    this.#slab.bytes.set(b.subarray(from, to), this.#start + this.#filled)
    this.#filled += to - from
    return to
  }
}
