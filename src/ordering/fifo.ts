import type { OrderingEffects } from './ordering.js'
import { PacketQueue } from './packet-queue.js'

/**
 * FIFO order is the order of each stream itself. So nothing waits here but packets that are to be safe, and those of the
 * same sender behind them.
 */
export class FifoOrder {
  /** How many packets wait. */
  waiting = 0
  readonly #effects: OrderingEffects
  /** What waits, by rank; made when first needed. */
  readonly queues: (PacketQueue | undefined)[]

  constructor(members: number, effects: OrderingEffects) {
    this.#effects = effects
    this.queues = new Array(members).fill(undefined)
  }

  /** Whether the next packet of `rank` has others before it. */
  holds(rank: number): boolean {
    const queue = this.queues[rank]
    return queue !== undefined && queue.length > 0
  }

  add(rank: number, seq: number, isSafe: boolean): void {
    this.queues[rank] ??= new PacketQueue()
    this.queues[rank].push(seq, isSafe)
    this.waiting++
  }

  drain(): void {
    if (this.waiting === 0) return
    for (const [rank, queue] of this.queues.entries()) {
      while (queue !== undefined && queue.length > 0) {
        const { first, isFirstSafe } = queue
        if (isFirstSafe && !this.#effects.isStable(rank, first)) break
        queue.shift()
        this.waiting--
        this.#effects.deliver(rank, first, isFirstSafe)
      }
    }
  }
}
