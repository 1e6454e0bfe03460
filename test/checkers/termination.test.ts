import { expect, it } from 'vitest'
import { termination } from '../../src/sim/checkers/termination.js'
import type { TraceLine } from '../../src/sim/trace.js'
import { good } from './good.js'
import { transcript } from './transcript.js'

const whatIsWrong = (text: string) => termination.check(transcript(text)).map(violation => violation.what)

const sends = `
  a starts
  a sees 1: a b
  b starts
  b sees 1: a b
  a sends one
  a delivers one from a in 1
  a sends two
  a delivers two from a in 1`

it('accepts a good trace', () => {
  expect(termination.check(good)).toEqual([])
})

it('catches a message that never came', () => {
  expect(
    whatIsWrong(`${sends}
      b delivers one from a in 1`),
  ).toEqual(['never delivered 1 of a\'s messages, first "two"'])
})

it('catches a message of a member that left', () => {
  expect(
    whatIsWrong(`${sends}
      a leaves
      b delivers one from a in 1`),
  ).toHaveLength(1)
})

it('asks nothing of a member that left or crashed, nor for messages of one that crashed', () => {
  expect(
    whatIsWrong(`${sends}
      b leaves`),
  ).toEqual([])
  expect(
    whatIsWrong(`${sends}
      b crashes`),
  ).toEqual([])
  expect(
    whatIsWrong(`${sends}
      a crashes`),
  ).toEqual([])
})

it('asks a late member only for what was sent in views with it', () => {
  expect(
    whatIsWrong(`${sends}
      b delivers one from a in 1
      b delivers two from a in 1
      a sees 2: a b c
      c starts
      c sees 2: a b c`),
  ).toEqual([])
})

it('catches what one was told and never heard', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a tells b secret`),
  ).toEqual(['never delivered 1 of a\'s messages, first "secret"'])
})

const trio = `
  a starts
  b starts
  c starts
  a sees 1: a b c
  b sees 1: a b c
  c sees 1: a b c
  a sends one as 1
  a sealed 1 in 1`

it('catches what a sender sealed and took to the next view, at all who came along, and crashed later', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 2: a b
      b sees 2: a b
      b crashes
      c is left out, now c*`),
  ).toEqual(['never delivered 1 of a\'s messages, first "one"', 'never delivered 1 of a\'s messages, first "one"'])
})

it('asks nothing for what a sender sealed last that crashed, failed or is in no view any more', () => {
  for (const end of ['crashes', 'fails', 'gives way to y']) {
    expect(
      whatIsWrong(`${trio}
        a delivers one from a in 1
        a ${end}
        b sees 2: b c
        c sees 2: b c`),
    ).toEqual([])
  }
})

it('asks for what a member that was left out, or gave way, was told is sent, and never that it is lost', () => {
  for (const end of ['is left out, now a*', 'gives way to y\na sees 4 of y: a']) {
    const parting = (word: string) => `${trio}
      ${word}
      a ${end}
      b delivers one from a in 1
      b sees 2: b c
      c sees 2: b c`
    expect(whatIsWrong(parting(''))).toEqual(['never delivered 1 of a\'s messages, first "one"'])
    expect(whatIsWrong(parting('a is refused 1'))).toEqual([])
    // Killed in that very turn it had no time to say so, later it had.
    const killed = (meanwhile: string) => parting('').replace(end, `${end}\n${meanwhile}\na crashes`)
    expect(whatIsWrong(killed(''))).toEqual([])
    expect(whatIsWrong(killed('a is refused 9'))).toEqual([])
    expect(whatIsWrong(killed('a sends two as 2'))).toHaveLength(1)
    const isCrash = (line: TraceLine) => 'event' in line && line.event === 'crashed'
    const late = transcript(killed('a is refused 9')).map(line => ({ ...line, t: isCrash(line) ? 2 : 1 }))
    expect(termination.check(late)).toHaveLength(1)
  }
})

it('asks for what a leaver sealed at those who saw it out', () => {
  expect(
    whatIsWrong(`${trio}
      a delivers one from a in 1
      a leaves
      b delivers one from a in 1
      b sees 2: b c
      c sees 2: b c`),
  ).toEqual(['never delivered 1 of a\'s messages, first "one"'])
})

it('asks for what the life sent that came back', () => {
  expect(
    whatIsWrong(`${trio}
      a is refused 1
      a is left out, now a*
      a sees 3: b c a*
      b sees 2: b c
      b sees 3: b c a*
      c sees 2: b c
      c sees 3: b c a*
      a sends two as 2
      a sealed 2 in 3
      a delivers two from a* in 3
      b delivers two from a* in 3`),
  ).toEqual(['never delivered 1 of a\'s messages, first "two"'])
})

it('tells views of one id in two lineages apart', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sees 1: a
      b sees 1 of y: b a
      a sends one as 1
      a sealed 1 in 1
      a delivers one from a in 1`),
  ).toEqual([])
})

it('asks for what was told by one who was left out and came back, unless that is said to be lost', () => {
  const story = (answer: string) => `
      a starts
      b starts
      a sees 1: a b
      b sees 1: a b
      a tells b secret as 1
      ${answer}
      a is left out, now a*`
  expect(whatIsWrong(story(''))).toEqual(['never delivered 1 of a\'s messages, first "secret"'])
  expect(whatIsWrong(story('a is refused 1'))).toEqual([])
  expect(whatIsWrong(story('b is told secret from a'))).toEqual([])
})

it('asks for what a member sent that has refused something on its way out, and left in order', () => {
  const story = (end: string) => `
      a starts
      b starts
      a sees 1: a b
      b sees 1: a b
      a sends one as 1
      a sealed 1 in 1
      a delivers one from a in 1
      a wants to leave
      a fails with LEFT
      ${end}
      b sees 2: b`
  expect(whatIsWrong(story('a leaves'))).toEqual(['never delivered 1 of a\'s messages, first "one"'])
  // Thrown out: what it sent last may be lost.
  expect(whatIsWrong(story(''))).toEqual([])
})

it('asks nothing of what was told to a name that had two lives', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a tells b secret
      b is left out, now b*`),
  ).toEqual([])
})

it('asks for a causal message of a member that was left out, unless one is lost that it may rest on', () => {
  const parting = (others: string, sends: string) => `
    a starts
    b starts
    c starts
    a sees 1: a b c
    b sees 1: a b c
    c sees 1: a b c
    ${others}
    a sends ${sends} as 1
    a sealed 1 in 1
    a is left out, now a*
    c crashes
    b sees 2: b`
  const violation = ['never delivered 1 of a\'s messages, first "one"']
  expect(whatIsWrong(parting('', 'one causally'))).toEqual(violation)
  expect(whatIsWrong(parting('c sends zero causally\nb delivers zero from c in 1 causally', 'one causally'))).toEqual(
    violation,
  )
  expect(whatIsWrong(parting('c sends zero causally', 'one causally'))).toEqual([])
  expect(whatIsWrong(parting('c sends zero', 'one causally'))).toEqual(violation)
  expect(whatIsWrong(parting('c sends zero causally', 'one totally'))).toEqual(violation)
})
