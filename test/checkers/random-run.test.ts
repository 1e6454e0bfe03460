import { describe, expect, it } from 'vitest'
import { causal } from '../../src/sim/checkers/causal.js'
import { type Checker, checkTrace } from '../../src/sim/checkers/index.js'
import { indexWithoutGaps } from '../../src/sim/checkers/index-without-gaps.js'
import { safe } from '../../src/sim/checkers/safe.js'
import { totalOrder } from '../../src/sim/checkers/total-order.js'
import type { TraceLine } from '../../src/sim/trace.js'
import { type Flaw, randomRun } from './random-run.js'

const RUNS = 100
const runs = Array.from({ length: RUNS }, (_, seed) => randomRun(seed))

type Delivered = Extract<TraceLine, { event: 'message' }>
const isDelivered = (line: TraceLine): line is Delivered => 'event' in line && line.event === 'message'

describe('runs in which every promise is kept, with members that die and are left out', () => {
  it('have what order and safety are about', () => {
    const messages = runs.flat().filter(isDelivered)
    for (const order of ['fifo', 'causal', 'total']) expect(messages.some(line => line.order === order)).toBe(true)
    for (const safe of [undefined, true, 'close']) expect(messages.some(line => line.safe === safe)).toBe(true)
    const kinds = new Set(runs.flat().map(line => ('event' in line ? line.event : line.op)))
    for (const kind of ['crashed', 'excluded', 'error', 'sent']) expect(kinds).toContain(kind)
  })

  it('are accepted by every checker', () => {
    const faults = runs.flatMap((run, seed) =>
      checkTrace(run).map(({ checker, process, what }) => `${seed} ${checker}: ${process} ${what}`),
    )
    expect(faults.slice(0, 5)).toEqual([])
  })

  it('are accepted as they are on the way, too, as far as safety goes', () => {
    const faults = runs.flatMap((run, seed) =>
      checkTrace(run.slice(0, Math.floor((run.length * (seed % 10)) / 10)), false).map(({ what }) => `${seed} ${what}`),
    )
    expect(faults.slice(0, 5)).toEqual([])
  })
})

describe('runs of an implementation with a flaw', () => {
  const flaws: [flaw: Flaw, by: Checker[]][] = [
    ['causal vectors are ignored', [causal]],
    ['safe messages are not held back', [safe]],
    // Whether what it rests on is lost, or has another place.
    ['safe messages do not wait for what they rest on', [safe, totalOrder]],
    ['each member closes a view in an order of its own', [totalOrder]],
    ['indices do not close up behind the dead', [indexWithoutGaps]],
  ]
  it.each(flaws)('%s', (flaw, by) => {
    const found = runs.filter((_, seed) => {
      const run = randomRun(seed, flaw)
      return by.some(checker => checker.check(run).length > 0)
    })
    expect(found.length).toBeGreaterThan(3)
  })
})

/** Of each run with one edit: by how many of them a checker is alarmed. */
function alarms(edit: (run: readonly TraceLine[], at: number) => readonly TraceLine[] | undefined, checker: Checker) {
  let edited = 0
  let caught = 0
  for (const [seed, run] of runs.entries()) {
    const places = run.flatMap((line, i) => (isDelivered(line) ? [i] : []))
    const broken = edit(run, places[(seed * 7_919) % places.length])
    if (broken === undefined) continue
    edited++
    if (checker.check(broken).length > 0) caught++
  }
  return { edited, caught }
}

describe('runs with one line changed', () => {
  it('one index is another: always found', () => {
    const edit = (run: readonly TraceLine[], at: number) => {
      const line = run[at] as Delivered
      return line.index === undefined ? undefined : run.with(at, { ...line, index: line.index + 1 })
    }
    const { edited, caught } = alarms(edit, totalOrder)
    expect(edited).toBeGreaterThan(20)
    expect(caught).toBe(edited)
  })

  it('one message is not safe that was sent as safe, or the other way round: always found', () => {
    const edit = (run: readonly TraceLine[], at: number) => {
      const line = run[at] as Delivered
      return run.with(at, { ...line, safe: line.safe === undefined ? true : undefined } as Delivered)
    }
    expect(alarms(edit, safe)).toEqual({ edited: RUNS, caught: RUNS })
  })

  it('a causal message is delivered later, after the next at its receiver: found wherever that rests on it', () => {
    const edit = (run: readonly TraceLine[], at: number) => {
      const line = run[at] as Delivered
      if (line.order !== 'causal') return undefined
      const after = run.findIndex(
        (other, i) => i > at && other.process === line.process && isDelivered(other) && other.from === line.from,
      )
      const next = run[after] as Delivered | undefined
      if (next?.order !== 'causal' || next.view !== line.view) return undefined
      return run.with(at, next).with(after, line)
    }
    const { edited, caught } = alarms(edit, causal)
    expect(edited).toBeGreaterThan(3)
    expect(caught).toBe(edited)
  })
})
