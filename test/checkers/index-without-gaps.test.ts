import { expect, it } from 'vitest'
import { indexWithoutGaps } from '../../src/sim/checkers/index-without-gaps.js'
import { judgeOf } from './judge.js'

const whatIsWrong = judgeOf(indexWithoutGaps)

const duo = `
  a starts
  b starts
  a sees 1: a b
  b sees 1: a b
  a sends one totally
  a sends two totally
  a sends three totally
  a delivers one from a in 1 as 1
  b delivers one from a in 1 as 1`

it('accepts indices that go on from view to view', () => {
  expect(
    whatIsWrong(`${duo}
      a sees 2: a b
      b sees 2: a b
      b sees 3: b
      b delivers two from a in 3 as 2
      b delivers three from a in 3 as 3`),
  ).toEqual([])
})

it('catches a gap at the close of a view, after the sequencer crashed', () => {
  expect(
    whatIsWrong(`${duo}
      a delivers two from a in 1 as 2
      a crashes
      b sees 2: b
      b sends next totally
      b delivers next from b in 2 as 3`),
  ).toEqual(['b delivered index 3 in view 2 where 2 was next'])
})

it('catches a gap within a view, and a beginning other than 1', () => {
  expect(
    whatIsWrong(`${duo}
      b delivers three from a in 1 as 3
      b sees 2: b`),
  ).toEqual(['b delivered index 3 in view 1 where 2 was next'])
  expect(
    whatIsWrong(`
      a starts
      a sees 1: a
      a sends one totally
      a delivers one from a in 1 as 2`),
  ).toEqual(['a delivered index 2 in view 1 where 1 was next'])
})

it('catches a repetition in a later view, at another member too', () => {
  expect(
    whatIsWrong(`${duo}
      a sees 2: a c
      c starts
      c sees 2: a c
      c sends new totally
      c delivers new from c in 2 as 1`),
  ).toEqual(['c delivered index 1 in view 2 after index 1 in an earlier one'])
})

it('does not count the tail of a member that crashed or was left out, unless it was safe', () => {
  const tail = (how: string) => `${duo}
    a delivers two from a in 1 as 2${how}
    a crashes
    b sees 2: b
    b sends next totally
    b delivers next from b in 2 as 2`
  expect(whatIsWrong(tail(''))).toEqual([])
  expect(whatIsWrong(tail(' safely'))).toEqual(['b delivered index 2 in view 2 after index 2 in an earlier one'])
})

it('asks for nothing between views of which no trace has the end', () => {
  expect(
    whatIsWrong(`${duo}
      c starts
      c sees 4: z c
      c sends late totally
      c delivers late from c in 4 as 9`),
  ).toEqual([])
  expect(
    whatIsWrong(`
      a starts
      a sees 1: a
      a crashes
      b starts
      b sees 2: b
      b sends late totally
      b delivers late from b in 2 as 4`),
  ).toEqual([])
})

it('counts each lineage by itself', () => {
  expect(
    whatIsWrong(`${duo}
      b gives way to y
      b sees 1 of y: b
      b sends anew totally
      b delivers anew from b in 1 as 1`),
  ).toEqual([])
})

it('takes what stands before a safe message for as final as that, though its receivers gave up their lineage', () => {
  expect(
    whatIsWrong(`${duo}
      a sends four totally safely
      b delivers two from a in 1 as 2
      b delivers three from a in 1 as 3
      b delivers four from a in 1 as 4 safely
      b gives way to y`),
  ).toEqual([])
})

it('takes what stands before a message that the close made safe for as final as that, though its receiver saw no more', () => {
  const story = `${duo}
      a sends four totally safely
      a delivers two from a in 1 as 2
      a delivers four from a in 1 as 3 at the close
      a crashes`
  expect(whatIsWrong(story)).toEqual([])
  expect(whatIsWrong(story.replace('as 3 at', 'as 4 at'))).toEqual(['a delivered index 4 in view 1 where 3 was next'])
})
