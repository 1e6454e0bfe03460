import { ReceiveWindow } from '../multicast/receive-window.js'
import { distance, earlier, plus } from '../wire/seqno.js'
import type { OrderedDelivery } from './ordered-delivery.js'
import type { Reader } from './reader.js'

export interface IncomingOptions {
  readonly firstSeq: number
  /** Packets, a power of two. */
  readonly capacity: number
  /** Packets after whose consumption the sender is told: a quarter of its window. */
  readonly reportPackets: number
}

/** The receiving side of one stream: packets in, kept until every member has them and the application has taken them. */
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
  #turned: number

  constructor({ firstSeq, capacity, reportPackets }: IncomingOptions, reader: Reader) {
    this.window = new ReceiveWindow(firstSeq, capacity)
    this.reader = reader
    this.#capacity = capacity
    this.#reportPackets = reportPackets
    this.#reported = plus(firstSeq, -1)
    this.#turned = this.#reported
  }

  /** So much has come in this turn that the application should see it, and the sender hear of it, at once. */
  get isTurnDue(): boolean {
    return distance(this.window.received, this.#turned) >= this.#reportPackets
  }

  turnEnded(): void {
    this.#turned = this.window.received
  }

  get isReportDue(): boolean {
    return this.isReportWanted || this.#unreported >= this.#reportPackets
  }

  /** It will be soon. */
  get isReportNear(): boolean {
    return this.isReportWanted || this.#unreported >= this.#reportPackets / 2
  }

  get #unreported(): number {
    return distance(this.reader.consumed, this.#reported)
  }

  reported(): void {
    this.#reported = this.reader.consumed
    this.isReportWanted = false
  }

  /** Gives what is in sequence, up to packet `limit`, to its orders. */
  handOver(rank: number, limit: number, delivery: OrderedDelivery): void {
    delivery.packets(rank, earlier(this.window.received, limit), this.window)
  }

  /** The origin has sent up to `last`. False if that cannot be. */
  announce(last: number): boolean {
    if (distance(last, this.reader.upTo) > this.#capacity) return false
    // A sender is never a whole ring ahead of the slowest: what lies so far behind is stable, though every packet
    // that would have said so was lost. Else those could never be asked for.
    this.stable(plus(last, -this.#capacity))
    return this.window.announce(last)
  }

  /** Every member holds the stream up to `seq`: what the application has taken of it can go. */
  stable(seq: number): void {
    this.window.release(earlier(seq, this.reader.consumed))
  }
}
