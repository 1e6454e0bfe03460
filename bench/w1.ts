import { setTimeout as sleep } from 'node:timers/promises'
import type { Stats } from 'tutti'
import { type CeilingResult, runCeiling } from './ceiling/ceiling.js'
import { Forked } from './forked.js'
import type { RunSettings, Sample } from './settings.js'

export interface WorkloadOptions {
  /** Size of a message. */
  readonly bytes: number
  /** How long is measured, after the warm-up. Default 3. */
  readonly seconds?: number
  readonly warmUpSeconds?: number
  /** Each is one run of tutti and one of the ceiling, in turn. Default 3. */
  readonly repetitions?: number
  /** false: one packet a system call, in both. Default true. */
  readonly trains?: boolean
  /** After each run. */
  readonly onRun?: (program: 'tutti' | 'ceiling', figures: Figures) => void
}

/** What was delivered at one receiver, all senders together, its own included, and what that cost all processes. */
export interface Figures {
  readonly messagesPerSecond: number
  readonly megabytesPerSecond: number
  /** CPU time of all processes for one delivered message. */
  readonly cpuMicrosPerMessage: number
}

export interface WorkloadResult {
  readonly workload: 'W1' | 'one to one'
  readonly members: number
  readonly senders: number
  readonly bytes: number
  readonly trains: boolean
  /** Medians over the runs. */
  readonly tutti: Figures
  readonly ceiling: Figures
  /** Of messages per second: tutti's to the ceiling's. */
  readonly ratio: number
  readonly cpuRatio: number
  readonly runs: { readonly tutti: readonly Figures[]; readonly ceiling: readonly Figures[] }
  /** Of every member, in the last run of tutti. */
  readonly stats: readonly Stats[]
}

/** FIFO order, all members send as fast as flow control lets them. */
export function runW1(options: WorkloadOptions & { readonly members?: number }): Promise<WorkloadResult> {
  const { members = 4 } = options
  return runInTurn('W1', members, members, options)
}

/** One sender, one receiver; measured at the receiver. */
export function runOneToOne(options: WorkloadOptions): Promise<WorkloadResult> {
  return runInTurn('one to one', 2, 1, options)
}

/** Only ratios inside one run of the machine are stable, so tutti and the ceiling take turns. */
async function runInTurn(
  workload: WorkloadResult['workload'],
  members: number,
  senders: number,
  options: WorkloadOptions,
): Promise<WorkloadResult> {
  const { bytes, seconds = 3, warmUpSeconds = 1, repetitions = 3, trains = true, onRun } = options
  const runs = { tutti: [] as Figures[], ceiling: [] as Figures[] }
  let stats: readonly Stats[] = []
  for (let i = 0; i < repetitions; i++) {
    const ceiling = await runCeiling({ members, senders, bytes, seconds, warmUpSeconds, trains })
    runs.ceiling.push(figuresOf(ceiling))
    onRun?.('ceiling', ceiling)
    const settings = { members, senders, bytes, trains, group: `bench-${process.pid}-${nextPort}`, port: nextPort++ }
    const run = await runTutti({ ...settings, interface: '127.0.0.1' }, seconds, warmUpSeconds)
    runs.tutti.push(run.figures)
    stats = run.stats
    onRun?.('tutti', run.figures)
  }
  const tutti = medians(runs.tutti)
  const ceiling = medians(runs.ceiling)
  return {
    workload,
    members,
    senders,
    bytes,
    trains,
    tutti,
    ceiling,
    ratio: tutti.messagesPerSecond / ceiling.messagesPerSecond,
    cpuRatio: tutti.cpuMicrosPerMessage / ceiling.cpuMicrosPerMessage,
    runs,
    stats,
  }
}

let nextPort = 41_000 + (process.pid % 1000) * 20

async function runTutti(
  settings: RunSettings,
  seconds: number,
  warmUpSeconds: number,
): Promise<{ figures: Figures; stats: readonly Stats[] }> {
  const members = Array.from(
    { length: settings.members },
    (_, rank) => new Forked<Sample>('member.js', { ...settings, rank }),
  )
  try {
    await Promise.all(members.map(member => member.next()))
    for (const member of members) member.tell('send')
    await sleep(warmUpSeconds * 1000)
    const before = await Promise.all(members.map(member => member.ask('sample')))
    await sleep(seconds * 1000)
    const after = await Promise.all(members.map(member => member.ask('sample')))
    return { figures: summarize(settings, before, after), stats: after.map(sample => sample.stats) }
  } finally {
    await Promise.all(members.map(member => member.stop()))
  }
}

function summarize({ members, senders }: RunSettings, before: Sample[], after: Sample[]): Figures {
  // Where not all send, those who only receive are the receivers.
  const receivers = [...after.keys()].filter(rank => senders === members || rank >= senders)
  const rate = (of: (sample: Sample) => number) =>
    receivers.reduce((sum, i) => sum + ((of(after[i]) - of(before[i])) * 1000) / (after[i].atMs - before[i].atMs), 0) /
    receivers.length
  const total = (of: (sample: Sample) => number) =>
    after.reduce((sum, sample, i) => sum + of(sample) - of(before[i]), 0)
  return {
    messagesPerSecond: rate(sample => sample.messages),
    megabytesPerSecond: rate(sample => sample.bytes) / 1e6,
    cpuMicrosPerMessage: total(sample => sample.cpuMicros) / total(sample => sample.messages),
  }
}

function figuresOf({ messagesPerSecond, megabytesPerSecond, cpuMicrosPerMessage }: CeilingResult): Figures {
  return { messagesPerSecond, megabytesPerSecond, cpuMicrosPerMessage }
}

function medians(runs: readonly Figures[]): Figures {
  return {
    messagesPerSecond: median(runs.map(run => run.messagesPerSecond)),
    megabytesPerSecond: median(runs.map(run => run.megabytesPerSecond)),
    cpuMicrosPerMessage: median(runs.map(run => run.cpuMicrosPerMessage)),
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
