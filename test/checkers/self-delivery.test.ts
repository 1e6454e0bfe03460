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

const leftOut = `
  a starts
  a sees 1: a b
  a sends one as 1
  a sealed 1 in 1
  a sends two`

it('asks nothing for what was sealed last by a life that was left out', () => {
  expect(
    whatIsWrong(`${leftOut}
      a is left out, now a*
      a sees 3: b a*`),
  ).toEqual([])
})

it('catches what a life that came back does not deliver, and what never had an answer', () => {
  expect(
    whatIsWrong(`${leftOut}
      a is left out, now a*
      a sees 3: b a*
      a sends three`),
  ).toEqual(['sent "three" and never delivered it'])
  expect(
    whatIsWrong(`${leftOut}
      a gives way to y
      a sees 3 of y: b a
      a sends three as 3`),
  ).toEqual(['sent "three" and never delivered it'])
})

it('asks nothing for what was sealed last in a lineage that gave way', () => {
  expect(
    whatIsWrong(`${leftOut}
      a gives way to y
      a sees 3 of y: b a`),
  ).toEqual([])
})

it('catches what was sealed in a view that its sender went on from', () => {
  expect(
    whatIsWrong(`${leftOut}
      a sees 2: a b
      a is left out, now a*
      a sees 4: b a*`),
  ).toEqual([])
  expect(
    whatIsWrong(`${leftOut}
      a sees 2: a b`),
  ).toHaveLength(2)
})

it('asks nothing of a member that could not leave in order', () => {
  expect(
    whatIsWrong(`${leftOut}
      a fails
      a leaves`),
  ).toEqual([])
})

it('takes the one of two equal messages for lost that was refused', () => {
  expect(
    whatIsWrong(`
      a starts
      a sends one as 1
      a is refused 1
      a sends one as 2
      a delivers one from a in 1`),
  ).toEqual([])
})

it('asks the later life for what its process was told to send in the earlier, and sealed in the later', () => {
  const waiting = (sealedIn: number) => `
    a starts
    a sees 1: a b
    a sends one as 1
    a is left out, now a*
    a sees 3: b a*
    a sealed 1 in ${sealedIn}`
  expect(whatIsWrong(waiting(3))).toEqual(['sent "one" and never delivered it'])
  expect(whatIsWrong(waiting(1))).toEqual([])
})
