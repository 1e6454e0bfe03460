import type { Order } from '../types.js'
import type { SeededRandom } from './random.js'

export const ORDERS: readonly Order[] = ['fifo', 'causal', 'total']
const SHARES: Readonly<Record<Order, number>> = { fifo: 0.4, causal: 0.25, total: 0.35 }
const SAFE = 0.25
/** How many seeds have one class alone: what only a crowd of one kind brings out. */
const ALONE = 0.2

/** Draws the order class of each message of a schedule, and whether it is safe. */
export class OrderMix {
  readonly #random: SeededRandom
  readonly #orders: readonly Order[]

  constructor(wanted: readonly Order[] | undefined, random: SeededRandom) {
    this.#random = random
    const orders = wanted ?? ORDERS
    this.#orders = random.chance(ALONE) ? [random.pick(orders)] : orders
  }

  next(): { readonly order: Order; readonly safe: boolean } {
    const sum = this.#orders.reduce((shares, order) => shares + SHARES[order], 0)
    let left = this.#random.between(0, sum)
    const order = this.#orders.find(order => {
      left -= SHARES[order]
      return left < 0
    })
    return { order: order ?? this.#orders[0], safe: this.#random.chance(SAFE) }
  }
}
