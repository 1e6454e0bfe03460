import fc from 'fast-check'
import { expect, test } from 'vitest'
import { distance, earlier, later, plus, serial } from '../../src/wire/seqno.js'

const seqno = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const steps = fc.integer({ min: -0x7fffffff, max: 0x7fffffff })

test('a number is as far ahead as one went on from it, across the wrap too', () => {
  fc.assert(
    fc.property(seqno, steps, (from, n) => {
      const to = plus(from, n)
      expect(to).toBe(serial(to >>> 0))
      expect(distance(to, from)).toBe(n)
      expect(later(from, to)).toBe(n > 0 ? to : from)
      expect(earlier(from, to)).toBe(n > 0 ? from : to)
    }),
  )
})

test('0 follows the number with all bits set', () => {
  expect(serial(0xffffffff)).toBe(-1)
  expect(plus(-1, 1)).toBe(0)
  expect(plus(0, -1)).toBe(-1)
  expect(plus(0x7fffffff, 1)).toBe(serial(0x80000000))
  expect(distance(1, -2)).toBe(3)
  expect(distance(serial(0x80000001), 0x7ffffffe)).toBe(3)
  expect(later(-16, 3)).toBe(3)
  expect(earlier(-16, 3)).toBe(-16)
})
