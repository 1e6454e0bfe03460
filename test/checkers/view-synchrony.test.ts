import { expect, it } from 'vitest'
import { viewSynchrony } from '../../src/sim/checkers/view-synchrony.js'
import { judgeOf } from './judge.js'

const whatIsWrong = judgeOf(viewSynchrony)

const trio = `
  a starts
  b starts
  c starts
  a sees 1: a b c
  b sees 1: a b c
  c sees 1: a b c
  a sends one
  a sends two
  a delivers one from a in 1
  b delivers one from a in 1
  a delivers two from a in 1`

it('catches a message that one of two lacks who go on together', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 2: a b
      b sees 2: a b`),
  ).toEqual(['b went on from view 1 with a, who delivered "two" from a in it, and did not'])
})

it('catches it where the one that has more is found later, and crashed since', () => {
  expect(
    whatIsWrong(`
      b starts
      c starts
      b sees 1: a b c
      b sees 2: b c
      c sees 1: a b c
      c delivers last from a in 1
      c sees 2: b c
      c crashes`),
  ).toEqual(['b went on from view 1 with c, who delivered "last" from a in it, and did not'])
})

it('catches a second delivery as a difference', () => {
  expect(
    whatIsWrong(`${trio}
      b delivers two from a in 1
      b delivers two from a in 1
      a sees 2: a b
      b sees 2: a b`),
  ).toHaveLength(1)
})

it('catches a late delivery: it was not in the view', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 2: a b
      b sees 2: a b
      b delivers two from a in 1`),
  ).toHaveLength(1)
})

it('catches a difference among those whose lineage ended in order, if they claim to share what was', () => {
  const merge = (transfer: string) => `${trio}
    a gives way to y
    a sees 8 of y${transfer}: d a b
    b gives way to y
    b sees 8 of y${transfer}: d a b`
  expect(whatIsWrong(merge(' with a b'))).toHaveLength(1)
  expect(whatIsWrong(merge(' with'))).toEqual([])
  expect(whatIsWrong(merge(''))).toEqual([])
})

it('catches a `transfer` that names one who came from elsewhere', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sees 4: a b
      b sees 4: a b
      a sees 5 with a b: a b
      b gives way to y
      b sees 5 with: a b`),
  ).toEqual(['a shares what was before view 5 with b, who did not come from view 4'])
})

it('asks nothing of who crashed, left or was left out in the view', () => {
  for (const end of ['crashes', 'leaves', 'is left out, now b*']) {
    expect(
      whatIsWrong(`${trio}
        b ${end}
        c delivers one from a in 1
        c delivers two from a in 1
        c sees 2: a c
        a sees 2: a c`),
    ).toEqual([])
  }
})

it('asks nothing of who goes on to another view, or does not go on yet', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 2: a b c
      b gives way to y
      b sees 2 of y: b`),
  ).toEqual([])
})

it('asks nothing for what members tell each other, nor for another order of several senders', () => {
  expect(
    whatIsWrong(`${trio}
      b delivers mine from b in 1
      b delivers two from a in 1
      a delivers mine from b in 1
      c tells b secret
      b is told secret from c
      a sees 2: a b
      b sees 2: a b`),
  ).toEqual([])
})

it('does not take a first view that is seen late for a way of its own', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sees 1: a b
      a sees 2 with a b: a b
      b sees 2: a b`),
  ).toEqual([])
})
