import type { RandomPort } from '../ports.js'

const WORD = 2 ** 32

/** Chance from a seed: xoshiro128** (Blackman and Vigna), its state filled by splitmix32. The same seed, the same draws. */
export class SeededRandom implements RandomPort {
  #a: number
  #b: number
  #c: number
  #d: number

  /** @param seed  an integer from 0 to 2^53 - 1 */
  constructor(seed: number) {
    let state = (seed ^ Math.imul(Math.floor(seed / WORD), 0x9e3779b1)) >>> 0
    const splitmix = (): number => {
      state = (state + 0x9e3779b9) >>> 0
      let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
      return (z ^ (z >>> 15)) >>> 0
    }
    this.#a = splitmix()
    this.#b = splitmix()
    this.#c = splitmix()
    // All four zero would stay zero for ever.
    this.#d = splitmix() | 1
  }

  next(): number {
    const times5 = Math.imul(this.#b, 5)
    const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = (this.#d << 11) | (this.#d >>> 21)
    return result
  }

  /** At least 0, less than 1. */
  fraction(): number {
    return this.next() / WORD
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.fraction()
  }

  /** An integer from 0 to `n` - 1. */
  below(n: number): number {
    return Math.floor(this.fraction() * n)
  }

  /** True with probability `p`. Draws nothing where the answer is certain. */
  chance(p: number): boolean {
    return p > 0 && (p >= 1 || this.fraction() < p)
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }

  /** A stream of its own, so that a draw more here changes nothing there. */
  fork(): SeededRandom {
    return new SeededRandom(this.next() * 2 ** 21 + (this.next() >>> 11))
  }
}
