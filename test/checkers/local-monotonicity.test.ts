import { expect, it } from 'vitest'
import { localMonotonicity } from '../../src/sim/checkers/local-monotonicity.js'
import { judgeOf } from './judge.js'

const whatIsWrong = judgeOf(localMonotonicity)

it('catches an id that falls, and one that comes twice', () => {
  expect(
    whatIsWrong(`
      a starts
      a sees 2: a
      a sees 1: a b
      a sees 2: a b`),
  ).toEqual([
    'a installed view 1 after view 2 of the same lineage',
    'a installed view 2 after view 2 of the same lineage',
  ])
})

it('catches an id that falls from one life to the next', () => {
  expect(
    whatIsWrong(`
      a starts
      a sees 4: a b
      a is left out, now a*
      a sees 4: b a*`),
  ).toHaveLength(1)
})

it('catches a return to a lineage with an old view', () => {
  expect(
    whatIsWrong(`
      a starts
      a sees 4: a b
      a gives way to y
      a sees 2 of y: c a
      a sees 3: a b`),
  ).toHaveLength(1)
})

it('lets ids skip, fall from lineage to lineage, and begin anew in another process', () => {
  expect(
    whatIsWrong(`
      a starts
      a sees 4: a b
      a is left out, now a*
      a sees 9: b a*
      a gives way to y
      a sees 2 of y: c a*
      a crashes
      a' starts
      a' sees 1 of z: a'`),
  ).toEqual([])
})
