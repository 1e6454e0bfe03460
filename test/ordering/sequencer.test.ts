import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Sequencer } from '../../src/ordering/sequencer.js'

test('whatever comes is announced once, in few runs, senders in the order of their arrival', () => {
  const act = fc.oneof(
    fc.record({ rank: fc.nat(4), isSafe: fc.boolean() }),
    fc.record({ max: fc.integer({ min: 1, max: 4 }) }),
  )
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60, size: 'max' }), acts => {
      const sequencer = new Sequencer(5)
      const noted = [0, 0, 0, 0, 0]
      const announced = [0, 0, 0, 0, 0]
      let arrivals: number[] = []
      let isSafe = false
      for (const each of acts) {
        if ('rank' in each) {
          const { rank } = each
          sequencer.note(rank, ++noted[rank], each.isSafe)
          if (!arrivals.includes(rank)) arrivals.push(rank)
          isSafe ||= each.isSafe
        } else {
          const taken = sequencer.take(each.max)
          expect(taken.ranks).toEqual(arrivals.slice(0, each.max))
          arrivals = arrivals.slice(each.max)
          // What is safe is in one of these, or in the next.
          expect(taken.isSafe).toBe(isSafe)
          if (arrivals.length === 0) isSafe = false
          for (const [i, rank] of taken.ranks.entries()) {
            expect(taken.lasts[i]).toBe(noted[rank])
            expect(taken.lasts[i]).toBeGreaterThan(announced[rank])
            announced[rank] = taken.lasts[i]
          }
        }
        expect(sequencer.hasNews).toBe(arrivals.length > 0)
      }
      const { ranks, lasts } = sequencer.take(5)
      for (const [i, rank] of ranks.entries()) announced[rank] = lasts[i]
      expect(announced).toEqual(noted)
    }),
  )
})
