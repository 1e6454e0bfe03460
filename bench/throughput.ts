import { setTimeout as sleep } from 'node:timers/promises'
import type { Order, Stats } from 'tutti'
import { runCeiling } from './ceiling/ceiling.js'
import { type Figures, mediansOf } from './figures.js'
import { Forked } from './forked.js'
import { freeGroup } from './ports.js'
import type { Api, RunSettings, Sample, Shape, Way } from './settings.js'

export interface Periods {
  /** How long is measured, after the warm-up. Default 5. */
  readonly seconds?: number
  /** Default 3: four processes on two processors take that long until their code is compiled. */
  readonly warmUpSeconds?: number
}

export interface ThroughputOptions extends Periods {
  /** In each the ceiling runs once and so does every kind of tutti, in turn. Default 3. */
  readonly repetitions?: number
  /** false: one packet a system call, in all. Default true. */
  readonly trains?: boolean
  /** After each run, with the name of what ran. */
  readonly onRun?: (program: string, figures: Figures) => void
}

/** One row: messages of one size, sent and delivered in one way. */
export interface WorkloadResult extends Shape, Way {
  readonly workload: 'W1' | 'W2' | 'one to one'
  /** Medians over the runs. */
  readonly tutti: Figures
  readonly ceiling: Figures
  /** Of messages per second: tutti's to the ceiling's. */
  readonly ratio: number
  readonly cpuRatio: number
  /** Of messages per second: to FIFO order's by the same API in the same run. */
  readonly ofFifo: number
  readonly runs: { readonly tutti: readonly Figures[]; readonly ceiling: readonly Figures[] }
  /** Of every member, in the last run. */
  readonly stats: readonly Stats[]
}

/** Where members run besides this machine's loopback. */
export interface Hosts {
  readonly interface: string
  /** The words that begin a command which runs at host `i`. */
  launcher(i: number): readonly string[]
}

export const nameOf = ({ order, safe, api }: { order: Order; safe: boolean; api: Api }): string =>
  `${safe ? `${order}, safe` : order}${api === 'message' ? ', an object a message' : ''}`

/** Only ratios inside one run of the machine are stable, so the ceiling and all `ways` take turns. */
export async function runInTurn(
  workload: WorkloadResult['workload'],
  shape: Omit<Shape, 'trains'>,
  ways: readonly Way[],
  options: ThroughputOptions,
): Promise<WorkloadResult[]> {
  const { seconds = 5, warmUpSeconds = 3, repetitions = 3, trains = true, onRun } = options
  const ceilings: Figures[] = []
  const runs = ways.map((): (Figures & { readonly stats: readonly Stats[] })[] => [])
  for (let i = 0; i < repetitions; i++) {
    ceilings.push(figuresOf(await runCeiling({ ...shape, trains, seconds, warmUpSeconds })))
    onRun?.('ceiling', ceilings[i])
    for (const [w, way] of ways.entries()) {
      runs[w].push(await runTutti({ ...shape, trains }, way, { seconds, warmUpSeconds }))
      onRun?.(nameOf(way), runs[w][i])
    }
  }
  const ceiling = mediansOf(ceilings)
  return ways.map((way, w) => {
    const tutti = mediansOf(runs[w])
    const fifo = ways.findIndex(({ order, safe, api }) => order === 'fifo' && !safe && api === way.api)
    return {
      workload,
      ...shape,
      trains,
      ...way,
      tutti,
      ceiling,
      ratio: tutti.messagesPerSecond / ceiling.messagesPerSecond,
      cpuRatio: tutti.cpuMicrosPerMessage / ceiling.cpuMicrosPerMessage,
      ofFifo: tutti.messagesPerSecond / mediansOf(runs[fifo]).messagesPerSecond,
      runs: { tutti: runs[w].map(figuresOf), ceiling: ceilings },
      stats: runs[w][repetitions - 1].stats,
    }
  })
}

/** All senders send as fast as flow control lets them, for a while. */
export async function runTutti(
  shape: Shape,
  way: Way,
  { seconds = 5, warmUpSeconds = 3 }: Periods,
  hosts?: Hosts,
): Promise<Figures & { readonly stats: readonly Stats[] }> {
  const settings: RunSettings = { ...shape, ...way, ...freeGroup(), interface: hosts?.interface ?? '127.0.0.1' }
  const members = Array.from(
    { length: shape.members },
    (_, rank) => new Forked<Sample>('member.js', { ...settings, rank }, hosts?.launcher(rank)),
  )
  try {
    await Promise.all(members.map(member => member.next()))
    for (const member of members) member.tell('send')
    await sleep(warmUpSeconds * 1000)
    const before = await Promise.all(members.map(member => member.ask('sample')))
    await sleep(seconds * 1000)
    const after = await Promise.all(members.map(member => member.ask('sample')))
    return { ...rates(shape, before, after), stats: after.map(sample => sample.stats) }
  } finally {
    await Promise.all(members.map(member => member.stop()))
  }
}

type Counted = Pick<Sample, 'atMs' | 'messages' | 'bytes' | 'cpuMicros'>

/** What was delivered between two samples of every member, the senders being the first of them. */
export function rates(
  { members, senders }: { readonly members: number; readonly senders: number },
  before: readonly Counted[],
  after: readonly Counted[],
): Figures {
  // Where not all send, those who only receive are the receivers.
  const receivers = [...after.keys()].filter(rank => senders === members || rank >= senders)
  const rate = (of: (sample: Counted) => number) =>
    receivers.reduce((sum, i) => sum + ((of(after[i]) - of(before[i])) * 1000) / (after[i].atMs - before[i].atMs), 0) /
    receivers.length
  const total = (of: (sample: Counted) => number) =>
    after.reduce((sum, sample, i) => sum + of(sample) - of(before[i]), 0)
  return {
    messagesPerSecond: rate(sample => sample.messages),
    megabytesPerSecond: rate(sample => sample.bytes) / 1e6,
    cpuMicrosPerMessage: total(sample => sample.cpuMicros) / total(sample => sample.messages),
  }
}

function figuresOf({ messagesPerSecond, megabytesPerSecond, cpuMicrosPerMessage }: Figures): Figures {
  return { messagesPerSecond, megabytesPerSecond, cpuMicrosPerMessage }
}
