import { FIGURES, type Figures } from './figures.js'
import { type Run, runSchedule } from './run.js'
import { type ScheduleOptions, scheduleOf } from './schedule.js'

/** What came of many seeds. */
export interface Campaign {
  readonly runs: number
  /** Of each run, in the order of the seeds. */
  readonly hashes: readonly string[]
  /** Those in which a promise was broken. Without their traces, which would fill the memory: a run can be replayed. */
  readonly failed: readonly Omit<Run, 'trace'>[]
  /** Summed over all runs. */
  readonly figures: Figures
}

/** Runs `count` schedules from the seeds `first`, `first` + 1, ...; `report` is called after each. */
export async function runCampaign(
  first: number,
  count: number,
  options: ScheduleOptions = {},
  report: (run: Run) => void = () => {},
): Promise<Campaign> {
  // Beyond them there is no next number: a series would be empty, and hold.
  if (!Number.isSafeInteger(first) || first < 0 || !Number.isSafeInteger(first + (count - 1)))
    throw new RangeError(`seeds are integers from 0 to 2^53 - 1, not ${first} and ${count - 1} more`)
  const failed: Omit<Run, 'trace'>[] = []
  const hashes: string[] = []
  const figures = Object.fromEntries(FIGURES.map(name => [name, 0])) as Figures
  for (let seed = first; seed < first + count; seed++) {
    const run = await runSchedule(scheduleOf(seed, options))
    for (const name of FIGURES) figures[name] += run.figures[name]
    hashes.push(run.hash)
    const { trace: _, ...rest } = run
    if (run.violations.length > 0) failed.push(rest)
    report(run)
  }
  return { runs: count, hashes, failed, figures }
}

/** The command that plays one run again. */
export function replayOf(seed: number, options: ScheduleOptions = {}): string {
  const { members, seconds, messages, orders } = options
  const faults = typeof options.faults === 'object' ? options.faults.join(',') : options.faults
  const flags = { members, seconds, messages, faults, orders: orders?.join(',') }
  const given = Object.entries(flags).filter(([, value]) => value !== undefined)
  return [`tutti sim --seed ${seed}`, ...given.map(([name, value]) => `--${name} ${value}`)].join(' ')
}
