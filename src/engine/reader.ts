import { Fragments, type MessageSink } from '../wire/fragments.js'
import { plus } from '../wire/seqno.js'

/** Reads one sender's packets in sequence, and knows how far the application has taken what came of them. */
export class Reader {
  /** Last packet whose messages were handed up. */
  upTo: number
  readonly #fragments: Fragments
  #outstanding = 0
  #consumedUpTo: number

  constructor(rank: number, firstSeq: number, messageBytesMax: number, sink: MessageSink) {
    this.#fragments = new Fragments(rank, messageBytesMax, sink)
    this.upTo = plus(firstSeq, -1)
    this.#consumedUpTo = this.upTo
  }

  /** Returns false if the packet made no sense. */
  read(bytes: Uint8Array, at: number, seq: number): boolean {
    this.upTo = seq
    return this.#fragments.read(bytes, at, seq)
  }

  delivered(): void {
    this.#outstanding++
  }

  /** The application has taken a message that ended in packet `seq`; later messages of that packet may be to come. */
  consume(seq: number): void {
    this.#outstanding--
    this.#consumedUpTo = plus(seq, -1)
  }

  /**
   * Last packet all of whose messages the application has taken. A message that is still being put together counts as
   * taken, or one larger than the window could never arrive.
   */
  get consumed(): number {
    return this.#outstanding === 0 ? this.upTo : this.#consumedUpTo
  }
}
