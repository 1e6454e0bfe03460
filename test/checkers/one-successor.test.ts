import { expect, it } from 'vitest'
import { oneSuccessor } from '../../src/sim/checkers/one-successor.js'
import { judgeOf } from './judge.js'

const whatIsWrong = judgeOf(oneSuccessor)

const trio = `
  a starts
  b starts
  c starts
  a sees 2: a b c
  b sees 2: a b c
  c sees 2: a b c`

it('catches two ways on, at one that crashed later', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 3: a b
      b sees 3: b c
      b crashes`),
  ).toEqual(['b went from view 2 to view 3 of b c, but a went from it to view 3 of a b'])
})

it('catches one who stays and misses a view', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 3: a b c
      a sees 4: a b c
      b sees 4 with a b c: a b c`),
  ).toEqual([
    'b went from view 2 to view 4, which is not the next',
    'b went from view 2 to view 4 of a b c, but a went from it to view 3 of a b c',
  ])
})

it('lets who was left out come back later', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 3: a b
      a sees 4: a b c*
      c is left out, now c*
      c sees 4: a b c*`),
  ).toEqual([])
})

it('lets members of one view go to another lineage, each in its own time', () => {
  expect(
    whatIsWrong(`${trio}
      a gives way to y
      a sees 8 of y with a: d a
      b gives way to y
      b sees 9 of y with b: d a b`),
  ).toEqual([])
})

it('lets who gave way come back to a later view', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 3: a b
      c gives way to y
      c sees 5 with a: a b c`),
  ).toEqual([])
})
