import { expect, it } from 'vitest'
import { selfDelivery } from '../../src/sim/checkers/self-delivery.js'
import { good } from './good.js'
import { transcript } from './transcript.js'

const whatIsWrong = (text: string) => selfDelivery.check(transcript(text)).map(violation => violation.what)

it('accepts a good trace', () => {
  expect(selfDelivery.check(good)).toEqual([])
})

it('catches a member that does not deliver its own message', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sends one
      a sends two
      a delivers one from a in 1
      b delivers two from a in 1`),
  ).toEqual(['sent "two" and never delivered it'])
})

it('catches a message that was sent twice and delivered once', () => {
  expect(
    whatIsWrong(`
      a starts
      a sends one
      a sends one
      a delivers one from a in 1`),
  ).toHaveLength(1)
})

it('asks nothing of a crashed member, nor for what was refused', () => {
  expect(
    whatIsWrong(`
      a starts
      a sends one
      a crashes
      b starts
      b sends two as 1
      b is refused 1`),
  ).toEqual([])
})

it('asks a member that left for what it sent before', () => {
  expect(
    whatIsWrong(`
      a starts
      a sends one
      a leaves`),
  ).toHaveLength(1)
})
