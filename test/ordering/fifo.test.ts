import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FifoOrder } from '../../src/ordering/fifo.js'
import { distance, plus } from '../../src/wire/seqno.js'

const BEFORE = -5

test('holds safe packets, and what comes behind them from the same sender, until all have them', () => {
  const act = fc.record({
    rank: fc.nat(2),
    what: fc.constantFrom('plain', 'safe', 'gap', 'stable' as const),
    count: fc.nat(6),
  })
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60, size: 'max' }), acts => {
      const stable = [BEFORE, BEFORE, BEFORE]
      const last = [BEFORE, BEFORE, BEFORE]
      const got: string[][] = [[], [], []]
      const model: { seq: number; isSafe: boolean }[][] = [[], [], []]
      const order = new FifoOrder(3, {
        isStable: (rank, seq) => distance(stable[rank], seq) >= 0,
        deliver: (rank, seq, isSafe) => got[rank].push(`${seq} ${isSafe}`),
      })
      for (const { rank, what, count } of acts) {
        if (what === 'stable') {
          const upTo = plus(stable[rank], count)
          stable[rank] = distance(upTo, last[rank]) > 0 ? last[rank] : upTo
        } else {
          // Packets of other orders stand between these.
          last[rank] = plus(last[rank], what === 'gap' ? 1 + count : 1)
          order.add(rank, last[rank], what === 'safe')
          model[rank].push({ seq: last[rank], isSafe: what === 'safe' })
        }
        order.drain()
        for (const each of [0, 1, 2]) {
          const held = model[each].findIndex(({ seq, isSafe }) => isSafe && distance(seq, stable[each]) > 0)
          const free = held < 0 ? model[each] : model[each].slice(0, held)
          expect(got[each]).toEqual(free.map(({ seq, isSafe }) => `${seq} ${isSafe}`))
          expect(order.holds(each)).toBe(held >= 0)
        }
        expect(order.waiting).toBe(model.flat().length - got.flat().length)
      }
    }),
  )
})
