import { describe, expect, test } from 'vitest'
import { isQuorum } from '../../src/paxos/quorum.js'

/** In order of seniority, which is not that of the ids. */
const IDS = [7, 2, 9, 4, 5, 1, 8]

const subsetsOf = (ids: readonly number[]) =>
  Array.from({ length: 2 ** ids.length }, (_, bits) => new Set(ids.filter((_, i) => bits & (1 << i))))

const isQuorumOf = (voters: readonly number[]) => (present: ReadonlySet<number>) =>
  isQuorum(voters, id => present.has(id))

describe.each([1, 2, 3, 4, 5, 6, 7])('of %i voters', count => {
  const voters = IDS.slice(0, count)
  const subsets = subsetsOf(voters)
  const quorums = subsets.filter(isQuorumOf(voters))

  test('B2: any two quorums share a voter', () => {
    for (const one of quorums) for (const other of quorums) expect([...one].some(id => other.has(id))).toBe(true)
  })

  test('quorums are the majorities, and the halves that have the most senior voter', () => {
    const expected = subsets.filter(({ size }) => size > count / 2)
    const halves = subsets.filter(present => present.size === count / 2 && present.has(voters[0]))
    expect(new Set(quorums)).toEqual(new Set([...expected, ...halves]))
  })

  test('of two complementary sets exactly one is a quorum, so none could be added', () => {
    for (const present of subsets) {
      const absent = new Set(voters.filter(id => !present.has(id)))
      expect(isQuorumOf(voters)(present)).toBe(!isQuorumOf(voters)(absent))
    }
  })
})

test('who is no voter makes no quorum', () => {
  expect(isQuorumOf([7, 2, 9])(new Set([7, 1, 3, 4, 5]))).toBe(false)
  expect(isQuorumOf([2, 7])(new Set([7, 1, 3]))).toBe(false)
})

test('no voters are never a quorum', () => {
  expect(isQuorum([], () => true)).toBe(false)
})
