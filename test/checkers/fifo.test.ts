import { expect, it } from 'vitest'
import { fifo } from '../../src/sim/checkers/fifo.js'
import { good } from './good.js'
import { transcript } from './transcript.js'

const whatIsWrong = (text: string) => fifo.check(transcript(text)).map(violation => violation.what)

const sends = `
  a starts
  a sees 1: a b
  b starts
  b sees 1: a b
  a sends one
  a sends two
  a sends three`

it('accepts a good trace, with a member that joined late', () => {
  expect(fifo.check(good)).toEqual([])
})

it('catches two messages in the wrong order', () => {
  expect(
    whatIsWrong(`${sends}
      b delivers two from a in 1
      b delivers one from a in 1`),
  ).toEqual(['delivered "one" from a after what was sent later, or twice'])
})

it('catches a gap', () => {
  expect(
    whatIsWrong(`${sends}
      b delivers one from a in 1
      b delivers three from a in 1`),
  ).toEqual(['delivered "three" from a without the 1 before it, first "two"'])
})

it('catches a missing beginning, known from what the sender delivered of its own', () => {
  expect(
    whatIsWrong(`${sends}
      a delivers one from a in 1
      b delivers two from a in 1`),
  ).toEqual(['delivered "two" from a without the 1 before it, first "one"'])
})

it('catches a gap at a member that crashed', () => {
  expect(
    whatIsWrong(`${sends}
      b delivers one from a in 1
      b delivers three from a in 1
      b crashes`),
  ).toHaveLength(1)
})

it('catches what was sent before the receiver was in the view', () => {
  expect(
    whatIsWrong(`
      a starts
      a sees 1: a
      a sends one
      a delivers one from a in 1
      a sees 2: a b
      a sends two
      a delivers two from a in 2
      b starts
      b sees 2: a b
      b delivers two from a in 2
      b delivers one from a in 1`),
  ).toEqual(['delivered "one" from a, sent before both were in one view'])
})

it('does not ask for a message that its sender was told is not sent', () => {
  expect(
    whatIsWrong(`
      a starts
      a sees 1: a b
      a sends one as 1
      a is refused 1
      a sends two as 2
      a sealed 2 in 1
      b starts
      b sees 1: a b
      b delivers two from a in 1`),
  ).toEqual([])
})

it('asks only for the end of a crashed sender to be missing', () => {
  expect(
    whatIsWrong(`${sends}
      a crashes
      b delivers one from a in 1
      b delivers two from a in 1`),
  ).toEqual([])
})

it('catches a gap in what one was told', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a tells b one
      a tells b two
      b is told two from a`),
  ).toEqual(['delivered "two" from a without the 1 before it, first "one"'])
})

const returning = `
  a starts
  b starts
  a sees 1: a b
  b sees 1: a b
  a sends one
  a sends two
  a sends three
  a delivers one from a in 1
  a delivers two from a in 1
  b delivers one from a in 1
  a is left out, now a*
  a sees 3: b a*
  b sees 2: b
  b sees 3: b a*`

it('asks one piece of each life of a sender that was left out', () => {
  expect(
    whatIsWrong(`${returning}
      b delivers three from a* in 3`),
  ).toEqual([])
})

it('catches a gap in what the later life of a sender sent', () => {
  expect(
    whatIsWrong(`${returning}
      a sends four
      a sends five
      a delivers three from a* in 3
      a delivers four from a* in 3
      a delivers five from a* in 3
      b delivers three from a* in 3
      b delivers five from a* in 3`),
  ).toEqual(['delivered "five" from a without the 1 before it, first "four"'])
})

const apart = `
  a starts
  b starts
  a sees 1: a b
  b sees 1: a b
  a sends one
  a sends two
  a delivers one from a in 1
  b delivers one from a in 1
  b gives way to y
  a delivers two from a in 1
  b sees 7 of y: b
  a sees 2: a
  a sends three
  a delivers three from a in 2
  a gives way to y
  a sees 8 of y: b a
  b sees 8 of y: b a
  a sends four
  a sends five
  a delivers four from a in 8
  a delivers five from a in 8`

it('asks for nothing that was sent while receiver and sender were in two lineages', () => {
  expect(
    whatIsWrong(`${apart}
      b delivers four from a in 8
      b delivers five from a in 8`),
  ).toEqual([])
})

it('catches a missing beginning, and what was sent before, where two meet again', () => {
  expect(
    whatIsWrong(`${apart}
      b delivers five from a in 8`),
  ).toEqual(['delivered "five" from a without the 1 before it, first "four"'])
  expect(
    whatIsWrong(`${apart}
      b delivers three from a in 2`),
  ).toEqual(['delivered "three" from a, sent before both were in one view'])
})

it('takes a message that may be lost for delivered, or not', () => {
  const lost = (delivered: string) => `${apart}
    a sends six as 6
    a sealed 6 in 8
    a is refused 6
    a sends seven
    b delivers four from a in 8
    b delivers five from a in 8
    ${delivered}
    b delivers seven from a in 8`
  expect(whatIsWrong(lost(''))).toEqual([])
  expect(whatIsWrong(lost('b delivers six from a in 8'))).toEqual([])
})

it('catches a gap in what one was told, after it came back too', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a tells b one
      a tells b two
      b is told one from a
      b is left out, now b*
      a tells b three
      a tells b four
      a tells b five
      b is told three from a
      b is told five from a`),
  ).toEqual(['delivered "five" from a without the 1 before it, first "four"'])
})

const classes = `
  a starts
  a sees 1: a b
  b starts
  b sees 1: a b
  a sends f1
  a sends c1 causally
  a sends t1 totally
  a sends f2
  a sends c2 causally
  a sends t2 totally`

it('asks for no order between classes', () => {
  expect(
    whatIsWrong(`${classes}
      b delivers t1 from a in 1 as 1
      b delivers c1 from a in 1 causally
      b delivers c2 from a in 1 causally
      b delivers f1 from a in 1
      b delivers t2 from a in 1 as 2
      b delivers f2 from a in 1`),
  ).toEqual([])
})

it('catches the wrong order, and a gap, in each class by itself', () => {
  expect(
    whatIsWrong(`${classes}
      a delivers c1 from a in 1 causally
      b delivers f1 from a in 1
      b delivers t2 from a in 1 as 1
      b delivers t1 from a in 1 as 2
      b delivers c2 from a in 1 causally
      b delivers f2 from a in 1`),
  ).toEqual([
    'delivered "t1" from a after what was sent later, or twice',
    'delivered "c2" from a without the 1 before it, first "c1"',
  ])
})

it('knows for each class where a late member begins', () => {
  expect(
    whatIsWrong(`${classes}
      a delivers f1 from a in 1
      a delivers f2 from a in 1
      a delivers c1 from a in 1 causally
      a sees 2: a b c
      a delivers c2 from a in 2 causally
      a delivers t1 from a in 2 as 1
      c starts
      c sees 2: a b c
      c delivers t1 from a in 2 as 1
      c delivers c2 from a in 2 causally
      c delivers f2 from a in 2`),
  ).toEqual(['delivered "f2" from a, sent before both were in one view'])
})
