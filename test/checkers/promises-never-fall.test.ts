import { expect, it } from 'vitest'
import { promisesNeverFall } from '../../src/sim/checkers/promises-never-fall.js'
import { judgeOf } from './judge.js'

const whatIsWrong = judgeOf(promisesNeverFall)

it('catches a promise to an earlier ballot, once however often it is said', () => {
  expect(
    whatIsWrong(`
      b promises 2.2 as 1
      b promises 1.0 as 1
      b promises 1.0 as 1
      b crashes`),
  ).toEqual(['b promised ballot 1.0 after it had answered 2.2 (view tag 7)'])
})

it('catches a vote in an earlier ballot', () => {
  expect(
    whatIsWrong(`
      b promises 1.2 as 1
      b votes in 1.0 as 1`),
  ).toEqual(['b voted in ballot 1.0 after it had answered 1.2 (view tag 7)'])
})

it('catches a promise that does not tell of the latest vote', () => {
  expect(
    whatIsWrong(`
      b votes in 1.0 as 1
      b promises 2.2 as 1`),
  ).toEqual(['b promised ballot 2.2 without a word of its vote in 1.0 (view tag 7)'])
  expect(
    whatIsWrong(`
      b votes in 1.0 as 1
      b votes in 2.2 as 1
      b promises 3.0 as 1 with X in 1.0`),
  ).toHaveLength(1)
})

it('catches a promise that tells of a later vote', () => {
  expect(whatIsWrong('b promises 2.0 as 1 with X in 3.0')).toHaveLength(1)
})

it('lets answers be repeated, and votes be cast in ballots that were not promised', () => {
  expect(
    whatIsWrong(`
      b promises 1.0 as 1
      b promises 1.0 as 1
      b votes in 1.2 as 1
      b promises 1.2 as 1 with X in 1.2
      b promises 2.0 as 1 with X in 1.2`),
  ).toEqual([])
})

it('does not ask a proposer to tell itself of its vote', () => {
  expect(
    whatIsWrong(`
      a votes in 1.2 as 0
      a promises 2.0 as 0`),
  ).toEqual([])
})

it('asks nothing of one process for what another answered', () => {
  expect(
    whatIsWrong(`
      b promises 2.2 as 1
      a promises 1.2 as 0`),
  ).toEqual([])
})
