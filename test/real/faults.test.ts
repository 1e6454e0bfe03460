import { writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Outcome, play, type Scenario, scenarios } from './scenarios.js'
import { type Place, Troupe } from './troupe.js'

/**
 * Real processes, killed, stopped and cut off: a few rounds of some scenarios with FULL=1, all of them as often as
 * REAL_ROUNDS says by `npm run real`, which prints a line for each.
 */
const rounds = Number(process.env.REAL_ROUNDS ?? 0)
const isLong = rounds > 0
const isFull = process.env.FULL === '1'
const isRoot = process.getuid?.() === 0
const only = process.env.REAL_ONLY ?? ''
const BIRTHS_IN_FULL = 2
const ROUND_MS_MAX = 180_000

interface Part {
  readonly scenario: Scenario
  readonly place: Place
  readonly size: number
  readonly rounds: number
}

const parts = scenarios.flatMap(scenario =>
  scenario.places.flatMap(place => scenario.sizes.map(size => ({ scenario, place, size, rounds: roundsOf(scenario) }))),
)

describe.skipIf(!isFull && !isLong)('real processes (FULL=1, or npm run real)', () => {
  for (const place of ['loopback', 'namespaces'] as const) {
    const mayRun = place === 'loopback' || isRoot
    const chosen = parts.filter(part => part.place === place && isChosen(part))
    if (chosen.length === 0) continue
    describe.skipIf(!mayRun)(mayRun ? place : 'between network namespaces: not run, only root may make them', () => {
      it.each(chosen)(
        '$scenario.name, $size members',
        async part => {
          await repeat(part)
        },
        ROUND_MS_MAX * Math.max(1, rounds),
      )
    })
  }
  if (isLong && !isRoot) say('between network namespaces: not run, only root may make them')
})

function roundsOf({ isBirth }: Scenario): number {
  return isLong ? rounds : isBirth ? BIRTHS_IN_FULL : 1
}

function isChosen({ scenario, place, size }: Part): boolean {
  const title = `${scenario.name}, ${size} ${place}`
  return isLong ? title.includes(only) : (scenario.full ?? []).includes(`${size} ${place}`)
}

/** A failed round does not end the others: what is rare shows in how many fail. */
async function repeat(part: Part): Promise<void> {
  const { scenario, place, size } = part
  const outcomes: Outcome[] = []
  const failures: string[] = []
  const notes: string[] = []
  for (let round = 1; round <= part.rounds; round++) {
    const troupe = new Troupe({ place, size, lossPercent: scenario.lossPercent, guests: scenario.guests })
    try {
      const outcome = await play(scenario, troupe)
      outcomes.push(outcome)
      // No fault: a machine that stands still for a second leaves no other choice. But it should be rare.
      if (outcome.exclusions > (scenario.leavesOut?.(size) ?? 0))
        notes.push(`left out more than need be: ${keep(troupe)}`)
      if (outcome.faults.length > 0) throw new Error(shortened(outcome.faults))
    } catch (error) {
      failures.push(`round ${round}: ${(error as Error).message}\ntrace: ${keep(troupe)}`)
    } finally {
      await troupe.remove()
    }
  }
  if (isLong) say([summary(part, outcomes, failures.length), ...failures, ...notes].join('\n'))
  expect(failures).toEqual([])
}

function summary({ scenario, place, size, rounds }: Part, outcomes: readonly Outcome[], failures: number): string {
  const settled = outcomes.map(({ settledMs }) => settledMs).sort((a, b) => a - b)
  const most = (of: (outcome: Outcome) => number) => Math.max(0, ...outcomes.map(of))
  const good = `${rounds - failures} of ${rounds}`
  const cells = [
    `${failures === 0 ? 'ok    ' : 'FAILED'} ${good.padStart(8)}`,
    `${scenario.name}, ${size} members, ${place}`.padEnd(68),
    `one view after ${ms(settled[Math.floor(settled.length / 2)])}, worst ${ms(settled.at(-1))}`,
    `views ${most(outcome => outcome.views)}`,
    `left out ${most(outcome => outcome.exclusions)}`,
    `fills ${most(outcome => outcome.fills)}`,
    `ballots outbid ${most(outcome => outcome.outbid)}`,
    `messages ${outcomes.reduce((sum, { messages }) => sum + messages, 0)}`,
  ]
  return cells.join('  ')
}

const ms = (value: number | undefined): string => `${value === undefined ? '-' : value.toFixed(0)} ms`.padStart(8)

/** The first of each checker. */
function shortened(faults: readonly string[]): string {
  const checkers = [...new Set(faults.map(fault => fault.split(':')[0]))]
  return checkers.map(name => faults.find(fault => fault.startsWith(`${name}:`))).join('\n')
}

let kept = 0

/** The whole trace, for `tutti sim --check`. */
function keep(troupe: Troupe): string {
  const file = join(tmpdir(), `tutti-real-${process.pid}-${++kept}.jsonl`)
  writeFileSync(file, troupe.lives.flatMap(({ trace }) => trace.map(line => `${JSON.stringify(line)}\n`)).join(''))
  return file
}

/** At once, and not with the test runner's own words around it. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}
