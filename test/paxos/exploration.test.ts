import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../../src/sim/random.js'
import { BROKEN } from './broken.js'
import type { Fault, Judge } from './judge.js'
import { type Parts, SOUND, Synod } from './synod.js'

const SEEDS = Array.from({ length: 4_000 }, (_, seed) => seed)
const STEPS_MAX = 200

function play(parts: Parts, voters: number, seed: number): Judge {
  const random = new SeededRandom(seed)
  const synod = new Synod(parts, voters, random)
  for (let steps = random.below(STEPS_MAX); steps > 0; steps--) synod.step()
  synod.judge.takeStock()
  synod.settle()
  synod.judge.conclude()
  return synod.judge
}

describe.each([2, 3, 4, 5])('%i voters, rival proposers that crash, messages lost, repeated, out of order', voters => {
  const judges = SEEDS.map(seed => play(SOUND, voters, seed))
  const seedsOf = (fault: Fault) => SEEDS.filter(seed => judges[seed].faults.has(fault))

  test('P2: at most one value is chosen, and at most one is taken for chosen', () => {
    expect(seedsOf('agreement')).toEqual([])
  })

  test('P2b: once a value is chosen, every later ballot proposes it', () => {
    expect(seedsOf('stability')).toEqual([])
  })

  test('a ballot has one value', () => {
    expect(seedsOf('unbound')).toEqual([])
  })

  test('only what was proposed is voted for, hence chosen', () => {
    expect(seedsOf('validity')).toEqual([])
  })

  test('only what was chosen is taken for chosen', () => {
    expect(seedsOf('learning')).toEqual([])
  })

  test('promises and votes never fall', () => {
    expect(seedsOf('promise')).toEqual([])
  })

  test('whatever has happened, a proposer that reaches a quorum undisturbed comes to a decision', () => {
    expect(seedsOf('progress')).toEqual([])
  })

  test('the schedules are such that it could have gone wrong', () => {
    const share = (what: keyof Judge['seen']) => judges.filter(({ seen }) => seen[what]).length / SEEDS.length
    expect(share('chosen')).toBeGreaterThan(0.3)
    expect(share('chosen')).toBeLessThan(0.9)
    expect(share('chosenAgain')).toBeGreaterThan(0.1)
    expect(share('rivals')).toBeGreaterThan(0.05)
    expect(share('outbid')).toBeGreaterThan(0.5)
  })
})

describe('the exploration comes to two decisions with', () => {
  test.each(BROKEN)('$what', ({ voters, parts }) => {
    expect(SEEDS.some(seed => play(parts, voters, seed).faults.has('agreement'))).toBe(true)
  })
})
