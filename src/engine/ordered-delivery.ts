import { Delivery, type Safe } from '../delivery.js'
import { CausalOrder } from '../ordering/causal.js'
import { FifoOrder } from '../ordering/fifo.js'
import { Sequencer } from '../ordering/sequencer.js'
import { TotalOrder } from '../ordering/total.js'
import type { Slab } from '../slab.js'
import type { Order, View } from '../types.js'
import { addVector, behindVector } from '../wire/causal-vector.js'
import type { Assembly, DeliverySink } from '../wire/fragments.js'
import { CAUSAL, FIFO, flagsOf, ORDER, orderOf, SAFE, TOTAL } from '../wire/header.js'
import { readRuns } from '../wire/order-runs.js'
import { distance, earlier, isMilestone, plus } from '../wire/seqno.js'
import { type Counters, countDrop } from './counters.js'
import type { Outbox } from './outbox.js'
import { Reader } from './reader.js'

/** Where the packets of one stream are kept: of one that is there, the slab and where in it. */
export interface PacketSource {
  slabOf(seq: number): Slab
  offsetOf(seq: number): number
}

export interface OrderedDeliveryOptions {
  readonly view: View
  readonly rank: number
  readonly firstSeq: number
  readonly capacity: number
  readonly messageBytesMax: number
  /** Index of the last message of total order before this view. */
  readonly index: number
  readonly assembly: Assembly
  readonly counters: Counters
  readonly outbox: Outbox
  /** By rank. */
  source(rank: number): PacketSource
  /** Whether every member of the view holds the stream of `rank` up to packet `seq`. */
  isStable(rank: number, seq: number): boolean
  /** A message of `rank` was put together. */
  assembled(rank: number): void
}

const NAMES: readonly Order[] = ['fifo', 'causal', 'total']

/**
 * The way of one view's packets, once they are in sequence, to the application: each waits in its order for its turn.
 * FIFO packets that need not be safe go straight through.
 */
export class OrderedDelivery implements DeliverySink {
  readonly readers: readonly Reader[]
  /** What this member, as rank 0, has to announce. */
  readonly sequencer: Sequencer
  readonly causal: CausalOrder
  /** Index of the last message of total order that was delivered. */
  index: number
  /** A packet of another that is to be safe has come: all wait to hear that it is here. */
  hasSafeNews = false
  readonly #options: OrderedDeliveryOptions
  readonly #fifo: FifoOrder
  readonly #total: TotalOrder
  readonly #isSequencer: boolean
  #isClosing = false
  #safeWaiting = 0
  /** Of the packet that is read now. */
  #order = FIFO
  #safe: Safe = false
  /** How many packets are given now, from the one that is read on; undefined where they come one by one. */
  #left: number | undefined
  /** What was made last. */
  #last: Delivery | null = null

