import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LowWater } from '../../src/multicast/stability.js'
import { plus } from '../../src/wire/seqno.js'

const START = 0xfffffffe

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
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), fc.array(report, { maxLength: 60 }), (start, reports) => {
      const low = new LowWater(5, start)
      const marks = [0, 0, 0, 0, 0]
      for (const [rank, mark] of reports) {
        const before = Math.min(...marks)
        marks[rank] = Math.max(marks[rank], mark)
        expect(low.raise(rank, plus(start, mark))).toBe(Math.min(...marks) > before)
        expect(low.min).toBe(plus(start, Math.min(...marks)))
        expect(low.of(rank)).toBe(plus(start, marks[rank]))
      }
    }),
  )
})
