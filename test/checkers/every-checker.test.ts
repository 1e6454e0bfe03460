import { describe, expect, it } from 'vitest'
import { checkers } from '../../src/sim/checkers/index.js'
import { eventful } from './eventful.js'
import { good } from './good.js'
import { ordered } from './ordered.js'

/** Every checker, on traces in which nothing is wrong. */
describe.each(checkers.map(checker => [checker.name, checker] as const))('%s', (_, checker) => {
  it('accepts a good trace', () => {
    expect(checker.check(good)).toEqual([])
  })

  it('accepts crashes, exclusions, restarts and a merge', () => {
    expect(checker.check(eventful)).toEqual([])
  })

  it('accepts all order classes, safe and not, though the sequencer dies', () => {
    expect(checker.check(ordered)).toEqual([])
  })

  it('accepts an empty trace', () => {
    expect(checker.check([])).toEqual([])
  })
})
