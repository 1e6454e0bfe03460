import { randomFillSync } from 'node:crypto'
import type { RandomPort } from '../ports.js'

const POOL_WORDS = 1024

/** Random bits from the system, a pool at a time. */
export class NodeRandom implements RandomPort {
  readonly #pool = new Uint32Array(POOL_WORDS)
  #at = POOL_WORDS

  next(): number {
    if (this.#at === POOL_WORDS) {
      randomFillSync(this.#pool)
      this.#at = 0
    }
    return this.#pool[this.#at++]
  }
}
