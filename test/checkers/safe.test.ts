import { expect, it } from 'vitest'
import { safe } from '../../src/sim/checkers/safe.js'
import { judgeOf } from './judge.js'

const whatIsWrong = judgeOf(safe)

const trio = `
  a starts
  b starts
  c starts
  a sees 1: a b c
  b sees 1: a b c
  c sees 1: a b c`

const on = `
  b sees 2: b c
  c sees 2: b c`

it('accepts what all deliver who go on', () => {
  expect(
    whatIsWrong(`${trio}
      a sends one safely as 1
      a delivers one from a in 1 safely
      a sealed 1 in 1
      a crashes
      b delivers one from a in 1 safely
      c delivers one from a in 1 at the close
      ${on}`),
  ).toEqual([])
})

it('catches what only those delivered as safe who crashed or were left out', () => {
  for (const end of ['crashes', 'is left out, now a*']) {
    expect(
      whatIsWrong(`${trio}
        b sends one safely
        a delivers one from b in 1 safely
        a ${end}
        b delivers one from b in 1 safely
        ${on}`),
    ).toEqual(['c went on from view 1 without "one" from b, which a delivered as safe'])
  }
})

it('asks nothing for what was not safe, nor of who did not go on', () => {
  expect(
    whatIsWrong(`${trio}
      a sends one
      a delivers one from a in 1
      a crashes
      ${on}`),
  ).toEqual([])
  expect(
    whatIsWrong(`${trio}
      a sends one safely
      a delivers one from a in 1 safely
      a sees 2: a
      b crashes
      c is left out, now c*`),
  ).toEqual([])
})

it('takes what the close made safe for decided, also at a member that crashed at once', () => {
  expect(
    whatIsWrong(`${trio}
      a sends one safely
      b delivers one from a in 1 at the close
      b crashes
      b' starts
      c sees 2: b c`),
  ).toEqual(['c went on from view 1 without "one" from a, which b delivered as safe'])
  expect(
    whatIsWrong(`${trio}
      a sends one safely
      b delivers one from a in 1 at the close
      b gives way to y
      b sees 3 of y: b
      c sees 2: a c`),
  ).toEqual([])
})

it('catches a sender that was told too early', () => {
  expect(
    whatIsWrong(`${trio}
      a sends one totally safely as 1
      a sealed 1 in 1
      a crashes
      ${on}`),
  ).toEqual([
    'b went on from view 1 without "one" from a, which a was told is safe',
    'c went on from view 1 without "one" from a, which a was told is safe',
  ])
})

it('lets a causal message be dropped inside the cut, though its sender was told', () => {
  expect(
    whatIsWrong(`${trio}
      a sends one causally safely as 1
      a sealed 1 in 1
      a is left out, now a*
      ${on}`),
  ).toEqual([])
})

it('catches a sender that was told twice, this and that', () => {
  expect(
    whatIsWrong(`${trio}
      a sends one safely as 1
      a sealed 1 in 1
      a is refused 1`),
  ).toEqual(['a was told that "one" is safe, and later that it is not'])
})

it('catches a safe causal message without what it rests on, however far back', () => {
  expect(
    whatIsWrong(`${trio}
      a sends m0 causally
      b delivers m0 from a in 1 causally
      b sends m1 causally
      c delivers m0 from a in 1 causally
      c delivers m1 from b in 1 causally
      c sends m2 causally safely
      a delivers m2 from c in 1 causally safely
      a crashes
      b delivers m1 from b in 1 causally
      b delivers m2 from c in 1 causally safely
      b sees 2: b d
      d starts
      d sees 1: a b c d
      d delivers m2 from c in 1 causally safely
      d sees 2: b d`),
  ).toEqual([
    'd went on from view 1 without "m0" from a, on which "m2" from c rests, safe at a',
    'd went on from view 1 without "m1" from b, on which "m2" from c rests, safe at a',
  ])
})

it('catches a safe total message without an earlier index', () => {
  expect(
    whatIsWrong(`${trio}
      a sends m6 totally
      a sends m7 totally safely
      a sends m8 totally
      a delivers m6 from a in 1 as 1
      a delivers m7 from a in 1 as 2 safely
      a delivers m8 from a in 1 as 3
      a crashes
      b delivers m7 from a in 1 as 1 safely
      c delivers m7 from a in 1 as 1 safely
      ${on}`),
  ).toEqual([
    'b went on from view 1 without "m6" from a, on whose index "m7" from a rests, safe at a',
    'c went on from view 1 without "m6" from a, on whose index "m7" from a rests, safe at a',
  ])
})

it('catches what was sent as safe and is not delivered so, and the other way round', () => {
  expect(
    whatIsWrong(`${trio}
      a sends one safely
      a sends two
      b delivers one from a in 1
      b delivers two from a in 1 safely`),
  ).toEqual([
    'b delivered "one" from a as if it were not safe',
    'b delivered "two" from a as safe, which it was not sent as',
  ])
})
