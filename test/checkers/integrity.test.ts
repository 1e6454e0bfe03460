import { expect, it } from 'vitest'
import { integrity } from '../../src/sim/checkers/integrity.js'
import { good } from './good.js'
import { transcript } from './transcript.js'

const whatIsWrong = (text: string) => integrity.check(transcript(text)).map(violation => violation.what)

it('accepts a good trace', () => {
  expect(integrity.check(good)).toEqual([])
})

it('catches a message that nobody sent', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sends one
      b delivers one from a in 1
      b delivers two from a in 1`),
  ).toEqual(['delivered "two" from a, who did not send it'])
})

it('catches a message that another had sent', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      b sends one
      b delivers one from a in 1`),
  ).toEqual(['delivered "one" from a, who did not send it'])
})

it('catches a message of an earlier life in the name of the later', () => {
  expect(
    whatIsWrong(`
      a starts
      a sends one
      a crashes
      a' starts
      b starts
      b delivers one from a in 1
      b delivers one from a' in 2`),
  ).toEqual(['delivered "one" from a, who did not send it'])
})

it('catches a sender that does not exist', () => {
  expect(whatIsWrong(`b delivers one from z in 1`)).toEqual([
    'delivered "one" from z life of z, who is not in the trace',
  ])
})

it('catches what a member that crashed later delivered', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      b delivers one from a in 1
      b crashes`),
  ).toHaveLength(1)
})

it('catches what was told to another', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      c starts
      a tells b secret
      c is told secret from a`),
  ).toEqual(['was told "secret" from a, who did not send it'])
})

it('catches a message in the name of a life that was over when it was sent', () => {
  expect(
    whatIsWrong(`
      a starts
      a is left out, now a*
      a sends one
      b starts
      b delivers one from a in 1
      b delivers one from a* in 3`),
  ).toEqual(['delivered "one" from a, who did not send it'])
})

it('lets a later life send what the process was told to send in an earlier one', () => {
  expect(
    whatIsWrong(`
      a starts
      a sends one
      a is left out, now a*
      b starts
      b delivers one from a* in 3`),
  ).toEqual([])
})

it('lets a process crash before it says that it came back as another', () => {
  expect(
    whatIsWrong(`
      a starts
      a sends one
      a crashes
      b starts
      b delivers one from a* in 3`),
  ).toEqual([])
})

it('catches a message of one order class that is delivered in another', () => {
  expect(
    whatIsWrong(`
      a starts
      a sends one causally
      b starts
      b delivers one from a in 1 as 1`),
  ).toEqual(['delivered "one" from a, who did not send it'])
})
