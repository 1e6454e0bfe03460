import { later } from '../wire/seqno.js'
import type { OrderingEffects } from './ordering.js'
import { PacketQueue } from './packet-queue.js'

export interface CausalEffects extends OrderingEffects {
  /** Adds to `sums` what packet `seq` of `rank` says that its sender had delivered, since its causal packet before. */
  addVector(rank: number, seq: number, sums: Float64Array): void
  /** A packet came before one that it rests on. */
  waits(): void
}

/** The causal packets of one sender, in its own order. */
class Lane {
  readonly queue = new PacketQueue()
  /** By rank: how many of its causal packets must be delivered before the first of the queue is. */
  readonly needs: Float64Array
  /** The vector of the first is in `needs`. */
  isRead = false
  /** A rank of which `needs` asks for more than was delivered, as far as is known. */
  lacks = -1
  /** What was delivered when the first, which is to be safe, had all that it needs: it rests on no more than that. */
  rests: Int32Array | null = null

  constructor(members: number) {
    this.needs = new Float64Array(members)
  }
}

/**
 * Causal order by vectors that count causal packets (after Birman, Schiper, Stephenson: Lightweight causal and atomic
 * group multicast, 1991, section 5.1, with packets in place of messages and differences in place of whole vectors). A
 * packet waits until all that its sender had delivered is delivered here. One vector a packet is enough: a message may
 * wait for a little more than it must, never for less.
 */
export class CausalOrder {
  waiting = 0
  /** How many packets were delivered, of all. */
  total = 0
  readonly #effects: CausalEffects
  readonly #lanes: (Lane | undefined)[]
  /** By rank: how many causal packets were delivered, and the number of the last of them. */
  readonly #delivered: Float64Array
  readonly #last: Int32Array

  /** @param before  the number before the first of every stream */
  constructor(members: number, before: number, effects: CausalEffects) {
    this.#effects = effects
    this.#lanes = new Array(members).fill(undefined)
    this.#delivered = new Float64Array(members)
    this.#last = new Int32Array(members).fill(before)
  }

  /** By rank: how many causal packets of each were delivered. Only grows. */
  get delivered(): Float64Array {
    return this.#delivered
  }

  /** What waits, by rank. */
  get queues(): (PacketQueue | undefined)[] {
    return this.#lanes.map(lane => lane?.queue)
  }

  add(rank: number, seq: number, isSafe: boolean): void {
    this.#lanes[rank] ??= new Lane(this.#lanes.length)
    const lane = this.#lanes[rank]
    lane.queue.push(seq, isSafe)
    this.waiting++
    if (lane.queue.length === 1 && !this.#isCovered(rank, lane)) this.#effects.waits()
  }

  /** Every packet of `rank` up to `seq` was delivered. */
  passed(rank: number, seq: number): void {
    this.#last[rank] = later(this.#last[rank], seq)
  }

  drain(): void {
    for (let before = -1; this.waiting > 0 && before !== this.waiting; ) {
      before = this.waiting
      for (const [rank, lane] of this.#lanes.entries()) if (lane !== undefined) this.#drain(rank, lane)
    }
  }

  #drain(rank: number, lane: Lane): void {
    const { queue } = lane
    while (queue.length > 0 && this.#isCovered(rank, lane) && this.#isSafe(rank, lane)) {
      const { first, isFirstSafe } = queue
      queue.shift()
      this.waiting--
      lane.isRead = false
      lane.rests = null
      this.#delivered[rank]++
      this.total++
      this.#last[rank] = first
      this.#effects.deliver(rank, first, isFirstSafe)
    }
  }

  #isCovered(rank: number, lane: Lane): boolean {
    const { needs } = lane
    const delivered = this.#delivered
    if (!lane.isRead) {
      this.#effects.addVector(rank, lane.queue.first, needs)
      lane.isRead = true
    } else if (lane.lacks < 0 || needs[lane.lacks] <= delivered[lane.lacks]) lane.lacks = -1
    else return false
    for (let other = 0; other < needs.length; other++) {
      // What the sender sent itself comes before it by the order of its stream.
      if (other === rank || needs[other] <= delivered[other]) continue
      lane.lacks = other
      return false
    }
    lane.lacks = -1
    return true
  }

  /**
   * Safe is only what rests on nothing that could be lost (C8). Its causal past is among what was delivered when it
   * was covered first; what others send meanwhile is not waited for, or it might wait for ever.
   */
  #isSafe(rank: number, lane: Lane): boolean {
    if (!lane.queue.isFirstSafe) return true
    lane.rests ??= this.#last.slice()
    const effects = this.#effects
    if (!effects.isStable(rank, lane.queue.first)) return false
    for (let other = 0; other < lane.rests.length; other++) {
      if (!effects.isStable(other, lane.rests[other])) return false
    }
    return true
  }
}
