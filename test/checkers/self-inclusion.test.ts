import { expect, it } from 'vitest'
import { selfInclusion } from '../../src/sim/checkers/self-inclusion.js'
import { judgeOf } from './judge.js'

const whatIsWrong = judgeOf(selfInclusion)

it('catches a view of others', () => {
  expect(
    whatIsWrong(`
      a starts
      a sees 2: b c`),
  ).toEqual(['a installed view 2 of b c, and is not in it'])
})

it('catches a view of an earlier life, at a member that crashed', () => {
  expect(
    whatIsWrong(`
      a' starts
      a' sees 2: a b
      a' crashes`),
  ).toEqual(["a' installed view 2 of another incarnation of a, and is not in it"])
})

it('catches one that was left out and is in a view as what it was', () => {
  expect(
    whatIsWrong(`
      a starts
      a sees 1: a b
      a is left out, now a*
      a sees 3: a b`),
  ).toEqual(['a installed view 3 of another incarnation of a, and is not in it'])
})

it('lets a member keep its incarnation in another lineage', () => {
  expect(
    whatIsWrong(`
      a starts
      a sees 5: a b
      a gives way to y
      a sees 2 of y: c a`),
  ).toEqual([])
})

it('does not judge a process that never said who it is', () => {
  expect(whatIsWrong('a sees 1: b')).toEqual([])
})
