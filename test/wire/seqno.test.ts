import fc from 'fast-check'
import { expect, test } from 'vitest'
import { distance, earlier, later, plus } from '../../src/wire/seqno.js'

const seqno = fc.integer({ min: 0, max: 0xffffffff })
const steps = fc.integer({ min: -0x7fffffff, max: 0x7fffffff })

test('a number is as far ahead as one went on from it, across the wrap too', () => {
  fc.assert(
    fc.property(seqno, steps, (from, n) => {
      const to = plus(from, n)
      expect(to).toBeGreaterThanOrEqual(0)
      expect(to).toBeLessThanOrEqual(0xffffffff)
      expect(distance(to, from)).toBe(n)
      expect(later(from, to)).toBe(n > 0 ? to : from)
      expect(earlier(from, to)).toBe(n > 0 ? from : to)
    }),
  )
})

test('0 follows the greatest number', () => {
  expect(plus(0xffffffff, 1)).toBe(0)
  expect(plus(0, -1)).toBe(0xffffffff)
  expect(distance(1, 0xfffffffe)).toBe(3)
  expect(later(0xfffffff0, 3)).toBe(3)
  expect(earlier(0xfffffff0, 3)).toBe(0xfffffff0)
})
