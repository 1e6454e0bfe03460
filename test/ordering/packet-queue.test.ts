import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PacketQueue } from '../../src/ordering/packet-queue.js'

test('is first in, first out, however it grows and turns', () => {
  const act = fc.record({
    seq: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    isSafe: fc.boolean(),
    shifts: fc.nat(2),
  })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200, size: 'max' }), acts => {
      const queue = new PacketQueue()
      const model: { seq: number; isSafe: boolean }[] = []
      for (const { seq, isSafe, shifts } of acts) {
        queue.push(seq, isSafe)
        model.push({ seq, isSafe })
        // Now more, now fewer than came: the ring goes round.
        for (let i = 0; i < shifts && model.length > 0; i++) {
          expect({ seq: queue.first, isSafe: queue.isFirstSafe }).toEqual(model.shift())
          queue.shift()
        }
        expect(queue.length).toBe(model.length)
      }
      for (const each of model) {
        expect({ seq: queue.first, isSafe: queue.isFirstSafe }).toEqual(each)
        queue.shift()
      }
      expect(queue.length).toBe(0)
    }),
  )
})
