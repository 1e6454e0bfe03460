import type { Slab } from '../slab.js'
import { behindVector } from '../wire/causal-vector.js'
import { type Assembly, type DeliverySink, Fragments } from '../wire/fragments.js'
import { CAUSAL, HEADER_BYTES } from '../wire/header.js'
import { distance, plus } from '../wire/seqno.js'

export interface ReaderOptions {
  readonly rank: number
  readonly firstSeq: number
  /** Packets, a power of two: as many as may be unconsumed. */
  readonly capacity: number
  readonly messageBytesMax: number
  readonly assembly: Assembly
}

/**
 * Reads one sender's packets, each order's in sequence, and knows how far the application has taken what came of them:
 * packets of one order may overtake those of another that wait for their turn.
 */
export class Reader {
  /** Last packet that was taken out of sequence's hands: read, or put into its order. */
  upTo: number
  readonly #options: ReaderOptions
  readonly #sink: DeliverySink
  /** By order. */
  readonly #fragments: (Fragments | undefined)[] = [undefined, undefined, undefined]
  /** By packet: what of it the application has not taken, and whether it waits. */
  readonly #outstanding: Uint8Array
  readonly #mask: number
  /** The sum of `outstanding`. */
  #marks = 0
  #consumed: number

  constructor(options: ReaderOptions, sink: DeliverySink) {
    this.#options = options
    this.#sink = sink
    this.upTo = plus(options.firstSeq, -1)
    this.#consumed = this.upTo
    this.#mask = options.capacity - 1
    this.#outstanding = new Uint8Array(options.capacity)
  }

  /** Packet `seq` waits for its turn. */
  waits(seq: number): void {
    this.#mark(seq, 1)
  }

  /** Reads packet `seq`, which lies at `at` in `slab` and waits no more. Returns false if it made no sense. */
  read(order: number, slab: Slab, at: number, seq: number): boolean {
    const body = order === CAUSAL ? behindVector(slab.bytes, at) : at + HEADER_BYTES
    if (body < 0) return false
    let fragments = this.#fragments[order]
    if (fragments === undefined) {
      const { rank, messageBytesMax, assembly } = this.#options
      fragments = new Fragments(rank, messageBytesMax, assembly, this.#sink)
      this.#fragments[order] = fragments
    }
    return fragments.read(slab, at, body, seq)
  }

  /** Messages that end in packet `seq` were handed up. */
  delivered(seq: number): void {
    this.#mark(seq, 1)
  }

  /** The application has taken them; or the packet waits no more. */
  consume(seq: number): void {
    this.#mark(seq, -1)
  }

  /**
   * Last packet up to which the application has taken all messages. One that is still being put together counts as
   * taken, or one larger than the window could never arrive.
   */
  get consumed(): number {
    if (this.#marks === 0) this.#consumed = this.upTo
    while (distance(this.upTo, this.#consumed) > 0) {
      const next = plus(this.#consumed, 1)
      if (this.#outstanding[next & this.#mask] > 0) break
      this.#consumed = next
    }
    return this.#consumed
  }

  #mark(seq: number, more: number): void {
    this.#outstanding[seq & this.#mask] += more
    this.#marks += more
  }
}
