import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Agenda } from '../../src/sim/agenda.js'

it('gives out what was entered by time, and what is due together in the order of entry', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 5 })), times => {
      const agenda = new Agenda()
      const taken: [number, number][] = []
      times.forEach((atMs, entry) => {
        agenda.enter(atMs, () => taken.push([atMs, entry]))
      })
      while (agenda.nextAtMs < Infinity) agenda.take()()
      const sorted = times.map((atMs, entry): [number, number] => [atMs, entry])
      sorted.sort((a, b) => a[0] - b[0] || a[1] - b[1])
      expect(taken).toEqual(sorted)
    }),
  )
})

it('takes new entries while old ones are taken out', () => {
  const agenda = new Agenda()
  const seen: number[] = []
  agenda.enter(1, () => {
    seen.push(1)
    agenda.enter(2, () => seen.push(2))
  })
  agenda.enter(3, () => seen.push(3))
  while (agenda.nextAtMs < Infinity) agenda.take()()
  expect(seen).toEqual([1, 2, 3])
})
