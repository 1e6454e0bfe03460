import { expect, it } from 'vitest'
import { totalOrder } from '../../src/sim/checkers/total-order.js'
import { judgeOf } from './judge.js'

const whatIsWrong = judgeOf(totalOrder)

const trio = `
  a starts
  b starts
  c starts
  a sees 1: a b c
  b sees 1: a b c
  c sees 1: a b c
  a sends one totally
  b sends two totally
  c sends three totally
  a delivers one from a in 1 as 1
  a delivers two from b in 1 as 2`

it('accepts one sequence, which some have more of than others', () => {
  expect(
    whatIsWrong(`${trio}
      b delivers one from a in 1 as 1
      b delivers two from b in 1 as 2
      b delivers three from c in 1 as 3
      c delivers one from a in 1 as 1`),
  ).toEqual([])
})

it('catches two orders', () => {
  expect(
    whatIsWrong(`${trio}
      b delivers two from b in 1 as 1
      b delivers one from a in 1 as 2`),
  ).toEqual([
    'b delivered "two" from b at index 1; a delivered "one" from a there',
    'b delivered "one" from a at index 2; a delivered "two" from b there',
  ])
})

it('catches them at those who went on, found before or after', () => {
  const on = `
    b sees 2: b c
    c sees 2: b c`
  expect(
    whatIsWrong(`${trio}
      b delivers one from a in 1 as 1
      b delivers three from c in 1 as 2
      c delivers one from a in 1 as 1
      c delivers two from b in 1 as 2
      a crashes
      ${on}`),
  ).toEqual(['c delivered "two" from b at index 2; b delivered "three" from c there'])
})

it('catches a skipped and a repeated index', () => {
  expect(
    whatIsWrong(`${trio}
      b delivers one from a in 1 as 1
      b delivers three from c in 1 as 3
      c delivers one from a in 1 as 1
      c delivers one from a in 1 as 1`),
  ).toEqual([
    'b delivered "three" from c at index 3, where 2 was next',
    'c delivered "one" from a at index 1, where 2 was next',
  ])
})

it('catches one that begins again in the next view, and a lineage that does not begin at 1', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 2: a b c
      c sends late totally
      a delivers late from c in 2 as 1`),
  ).toEqual([
    'a delivered "late" from c at index 1; a delivered "one" from a there',
    'a delivered "late" from c at index 1, where 3 was next',
  ])
  expect(
    whatIsWrong(`
      a starts
      a sees 1: a
      a sends one totally
      a delivers one from a in 1 as 0`),
  ).toEqual(['a delivered "one" from a at index 0, where 1 was next'])
})

it('catches a total message without an index, and another with one', () => {
  expect(
    whatIsWrong(`
      a starts
      a sees 1: a
      a sends one totally
      a delivers one from a in 1 totally`),
  ).toEqual(['a delivered "one" from a in total order without an index'])
  const [line] = [{ process: 'a', event: 'message', from: 'a', incarnation: '1', view: 1, data: 'x' } as const]
  const trace = [
    { process: 'a', event: 'view', lineage: 'x', id: 1, members: [], primary: true } as const,
    { ...line, order: 'causal', index: 1 } as const,
  ]
  expect(totalOrder.check(trace).map(({ what }) => what)).toEqual(['delivered "x" from a, causal, with index 1'])
})

const crashed = `${trio}
  c delivers one from a in 1 as 1`

it('lets a member that crashed or was left out have a tail of its own', () => {
  for (const end of ['crashes', 'is left out, now a*', 'gives way to y']) {
    expect(
      whatIsWrong(`${crashed}
        a ${end}
        c delivers three from c in 1 as 2
        c delivers two from b in 1 as 3
        c sees 2: b c`),
    ).toEqual([])
  }
})

it('lets a member that is still behind have one', () => {
  expect(
    whatIsWrong(`${crashed}
      c delivers three from c in 1 as 2
      c sees 2: b c`),
  ).toEqual([])
})

it('catches another order of what a member that crashed delivered as safe, and of all before that', () => {
  expect(
    whatIsWrong(`${crashed}
      c delivers two from b in 1 as 2
      c delivers three from c in 1 as 3
      c sees 2: b c
      b delivers one from a in 1 as 1
      b delivers three from c in 1 as 2
      b delivers two from b in 1 as 3 safely
      b crashes`),
  ).toEqual([
    'c delivered "three" from c at index 3; b delivered "two" from b, safe, there',
    'b delivered "three" from c at index 2; c delivered "two" from b there',
  ])
})

it('catches it where the member with the other order crashed too', () => {
  expect(
    whatIsWrong(`${trio}
      a crashes
      b delivers one from a in 1 as 1
      b delivers three from c in 1 as 2 safely
      b is left out, now b*`),
  ).toEqual(['a delivered "two" from b at index 2; b delivered "three" from c, safe, there'])
})

it('takes what the close made safe at a member that crashed for decided', () => {
  expect(
    whatIsWrong(`${trio}
      a crashes
      b delivers one from a in 1 as 1
      b delivers three from c in 1 as 2 at the close
      b crashes
      c delivers one from a in 1 as 1
      c delivers two from b in 1 as 2
      c sees 2: b c`),
  ).toEqual(['c delivered "two" from b at index 2; b delivered "three" from c there'])
})

const joined = `${trio}
  a sees 2: a b c d
  b delivers one from a in 1 as 1
  b delivers two from b in 1 as 2
  b sees 2: a b c d
  d starts
  d sees 2: a b c d
  a sends four totally`

it('lets who joins begin where the others are', () => {
  expect(
    whatIsWrong(`${joined}
      d delivers four from a in 2 as 3
      a delivers four from a in 2 as 3`),
  ).toEqual([])
})

it('catches who joins and begins elsewhere, also if it crashes or begins a view later', () => {
  expect(
    whatIsWrong(`${joined}
      d delivers four from a in 2 as 1
      d crashes`),
  ).toEqual(['d began view 2 at index 1; a began it at 3'])
  expect(
    whatIsWrong(`${joined}
      a sees 3: a b c d
      d sees 3: a b c d
      d delivers four from a in 3 as 4`),
  ).toEqual(['d began view 3 at index 4; a began it at 3'])
})

it('catches two who join and begin at two places', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sees 4: z a b
      b sees 4: z a b
      a sends one totally
      a sends two totally
      a delivers one from a in 4 as 5
      b delivers two from a in 4 as 6`),
  ).toEqual(['b began view 4 at index 6; a began it at 5'])
})

it('counts each lineage by itself', () => {
  expect(
    whatIsWrong(`${trio}
      a gives way to y
      a sees 9 of y: z a
      a sends five totally
      a delivers five from a in 9 as 1`),
  ).toEqual([])
})
