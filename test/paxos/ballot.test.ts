import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ballotOf, NO_BALLOT, rankOf, roundOf } from '../../src/paxos/ballot.js'

const round = fc.integer({ min: 1, max: 2 ** 37 - 1 })
const rank = fc.integer({ min: 0, max: 2 ** 16 - 1 })

test('B1: ballots differ unless both round and rank are the same, and are ordered by round, then by rank', () => {
  fc.assert(
    fc.property(round, rank, round, rank, (round, rank, otherRound, otherRank) => {
      const order = Math.sign(round - otherRound) || Math.sign(rank - otherRank)
      expect(Math.sign(ballotOf(round, rank) - ballotOf(otherRound, otherRank))).toBe(order)
    }),
  )
  expect(ballotOf(2, 0)).toBeGreaterThan(ballotOf(1, 2 ** 16 - 1))
})

test('a ballot tells its round and its rank', () => {
  fc.assert(
    fc.property(round, rank, (round, rank) => {
      expect(roundOf(ballotOf(round, rank))).toBe(round)
      expect(rankOf(ballotOf(round, rank))).toBe(rank)
    }),
  )
})

test('no ballot is before every ballot', () => {
  expect(ballotOf(1, 0)).toBeGreaterThan(NO_BALLOT)
  expect(roundOf(NO_BALLOT)).toBe(0)
})

test.each([
  [0, 0],
  [-1, 0],
  [1.5, 0],
  [Number.NaN, 0],
  [2 ** 37, 0],
  [1, -1],
  [1, 2 ** 16],
  [1, 0.5],
])('there is no ballot of round %d and rank %d', (round, rank) => {
  expect(() => ballotOf(round, rank)).toThrow('invariant')
})
