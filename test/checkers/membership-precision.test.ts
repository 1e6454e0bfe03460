import { expect, it } from 'vitest'
import { membershipPrecision } from '../../src/sim/checkers/membership-precision.js'
import { judgeOf } from './judge.js'

const whatIsWrong = judgeOf(membershipPrecision)

const trio = `
  a starts
  b starts
  c starts
  a sees 2: a b c
  b sees 2: a b c
  c sees 2: a b c`

it('catches a member that stays behind', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 3: a b
      b sees 3: a b`),
  ).toEqual([
    'a ended in view 3 of a b (lineage x), without c',
    'b ended in view 3 of a b (lineage x), without c',
    'c ended in view 2 of a b c (lineage x), while others are in view 3 of a b (lineage x)',
  ])
})

it('catches dead members in a view: who crashed, who left, who was left out', () => {
  expect(
    whatIsWrong(`${trio}
      c crashes`),
  ).toEqual([
    'a ended in view 2 of a b c (lineage x), though c had gone',
    'b ended in view 2 of a b c (lineage x), though c had gone',
  ])
  expect(
    whatIsWrong(`${trio}
      c leaves`),
  ).toHaveLength(2)
  expect(
    whatIsWrong(`${trio}
      c is left out, now c*`),
  ).toContain('c ended in no view')
})

it('catches two lineages that never met', () => {
  expect(
    whatIsWrong(`${trio}
      d starts
      d sees 1 of y: d`),
  ).toContain('d ended in view 1 of d (lineage y), while others are in view 2 of a b c (lineage x)')
})

it('catches one who lives and is in no view', () => {
  expect(
    whatIsWrong(`${trio}
      d starts`),
  ).toContain('d ended in no view')
})

it('lets go who crashed, left, failed or wants to leave', () => {
  expect(
    whatIsWrong(`${trio}
      d starts
      d sees 1 of y: d
      d crashes
      e starts
      e sees 2 of y: e
      e fails
      c wants to leave
      a sees 3: a b
      b sees 3: a b`),
  ).toEqual([])
})

it('asks nothing where a quorum is lost for good', () => {
  expect(
    whatIsWrong(`${trio}
      a crashes
      b crashes`),
  ).toEqual([])
  // c could have a quorum of view 2 with b; but b has gone on from it, and stands alone.
  expect(
    whatIsWrong(`${trio}
      a sees 3: a b
      b sees 3: a b
      a crashes`),
  ).toEqual([])
})

it('asks for the survivors of a quorum that is not lost', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 3: a b
      b sees 3: a b
      b crashes`),
  ).toHaveLength(3)
})

it('counts a member whose application does not look at views', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sees 2: b a`),
  ).toEqual([])
})

it('tells groups apart where the trace does', () => {
  expect(
    whatIsWrong(`
      a starts in orders
      a sees 1: a
      b starts in bills
      b sees 1 of y: b`),
  ).toEqual([])
})
