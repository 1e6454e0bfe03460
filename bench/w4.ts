import { setTimeout as sleep } from 'node:timers/promises'
import { Ensemble } from './ensemble.js'
import { type Spread, spreadOf } from './figures.js'
import { freeGroup } from './ports.js'

export interface FailoverOptions {
  /** Of the group in which members fail. Default 4. */
  readonly members?: number
  /** Default 10. */
  readonly repetitions?: number
  /** After each measurement. */
  readonly onRun?: (event: Failover['event'], viewMs: number) => void
}

/** What happened to a group under steady traffic, and what that did to it. */
export interface Failover {
  readonly event:
    | 'kill -9 of a member'
    | 'kill -9 of the coordinator'
    | 'SIGSTOP of a member'
    | 'one joins'
    | 'ten join at once'
  /** From the event to the view that it leads to, at the last member that gets it. */
  readonly viewMs: Spread
  /** Until those who joined were voters, everywhere. */
  readonly votersMs?: Spread
  /** Longest time between two deliveries, at the member where it was longest. */
  readonly gapMs: Spread
  /** Views that it took. */
  readonly views: Spread
  readonly runs: readonly Run[]
}

interface Run {
  readonly viewMs: number
  readonly votersMs?: number
  readonly gapMs: number
  readonly views: number
}

export interface FailoverResult {
  readonly members: number
  readonly repetitions: number
  /** Longest time between two deliveries while nothing happened: what the machine itself is worth. */
  readonly quietGapMs: Spread
  readonly failovers: readonly Failover[]
  /** Members that were left out though they lived. */
  readonly falseExclusions: number
}

const QUIET_MS = 500
/** From a view to the end of the measurement of gaps: traffic has to flow again. */
const AFTER_MS = 150
const CROWD = 10

/** Failover and joins: every kind of event in turn, in a group of its own each repetition. */
export async function runW4(options: FailoverOptions = {}): Promise<FailoverResult> {
  const { members = 4, repetitions = 10, onRun } = options
  const runs = new Map<Failover['event'], Run[]>()
  const quiet: number[] = []
  let falseExclusions = 0
  for (let i = 0; i < repetitions; i++) {
    const ensemble = new Ensemble({ ...freeGroup(), interface: '127.0.0.1' })
    const note = (event: Failover['event'], run: Run) => {
      runs.set(event, [...(runs.get(event) ?? []), run])
      onRun?.(event, run.viewMs)
    }
    try {
      quiet.push(await assemble(ensemble, members))
      note('kill -9 of a member', await fail(ensemble, juniorOf(ensemble), 'SIGKILL'))
      note('one joins', await join(ensemble, 1))
      note('kill -9 of the coordinator', await fail(ensemble, ensemble.seniority[0], 'SIGKILL'))
      await join(ensemble, 1)
      note('SIGSTOP of a member', await fail(ensemble, juniorOf(ensemble), 'SIGSTOP'))
      await join(ensemble, 1)
      note('ten join at once', await join(ensemble, CROWD))
      falseExclusions += ensemble.exclusions
    } finally {
      await ensemble.stop()
    }
  }
  const failovers = [...runs].map(([event, all]) => summarize(event, all))
  return { members, repetitions, quietGapMs: spreadOf(quiet), failovers, falseExclusions }
}

/** All are in one view and send. Returns the longest gap while nothing happens. */
async function assemble(ensemble: Ensemble, members: number): Promise<number> {
  const names = await ensemble.start(members, members)
  ensemble.join(names)
  await ensemble.lastIn(names, names, true, 0)
  await sleep(QUIET_MS)
  await ensemble.longestGapMs(names)
  await sleep(QUIET_MS)
  return ensemble.longestGapMs(names)
}

/** Neither the coordinator nor, so that each of those who are left stays what it was, the next one. */
const juniorOf = (ensemble: Ensemble): string => ensemble.seniority.at(-1)!

async function fail(ensemble: Ensemble, name: string, signal: 'SIGKILL' | 'SIGSTOP'): Promise<Run> {
  const survivors = ensemble.names.filter(other => other !== name)
  const before = ensemble.viewsOf(survivors[0])
  await ensemble.longestGapMs(survivors)
  const startMs = ensemble.nowMs
  ensemble.signal(name, signal)
  const viewMs = (await ensemble.lastIn(survivors, survivors, true, startMs)) - startMs
  await sleep(AFTER_MS)
  const gapMs = await ensemble.longestGapMs(survivors)
  const views = ensemble.viewsOf(survivors[0]) - before
  await ensemble.drop(name)
  return { viewMs, gapMs, views }
}

async function join(ensemble: Ensemble, count: number): Promise<Run> {
  const old = ensemble.names
  const comers = await ensemble.start(count, 1)
  const all = [...old, ...comers]
  const before = ensemble.viewsOf(old[0])
  await ensemble.longestGapMs(old)
  const startMs = ensemble.nowMs
  ensemble.join(comers)
  const viewMs = (await ensemble.lastIn(all, all, false, startMs)) - startMs
  const votersMs = (await ensemble.lastIn(all, all, true, startMs)) - startMs
  await sleep(AFTER_MS)
  const gapMs = await ensemble.longestGapMs(old)
  return { viewMs, votersMs, gapMs, views: ensemble.viewsOf(old[0]) - before }
}

function summarize(event: Failover['event'], runs: readonly Run[]): Failover {
  const voters = runs.map(({ votersMs }) => votersMs).filter(ms => ms !== undefined)
  return {
    event,
    viewMs: spreadOf(runs.map(({ viewMs }) => viewMs)),
    ...(voters.length > 0 ? { votersMs: spreadOf(voters) } : {}),
    gapMs: spreadOf(runs.map(({ gapMs }) => gapMs)),
    views: spreadOf(runs.map(({ views }) => views)),
    runs,
  }
}
