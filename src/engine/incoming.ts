import { ReceiveWindow } from '../multicast/receive-window.js'
import type { MessageSink } from '../wire/fragments.js'
import { distance, earlier, plus } from '../wire/seqno.js'
import { Reader } from './reader.js'

export interface IncomingOptions {
  readonly rank: number
  readonly firstSeq: number
  /** Packets, a power of two. */
  readonly capacity: number
  readonly messageBytesMax: number
  /** Packets after whose consumption the sender is told: a quarter of its window. */
  readonly reportPackets: number
}

/** The receiving side of one stream: packets in, messages out in sequence. */
export class Incoming {
  readonly window: ReceiveWindow
  readonly reader: Reader
  /** A packet came after a later one, and no message has been put together since. */
  wasRepaired = false
  /** The sender waits to hear from this member. */
  isReportWanted = false
  readonly #capacity: number
  readonly #reportPackets: number
  #reported: number

  constructor(options: IncomingOptions, sink: MessageSink) {
    const { rank, firstSeq, capacity, messageBytesMax } = options
    this.window = new ReceiveWindow(firstSeq, capacity)
    this.reader = new Reader(rank, firstSeq, messageBytesMax, sink)
    this.#capacity = capacity
    this.#reportPackets = options.reportPackets
    this.#reported = plus(firstSeq, -1)
  }

  /** So much has come since the last report that the application should see it, and the sender hear of it, at once. */
  get isTurnDue(): boolean {
    return distance(this.window.received, this.#reported) >= this.#reportPackets
  }

  get isReportDue(): boolean {
    return this.isReportWanted || distance(this.reader.consumed, this.#reported) >= this.#reportPackets
  }

  reported(): void {
    this.#reported = this.reader.consumed
    this.isReportWanted = false
  }

  /** Hands up what is in sequence, up to packet `limit`. Returns how many packets made no sense. */
  deliver(limit: number): number {
    const { window, reader } = this
    const last = earlier(window.received, limit)
    let malformed = 0
    while (distance(last, reader.upTo) > 0) {
      const seq = plus(reader.upTo, 1)
      if (!reader.read(window.bytesOf(seq)!, window.offsetOf(seq), seq)) malformed++
    }
    return malformed
  }

  /** The origin has sent up to `last`. False if that cannot be. */
  announce(last: number): boolean {
    if (distance(last, this.reader.upTo) > this.#capacity) return false
    // A sender is never a whole ring ahead of the slowest: what lies so far behind is stable, though every packet
    // that would have said so was lost. Else those could never be asked for.
    this.stable(plus(last, -this.#capacity))
    return this.window.announce(last)
  }

  /** Every member holds the stream up to `seq`: what has been read of it can go. */
  stable(seq: number): void {
    this.window.release(earlier(seq, this.reader.upTo))
  }
}