  constructor(options: OrderedDeliveryOptions) {
    const { view, rank, firstSeq, capacity, messageBytesMax, assembly } = options
    const size = view.members.length
    this.#options = options
    this.index = options.index
    this.readers = view.members.map(
      (_, rank) => new Reader({ rank, firstSeq, capacity, messageBytesMax, assembly }, this),
    )
    const isStable = (rank: number, seq: number) => this.#isClosing || options.isStable(rank, seq)
    const deliver = (order: number) => (rank: number, seq: number, isSafe: boolean) =>
      this.#turn(order, rank, seq, isSafe)
    const before = plus(firstSeq, -1)
    this.#fifo = new FifoOrder(size, { isStable, deliver: deliver(FIFO) })
    this.causal = new CausalOrder(size, before, {
      isStable,
      deliver: deliver(CAUSAL),
      addVector: (rank, seq, sums) => this.#addVector(rank, seq, sums),
      waits: () => options.counters.causalWaits++,
    })
    this.#total = new TotalOrder(size, before, {
      isStable,
      deliver: deliver(TOTAL),
      hasCome: (rank, seq) => distance(this.readers[rank].upTo, seq) >= 0,
      // A sender is never more than a ring ahead of what any member has consumed.
      mayBe: (rank, seq) => distance(seq, this.readers[rank].upTo) <= capacity,
    })
    this.sequencer = new Sequencer(size)
    this.#isSequencer = rank === 0
  }

  /** Something waits to be safe, or for what will be. */
  get isSafeWaiting(): boolean {
    return this.#safeWaiting > 0
  }

  /** The next packets of `rank` in sequence, up to packet `last`. */
  packets(rank: number, last: number, source: PacketSource): void {
    const reader = this.readers[rank]
    for (let left = distance(last, reader.upTo); left > 0; left--) {
      const seq = plus(reader.upTo, 1)
      this.#left = left
      this.packet(rank, seq, source.slabOf(seq), source.offsetOf(seq))
    }
    this.#left = undefined
  }

  /** The next packet of `rank` in sequence. */
  packet(rank: number, seq: number, slab: Slab, at: number): void {
    const { bytes } = slab
    const order = orderOf(bytes, at)
    const isSafe = (flagsOf(bytes, at) & SAFE) !== 0
    const reader = this.readers[rank]
    reader.upTo = seq
    if (isMilestone(seq)) this.#passed(rank, plus(seq, -this.#options.capacity))
    if (order === FIFO && !isSafe && !this.#fifo.holds(rank)) {
      this.#order = FIFO
      this.#safe = false
      if (!reader.read(FIFO, slab, at, seq)) this.#malformed()
      return
    }
    if (isSafe && rank !== this.#options.rank) this.hasSafeNews = true
    if (order === ORDER) return this.#announcement(rank, seq, bytes, at)
    if (order > TOTAL || (order === CAUSAL && behindVector(bytes, at) < 0)) return this.#malformed()
    reader.waits(seq)
    if (isSafe) this.#safeWaiting++
    if (order === FIFO) this.#fifo.add(rank, seq, isSafe)
    else if (order === CAUSAL) this.causal.add(rank, seq, isSafe)
    else {
      this.#total.add(rank, seq, isSafe)
      if (this.#isSequencer) this.sequencer.note(rank, seq, isSafe)
    }
  }

  #announcement(rank: number, seq: number, bytes: Uint8Array, at: number): void {
    const announced = (of: number, last: number) => {
      if (!this.#total.announced(of, last, seq)) this.#malformed()
    }
    if (rank !== 0 || !readRuns(bytes, at, announced)) this.#malformed()
  }

  /** A sender is never a ring ahead of what any member has consumed: every packet of `rank` up to `seq` is delivered everywhere. */
  #passed(rank: number, seq: number): void {
    this.#total.passed(rank, seq)
    this.causal.passed(rank, seq)
  }

  /** Number of the last packet of `rank` behind which none waits for its turn. */
  deliveredUpTo(rank: number): number {
    let upTo = this.readers[rank].upTo
    for (const { queues } of [this.#fifo, this.causal, this.#total]) {
      const queue = queues[rank]
      if (queue !== undefined && queue.length > 0) upTo = earlier(upTo, plus(queue.first, -1))
    }
    return upTo
  }

  /** Delivers whatever's turn has come. */
  drain(): void {
    this.#fifo.drain()
    this.causal.drain()
    this.#total.drain()
  }

  /**
   * The view is over, and everything that counts in it has been handed over: what needed all to hold it is held by all
   * who go on. Causal packets that rest on what nobody has are dropped, by all alike (C9).
   */
  close(): void {
    const { counters } = this.#options
    this.#isClosing = true
    this.#fifo.drain()
    this.causal.drain()
    counters.causalDropped += this.causal.waiting
    counters.orderedAtClose += this.#total.close()
  }

  #turn(order: number, rank: number, seq: number, isSafe: boolean): void {
    const { counters } = this.#options
    const reader = this.readers[rank]
    const source = this.#options.source(rank)
    this.#order = order
    this.#safe = isSafe && this.#isClosing ? 'close' : isSafe
    if (isSafe) {
      this.#safeWaiting--
      counters[this.#isClosing ? 'safeAtClose' : 'safeDelivered']++
    }
    if (!reader.read(order, source.slabOf(seq), source.offsetOf(seq), seq)) this.#malformed()
    reader.consume(seq)
  }

  #addVector(rank: number, seq: number, sums: Float64Array): void {
    const source = this.#options.source(rank)
    if (!addVector(source.slabOf(seq).bytes, source.offsetOf(seq), sums)) this.#malformed()
  }

  #malformed(): void {
    countDrop(this.#options.counters, 'malformed')
  }

  /** Messages that end in packet `seq` are next. In one train they make one delivery. */
  delivered(
    slab: Slab,
    offset: number,
    end: number,
    count: number,
    rank: number,
    seq: number,
    isAssembled: boolean,
  ): void {
    const { view, counters, outbox } = this.#options
    const order = NAMES[this.#order]
    const safe = this.#safe
    const { deliveries } = outbox
    const index = this.#order === TOTAL ? this.index + 1 : undefined
    if (index !== undefined) this.index += count
    counters.messagesIn += count
    if (isAssembled) this.#options.assembled(rank)
    const before = this.#last
    const isNext = before !== null && deliveries[deliveries.length - 1] === before
    if (isNext && !isAssembled && before.mayTake(rank, order, safe, slab)) return before.add(seq, offset, end, count)
    const delivery = new Delivery(
      'messages',
      view.members[rank],
      view.id,
      order,
      safe,
      index,
      rank,
      seq,
      slab,
      isAssembled,
      isAssembled ? 1 : this.#left,
    )
    delivery.add(seq, offset, end, count)
    deliveries.push(delivery)
    this.#last = delivery
    // The application takes a delivery as a whole, and of its packets the first is the one that nothing may go past.
    this.readers[rank].delivered(seq)
  }
}
