import { expect, it } from 'vitest'
import { termination } from '../../src/sim/checkers/termination.js'
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
