import { expect, it } from 'vitest'
import type { DemoMember } from '../../src/cli/demo-member.js'
import { prove } from '../../src/cli/demo-proof.js'
import { DemoSequence } from '../../src/cli/demo-sequence.js'

/** What a member of the demo is once it has run: each message as view, index and data. */
function member(name: string, messages: [number, number, string][], unfinished: number[] = []): DemoMember {
  const total = new DemoSequence()
  for (const [view, index, data] of messages) total.add(view, index, 'violin', data)
  const views = [...new Set(messages.map(([view]) => view))].map(id => ({ id, members: [] }))
  const plain = { name, total, views, unfinished: new Set(unfinished), sent: 0, delivered: new Map() }
  return { ...plain, deliveredFrom: () => 0 } as unknown as DemoMember
}

const whole: [number, number, string][] = [
  [2, 1, 'one'],
  [2, 2, 'two'],
  [3, 3, 'three'],
  [4, 4, 'four'],
]
const violin = member('violin', whole)

it('finds one sequence at who was there, who came late and who was killed', () => {
  const late = member('horn', whole.slice(2))
  const killed = member('cello', [...whole.slice(0, 2), [3, 3, 'of its own']], [3])
  const members = [violin, member('viola', whole), late, killed]
  const { sequences, faults } = prove(members, violin)
  expect(faults).toEqual([])
  const stretches = members.map(each => sequences.get(each)!)
  expect(stretches.map(({ first, last }) => [first, last])).toEqual([
    [1, 4],
    [1, 4],
    [3, 4],
    [1, 2],
  ])
  expect(stretches[1].sha256).toBe(stretches[0].sha256)
  expect(new Set(stretches.map(({ sha256 }) => sha256)).size).toBe(3)
})

it('finds two that differ: in order, in what, and in where they begin', () => {
  const [one, two, ...rest] = whole
  const swapped = member('viola', [[2, 1, 'two'], [2, 2, 'one'], ...rest])
  const other = member('cello', [one, [2, 2, 'zwei'], ...rest])
  const shifted = member('horn', [
    [3, 2, 'three'],
    [4, 3, 'four'],
  ])
  const skipping = member('oboe', [one, two, [3, 4, 'four']])
  expect(prove([violin, swapped, other, shifted, skipping], violin).faults).toEqual([
    'viola and violin differ in total order, from 1 to 4',
    'cello and violin differ in total order, from 1 to 4',
    'horn and violin differ in total order, from 2 to 3',
    'oboe delivered index 4 in view 3, after 2',
    'oboe and violin differ in total order, from 1 to 4',
  ])
})

it('lets who was left out come back at another index', () => {
  const back = member('viola', whole.slice(0, 2), [3])
  back.total.interrupt()
  back.total.add(4, 4, 'violin', 'four')
  const { faults, sequences } = prove([violin, back], violin)
  expect(faults).toEqual([])
  expect(sequences.get(back)).toMatchObject({ first: 1, last: 4 })
})

it('says nothing of an order that there is not', () => {
  const { faults, sequences } = prove([member('violin', []), member('viola', [])], member('violin', []))
  expect(faults).toEqual([])
  expect(sequences.size).toBe(0)
})
