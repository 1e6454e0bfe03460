import { setTimeout as sleep } from 'node:timers/promises'
import { runEcho } from './echo.js'
import { type Latency, latencyOf, median } from './figures.js'
import { Forked } from './forked.js'
import { freeGroup } from './ports.js'
import { type Api, HEADLINE_API, type LatencyCommand, type LatencyWord } from './settings.js'
import { type Periods, runTutti } from './throughput.js'

export interface LatencyOptions extends Periods {
  readonly members?: number
  /** Of the messages that make the load. Default 1,000. */
  readonly bytes?: number
  /** Default 5,000. */
  readonly samples?: number
  /** Default 3. */
  readonly repetitions?: number
  readonly api?: Api
  /** After each measurement. */
  readonly onRun?: (what: string, latency: Latency) => void
}

/** Latency at one load. */
export interface LatencyPoint extends Latency {
  /** Of what the group carries in total order at most. 0: the message is the only one. */
  readonly load: number
  /** What was to be sent, and what was delivered at the member that measures, a second. */
  readonly offeredPerSecond: number
  readonly deliveredPerSecond: number
  readonly runs: readonly Latency[]
}

export interface LatencyResult {
  readonly members: number
  readonly bytes: number
  /** W2's rate in total order, measured in the same run. */
  readonly messagesPerSecondMax: number
  /** Two hops over the bare port. */
  readonly echo: Latency
  readonly points: readonly LatencyPoint[]
  /** Of medians without load: to the echo's. */
  readonly ofEcho: number
}

const LOADS = [0, 0.1, 0.5, 0.8]
/** From a load's beginning to the first sample, and from its end to the next load. */
const SETTLE_MS = 500
/** What takes longer is measured with fewer samples. */
const PROBE_MS_MAX = 20_000

type Run = Latency & { readonly offeredPerSecond: number; readonly deliveredPerSecond: number }

/** Total order, one message outstanding, from a member that does not order them: from sending to its own delivery. */
export async function runW3(options: LatencyOptions = {}): Promise<LatencyResult> {
  const { members = 4, bytes = 1000, samples = 5000, repetitions = 3, api = HEADLINE_API, onRun } = options
  const shape = { members, senders: members, bytes, trains: true }
  const way = { order: 'total', safe: false, api } as const
  const echoes: Latency[] = []
  const maxima: number[] = []
  const runs = LOADS.map((): Run[] => [])
  for (let i = 0; i < repetitions; i++) {
    echoes.push(await runEcho(samples))
    onRun?.('the bare port, two hops', echoes[i])
    maxima.push((await runTutti(shape, way, options)).messagesPerSecond)
    const group = new LatencyGroup({ ...shape, ...way, ...freeGroup(), interface: '127.0.0.1' }, members)
    try {
      await group.assembled()
      for (const [l, load] of LOADS.entries()) {
        runs[l].push(await group.measure(load * maxima[i], samples))
        onRun?.(load === 0 ? 'no load' : `load ${load * 100} %`, runs[l][i])
      }
    } finally {
      await group.stop()
    }
  }
  const echo = medianOf(echoes)
  const points = LOADS.map((load, l) => ({
    load,
    ...medianOf(runs[l]),
    offeredPerSecond: median(runs[l].map(run => run.offeredPerSecond)),
    deliveredPerSecond: median(runs[l].map(run => run.deliveredPerSecond)),
    runs: runs[l],
  }))
  const ofEcho = points[0].p50Ms / echo.p50Ms
  return { members, bytes, messagesPerSecondMax: median(maxima), echo, points, ofEcho }
}

/** The member processes of one run, one of which measures. */
class LatencyGroup {
  readonly #members: Forked<LatencyWord>[]
  #measuring!: Forked<LatencyWord>

  constructor(settings: object, members: number) {
    this.#members = Array.from(
      { length: members },
      (_, rank) => new Forked<LatencyWord>('latency-member.js', { ...settings, rank }),
    )
  }

  async assembled(): Promise<void> {
    const words = await Promise.all(this.#members.map(member => member.next()))
    // Rank 0 orders what the others send, and what it sends itself it need not wait for.
    this.#measuring = this.#members[words.findIndex(word => word.kind === 'ready' && word.rank !== 0)]
  }

  async measure(perSecond: number, samples: number): Promise<Run> {
    this.#load(perSecond)
    await sleep(SETTLE_MS)
    const before = await this.#count()
    const word = await this.#ask({ kind: 'probe', samples, msMax: PROBE_MS_MAX })
    const after = await this.#count()
    this.#load(0)
    await sleep(SETTLE_MS)
    const ms = word.kind === 'latencies' ? word.ms : []
    const deliveredPerSecond = ((after.messages - before.messages) * 1000) / (after.atMs - before.atMs)
    return { ...latencyOf(Float64Array.from(ms)), offeredPerSecond: perSecond, deliveredPerSecond }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map(member => member.stop()))
  }

  #load(perSecond: number): void {
    for (const member of this.#members) {
      member.tell({ kind: 'load', perSecond: perSecond / this.#members.length } satisfies LatencyCommand)
    }
  }

  async #count(): Promise<{ readonly atMs: number; readonly messages: number }> {
    const word = await this.#ask({ kind: 'count' })
    return word.kind === 'count' ? word : { atMs: Number.NaN, messages: Number.NaN }
  }

  #ask(command: LatencyCommand): Promise<LatencyWord> {
    return this.#measuring.ask(command)
  }
}

function medianOf(runs: readonly Latency[]): Latency {
  return {
    p50Ms: median(runs.map(run => run.p50Ms)),
    p99Ms: median(runs.map(run => run.p99Ms)),
    samples: Math.min(...runs.map(run => run.samples)),
  }
}
