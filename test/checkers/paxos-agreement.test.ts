import { expect, it } from 'vitest'
import { paxosAgreement } from '../../src/sim/checkers/paxos-agreement.js'
import { judgeOf } from './judge.js'

const whatIsWrong = judgeOf(paxosAgreement)

it('catches two decisions', () => {
  expect(
    whatIsWrong(`
      a decides X
      b decides X
      c decides Y`),
  ).toEqual(['c said that Y is decided; a said that X is decided (view tag 7)'])
})

it('catches two values that were chosen, though nobody said so', () => {
  expect(
    whatIsWrong(`
      a proposes X in 1.0 to 0 1 2
      a votes in 1.0 as 0
      b votes in 1.0 as 1
      c proposes Y in 2.2 to 0 1 2
      c votes in 2.2 as 2
      b votes in 2.2 as 1`),
  ).toEqual(['c had Y chosen in ballot 2.2; a had X chosen in ballot 1.0 (view tag 7)'])
})

it('catches a decision for another value than the chosen one', () => {
  expect(
    whatIsWrong(`
      a proposes X in 1.0 to 0 1 2
      a votes in 1.0 as 0
      b votes in 1.0 as 1
      c decides Y`),
  ).toHaveLength(1)
})

it('counts half of the voters as a quorum only with the most senior', () => {
  const halves = (ranks: readonly number[]) => `
    a proposes X in 1.0 to 0 1 2 3
    ${ranks.map(rank => `p${rank} votes in 1.0 as ${rank}`).join('\n')}
    d decides Y`
  expect(whatIsWrong(halves([0, 3]))).toHaveLength(1)
  expect(whatIsWrong(halves([1, 3]))).toEqual([])
})

it('catches two values in one ballot', () => {
  expect(
    whatIsWrong(`
      a proposes X in 1.0 to 0 1 2
      a proposes Y in 1.0 to 0 1 2`),
  ).toEqual(['a proposed Y in ballot 1.0, which has X (view tag 7)'])
})

it('lets a value be voted for, and outvoted, without a quorum', () => {
  expect(
    whatIsWrong(`
      a proposes X in 1.0 to 0 1 2
      a votes in 1.0 as 0
      a votes in 1.0 as 0
      c proposes Y in 2.2 to 0 1 2
      c votes in 2.2 as 2
      b votes in 2.2 as 1
      c decides Y
      a decides Y`),
  ).toEqual([])
})

it('does not count those who do not vote', () => {
  expect(
    whatIsWrong(`
      a proposes X in 1.0 to 0 1 2
      a votes in 1.0 as 0
      d votes in 1.0 as 3
      c decides Y`),
  ).toEqual([])
})
