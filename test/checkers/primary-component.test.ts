import { expect, it } from 'vitest'
import { primaryComponent } from '../../src/sim/checkers/primary-component.js'
import { judgeOf } from './judge.js'

const whatIsWrong = judgeOf(primaryComponent)

const trio = `
  a starts
  b starts
  c starts
  a sees 2: a b c
  b sees 2: a b c
  c sees 2: a b c`

it('catches two sides that both go on', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 3: a
      b sees 3: b c
      a sends one
      a delivers one from a in 3`),
  ).toEqual(['b is in primary view 3 of b c; a is in primary view 3 of a, and delivered 1 messages in it'])
})

it('catches two primary views that come from one, whatever their ids', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 4: a
      b sees 3: b c`),
  ).toEqual([
    'b went from view 2 to primary view 3 of b c; a is in primary view 4 of a, and delivered 0 messages in it',
  ])
})

const lone = (voters: string) => `
  a starts
  b starts
  c starts
  a sees 1: ${voters}
  b sees 1: ${voters}
  c sees 1: ${voters}
  a sees 2: ${voters}
  a sees 3: a
  b is left out, now b*
  c is left out, now c*`

it('catches a view that goes on without a quorum: its other voters were never in it', () => {
  expect(whatIsWrong(lone('a b c'))).toEqual([
    'a went from view 2 to view 3, though of its voters a b c at most a can have agreed',
  ])
  expect(whatIsWrong(lone('c a b?'))).toHaveLength(1)
})

it('lets half of the voters go on with the most senior, or the only one', () => {
  expect(whatIsWrong(lone('a b c?'))).toEqual([])
  expect(whatIsWrong(lone('b? a c?'))).toEqual([])
})

it('lets a quorum go on whose voters crashed or were left out after they agreed', () => {
  expect(
    whatIsWrong(`${trio}
      a crashes
      b is left out, now b*
      c sees 3: c`),
  ).toEqual([])
})

it('lets voters go unseen whose traces end early, or begin late', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      c starts
      a sees 1: b c a
      b sees 1: b c a
      b crashes
      c sees 4: a c
      a sees 2: b c a
      a sees 3: a`),
  ).toEqual([])
})

it('lets a side go on that does not call itself primary', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 3 aside: a
      b sees 3: b c`),
  ).toEqual([])
})

it('lets two lineages go on side by side', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 1 of y: a
      b sees 3: b c
      c sees 3: b c`),
  ).toEqual([])
})
