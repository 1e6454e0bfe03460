import { expect, it } from 'vitest'
import { noDuplication } from '../../src/sim/checkers/no-duplication.js'
import { good } from './good.js'
import { transcript } from './transcript.js'

const whatIsWrong = (text: string) => noDuplication.check(transcript(text)).map(violation => violation.what)

it('accepts a good trace, with a message that was sent twice', () => {
  expect(noDuplication.check(good)).toEqual([])
})

it('catches a message delivered twice', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sends one
      b delivers one from a in 1
      b delivers one from a in 1`),
  ).toEqual(['delivered "one" from a 2 times; it was sent once'])
})

it('catches one delivery too many of what was sent twice, at a member that crashed', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sends one
      a sends one
      b delivers one from a in 1
      b delivers one from a in 1
      b delivers one from a in 1
      b crashes`),
  ).toEqual(['delivered "one" from a 3 times; it was sent 2 times'])
})

it('tells two senders of the same data apart', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sends one
      b sends one
      b delivers one from a in 1
      b delivers one from b in 1`),
  ).toEqual([])
})

it('catches what was told twice', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a tells b secret
      b is told secret from a
      b is told secret from a`),
  ).toEqual(['delivered "secret" from a 2 times; it was sent once'])
})

it('catches a message that two lives of a sender sent, or two lives of a receiver got', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sends one
      a is left out, now a*
      b delivers one from a in 1
      b delivers one from a* in 3`),
  ).toEqual(['delivered "one" from a 2 times; it was sent once'])
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sends one
      b delivers one from a in 1
      b is left out, now b*
      b delivers one from a in 3`),
  ).toHaveLength(1)
})

it('lets a process that was restarted get, or send, the same again', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sends one
      b delivers one from a in 1
      b crashes
      b' starts
      b' delivers one from a in 1
      a crashes
      a' starts
      a' sends one
      b' delivers one from a' in 1`),
  ).toEqual([])
})
