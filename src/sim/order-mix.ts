import type { Order } from '../types.js'
import type { SeededRandom } from './random.js'

/** Whether a schedule that does not say has all order classes and safe messages; else it has FIFO order only. */
export const IS_MIXED_BY_DEFAULT = false

export const ORDERS: readonly Order[] = ['fifo', 'causal', 'total']
const SHARES: Readonly<Record<Order, number>> = { fifo: 0.4, causal: 0.25, total: 0.35 }
const SAFE = 0.25
/** How many seeds have one class alone: what only a crowd of one kind brings out. */
const ALONE = 0.2

/** Draws the order class of each message of a schedule, and whether it is safe. */
export class OrderMix {
  /** All is in FIFO order, and nothing safe. */
  readonly isPlain: boolean
  readonly #random: SeededRandom
  readonly #orders: readonly Order[]

  constructor(wanted: readonly Order[] | undefined, random: SeededRandom) {
    this.isPlain = wanted === undefined && !IS_MIXED_BY_DEFAULT
    this.#random = random
    const orders = wanted ?? ORDERS
    this.#orders = this.isPlain ? ['fifo'] : random.chance(ALONE) ? [random.pick(orders)] : orders
  }

  next(): { readonly order: Order; readonly safe: boolean } {
    const sum = this.#orders.reduce((shares, order) => shares + SHARES[order], 0)
    let left = this.#random.between(0, sum)
    const order = this.#orders.find(order => {
      left -= SHARES[order]
      return left < 0
    })
    return { order: order ?? this.#orders[0], safe: !this.isPlain && this.#random.chance(SAFE) }
  }
}
