import { expect, it } from 'vitest'
import { SeededRandom } from '../../src/sim/random.js'

const draws = (seed: number, count = 1_000): number[] => {
  const random = new SeededRandom(seed)
  return Array.from({ length: count }, () => random.next())
}

it('draws the same from the same seed, and something else from another, however large', () => {
  expect(draws(1)).toEqual(draws(1))
  const seeds = [0, 1, 2, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER]
  expect(new Set(seeds.map(seed => draws(seed, 4).join())).size).toBe(seeds.length)
})

it('draws 32 bits, each of them set half of the time', () => {
  const words = draws(7, 10_000)
  for (let bit = 0; bit < 32; bit++) {
    const set = words.filter(word => (word >>> bit) & 1).length
    // Six standard deviations of a fair coin.
    expect(Math.abs(set - 5_000)).toBeLessThan(300)
  }
})

it('keeps its bounds', () => {
  const random = new SeededRandom(3)
  const list = Array.from({ length: 1_000 })
  expect(new Set(list.map(() => random.below(3)))).toEqual(new Set([0, 1, 2]))
  expect(list.map(() => random.between(5, 6)).filter(value => value < 5 || value >= 6)).toEqual([])
  expect(random.chance(0)).toBe(false)
  expect(random.chance(1)).toBe(true)
})

it('forks a stream that draws on its own', () => {
  const one = new SeededRandom(3)
  const other = new SeededRandom(3)
  const fork = one.fork()
  other.fork().next()
  fork.next()
  fork.next()
  expect(one.next()).toBe(other.next())
})
