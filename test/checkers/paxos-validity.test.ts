import { expect, it } from 'vitest'
import { paxosValidity } from '../../src/sim/checkers/paxos-validity.js'
import { judgeOf } from './judge.js'

const whatIsWrong = judgeOf(paxosValidity)

const first = `
  a promises 1.0 as 0
  b promises 1.0 as 1
  a proposes X in 1.0 to 0 1 2
  a votes in 1.0 as 0
  b votes in 1.0 as 1`

it('catches a vote where nothing was proposed', () => {
  expect(whatIsWrong('b votes in 1.0 as 1')).toEqual([
    'b voted in ballot 1.0, in which nothing was proposed (view tag 7)',
  ])
})

it('catches a decision for what nobody proposed', () => {
  expect(
    whatIsWrong(`${first}
      b decides Z`),
  ).toEqual(['b decided Z, which nobody proposed (view tag 7)'])
})

it('lets a member decide alone whose vote is a quorum', () => {
  expect(whatIsWrong('a decides X')).toEqual([])
  expect(
    whatIsWrong(`
      a promises 1.0 as 0
      a proposes X in 1.0 to 0 1
      a decides Z`),
  ).toEqual([])
})

it('catches a promise that tells of a vote for another value', () => {
  expect(
    whatIsWrong(`${first}
      b promises 2.2 as 1 with Z in 1.0`),
  ).toEqual(['b promised ballot 2.2 with a vote for Z in 1.0, in which X was proposed (view tag 7)'])
  expect(whatIsWrong('b promises 2.2 as 1 with Z in 1.0')).toHaveLength(1)
})

it('lets a proposer tell of its own vote that never was on the wire', () => {
  expect(whatIsWrong('a promises 2.2 as 0 with Z in 1.0')).toEqual([])
})

it('catches a proposal without a quorum of promises', () => {
  expect(
    whatIsWrong(`
      a promises 1.0 as 0
      a proposes X in 1.0 to 0 1 2`),
  ).toEqual(['a proposed X in ballot 1.0 without the promises of a quorum (view tag 7)'])
  expect(
    whatIsWrong(`
      b promises 1.1 as 1
      c promises 1.1 as 2
      b proposes X in 1.1 to 0 1 2 3`),
  ).toHaveLength(1)
})

it('catches a proposal other than what the promises told of', () => {
  expect(
    whatIsWrong(`${first}
      c promises 2.2 as 2
      b promises 2.2 as 1 with X in 1.0
      c proposes Y in 2.2 to 0 1 2`),
  ).toEqual(['c proposed Y in ballot 2.2, though its promises told of X in 1.0 (view tag 7)'])
})

it('catches a proposal that forgets the own vote of its proposer', () => {
  expect(
    whatIsWrong(`${first}
      b promises 2.1 as 1
      c promises 2.1 as 2
      b proposes Y in 2.1 to 0 1 2`),
  ).toHaveLength(1)
})

it('catches a proposal that follows an early vote and not the latest', () => {
  expect(
    whatIsWrong(`
      a promises 1.0 as 0
      b promises 1.0 as 1
      a proposes X in 1.0 to 0 1 2
      b votes in 1.0 as 1
      c promises 2.2 as 2
      a promises 2.2 as 0
      c proposes Y in 2.2 to 0 1 2
      c votes in 2.2 as 2
      a promises 3.0 as 0
      b promises 3.0 as 1 with X in 1.0
      c promises 3.0 as 2 with Y in 2.2
      a proposes Z in 3.0 to 0 1 2`),
  ).toEqual(['a proposed Z in ballot 3.0, though its promises told of Y in 2.2 (view tag 7)'])
})

it('lets a proposer go by any quorum of the promises: the others may have come too late', () => {
  expect(
    whatIsWrong(`
      a promises 1.0 as 0
      b promises 1.0 as 1
      d promises 1.0 as 3
      a proposes X in 1.0 to 0 1 2 3 4
      a votes in 1.0 as 0
      b votes in 1.0 as 1
      a promises 2.2 as 0 with X in 1.0
      b promises 2.2 as 1 with X in 1.0
      c promises 2.2 as 2
      d promises 2.2 as 3
      e promises 2.2 as 4
      c proposes Y in 2.2 to 0 1 2 3 4`),
  ).toEqual([])
})

it('lets what may have been chosen be proposed again, and promises be repeated after the vote', () => {
  expect(
    whatIsWrong(`${first}
      c promises 2.2 as 2
      b promises 2.2 as 1 with X in 1.0
      c proposes X in 2.2 to 0 1 2
      c votes in 2.2 as 2
      b votes in 2.2 as 1
      b promises 2.2 as 1 with X in 2.2
      c decides X`),
  ).toEqual([])
})

it('does not judge proposals whose voters nobody knows', () => {
  expect(
    whatIsWrong(`
      a proposes X in 1.0 to
      a decides X`),
  ).toEqual([])
})
