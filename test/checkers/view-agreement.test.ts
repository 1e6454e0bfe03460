import { expect, it } from 'vitest'
import { viewAgreement } from '../../src/sim/checkers/view-agreement.js'
import { judgeOf } from './judge.js'

const whatIsWrong = judgeOf(viewAgreement)

it('catches two lists of members, at members that crashed or were left out too', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      c starts
      a sees 2: a b
      b sees 2: a b c
      b crashes
      c sees 2: c
      c is left out, now c*`),
  ).toEqual(['b installed view 2 as a b c; at a it is a b', 'c installed view 2 as c; at a it is a b'])
})

it('catches another order', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sees 2: a b
      b sees 2: b a`),
  ).toEqual(['b installed view 2 as b a; at a it is a b'])
})

it('catches another incarnation', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sees 2: a b c
      b sees 2: a b c'`),
  ).toHaveLength(1)
})

it('catches other voters', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sees 2: a b?
      b sees 2: a b`),
  ).toEqual([
    'b installed view 2 as a (life of a, votes) b (life of b, votes); at a it is a (life of a, votes) b (life of b)',
  ])
})

it('lets two lineages have views of one id', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sees 2: a
      b sees 2 of y: b`),
  ).toEqual([])
})
