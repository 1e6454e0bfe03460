import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LowWater, Stability } from '../../src/multicast/stability.js'
import { plus } from '../../src/wire/seqno.js'

const START = -2

test('the lowest mark rises when the last of those who held it down rises', () => {
  const low = new LowWater(3, START)
  expect(low.raise(0, plus(START, 5))).toBe(false)
  expect(low.raise(1, plus(START, 3))).toBe(false)
  expect(low.min).toBe(START)
  expect(low.raise(2, plus(START, 4))).toBe(true)
  expect(low.min).toBe(plus(START, 3))
  expect(low.min).toBe(1)
})

test('an old mark is no news', () => {
  const low = new LowWater(2, START)
  low.raise(0, plus(START, 5))
  low.raise(1, plus(START, 5))
  expect(low.raise(0, plus(START, 4))).toBe(false)
  expect(low.raise(0, START)).toBe(false)
  expect(low.of(0)).toBe(plus(START, 5))
  expect(low.min).toBe(plus(START, 5))
})

test('who is not the lowest moves nothing', () => {
  const low = new LowWater(2, START)
  low.raise(0, plus(START, 1))
  expect(low.raise(0, plus(START, 9))).toBe(false)
  expect(low.min).toBe(START)
})

test('is the least of all marks, and says when that rises, whoever reports what across the wrap', () => {
  const report = fc.tuple(fc.nat(4), fc.nat(30))
  fc.assert(
    fc.property(
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      fc.array(report, { maxLength: 60 }),
      (start, reports) => {
        const low = new LowWater(5, start)
        const marks = [0, 0, 0, 0, 0]
        for (const [rank, mark] of reports) {
          const before = Math.min(...marks)
          marks[rank] = Math.max(marks[rank], mark)
          expect(low.raise(rank, plus(start, mark))).toBe(Math.min(...marks) > before)
          expect(low.min).toBe(plus(start, Math.min(...marks)))
          expect(low.of(rank)).toBe(plus(start, marks[rank]))
        }
      },
    ),
  )
})

test('who holds a stream is known from its sender, and in a small group from each member', () => {
  const SIZE = 4
  const act = fc.record({ member: fc.nat(SIZE - 1), origin: fc.nat(SIZE - 1), upTo: fc.nat(20), isWord: fc.boolean() })
  const property = fc.property(
    fc.array(act, { maxLength: 80 }),
    fc.nat(SIZE - 1),
    fc.boolean(),
    (acts, self, hearsAll) => {
      const stability = new Stability(SIZE, self, START, hearsAll)
      const told = new Array(SIZE).fill(0)
      const held = Array.from({ length: SIZE }, () => new Array(SIZE).fill(0))
      for (const { member, origin, upTo, isWord } of acts) {
        if (isWord) {
          stability.told(origin, plus(START, upTo))
          told[origin] = Math.max(told[origin], upTo)
        } else {
          stability.holds(member, origin, plus(START, upTo))
          held[origin][member] = Math.max(held[origin][member], upTo)
        }
        for (let of = 0; of < SIZE; of++) {
          // Of its sender, and of this member, it is not asked.
          const others = held[of].filter((_, rank) => rank !== of && rank !== self)
          const upTo = Math.max(told[of], hearsAll ? Math.min(...others) : 0)
          expect(stability.isStable(of, plus(START, upTo))).toBe(true)
          expect(stability.isStable(of, plus(START, upTo + 1))).toBe(false)
        }
      }
    },
  )
  fc.assert(property)
})

test('in a view of two a member holds what comes to it, and nobody else need', () => {
  const stability = new Stability(2, 0, START, true)
  expect(stability.isStable(1, plus(START, 9))).toBe(true)
  expect(stability.isStable(0, plus(START, 1))).toBe(false)
  stability.holds(1, 0, plus(START, 1))
  expect(stability.isStable(0, plus(START, 1))).toBe(true)
})
