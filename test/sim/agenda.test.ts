import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Agenda } from '../../src/sim/agenda.js'
import { Act } from '../../src/sim/sim-world.js'

it('gives out what was entered by time, and what is due together in the order of entry', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 })), times => {
      const agenda = new Agenda()
      const taken: [number, number][] = []
      times.forEach((atMs, entry) => {
        agenda.enter(atMs, new Act(() => taken.push([atMs, entry])))
      })
      while (agenda.nextAtMs < Infinity) agenda.take().happen()
      const sorted = times.map((atMs, entry): [number, number] => [atMs, entry])
      sorted.sort((a, b) => a[0] - b[0] || a[1] - b[1])
      expect(taken).toEqual(sorted)
    }),
  )
})

it('takes new entries while old ones are taken out', () => {
  const agenda = new Agenda()
  const seen: number[] = []
  const first = new Act(() => {
    seen.push(1)
    agenda.enter(2, new Act(() => seen.push(2)))
  })
  agenda.enter(1, first)
  agenda.enter(3, new Act(() => seen.push(3)))
  while (agenda.nextAtMs < Infinity) agenda.take().happen()
  expect(seen).toEqual([1, 2, 3])
})
