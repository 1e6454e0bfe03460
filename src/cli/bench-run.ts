import {
  type Api,
  type FailoverResult,
  type Figures,
  type LatencyResult,
  type LossResult,
  runOneToOne,
  runW1,
  runW2,
  runW3,
  runW4,
  runW5,
  type W1Options,
  type WorkloadResult,
  whyNoNamespaces,
} from 'tutti/bench'
import { Progress, thousands } from './bench-progress.js'

export const WORKLOADS = ['w1', 'w2', 'w3', 'w4', 'w5'] as const
export type Workload = (typeof WORKLOADS)[number]

export interface BenchFlags {
  readonly sizes: readonly number[]
  readonly loss: readonly number[]
  readonly members: number
  readonly seconds: number
  readonly samples: number
  readonly repetitions?: number
  readonly api: Api
  readonly trains: boolean
  readonly json?: boolean
  readonly svg?: string
}

/** What was measured, of what was asked for. */
export interface BenchReport {
  results: WorkloadResult[]
  latency?: LatencyResult
  failover?: FailoverResult
  loss?: LossResult | { readonly skipped: string }
}

const REPETITIONS = 3
const WARM_UP_SECONDS_MAX = 3
/** To start the processes, and to end them. */
const START_SECONDS = 1
const ONE_TO_ONE_BYTES = 1000
/** Ways of sending that W2 compares, the ceiling included. */
const W2_RUNS = 5
const LATENCY_LOADS = 4
const LATENCY_SECONDS = 6
/** Of all events of W4, once. */
const FAILOVER_SECONDS = 8
const FAILOVER_REPETITIONS = 10
const FAILOVER_EVENTS = 5
const LOSS_ORDERS = 2

export async function runWorkloads(workloads: readonly Workload[], flags: BenchFlags): Promise<BenchReport> {
  const report: BenchReport = { results: [] }
  // In the order of their numbers, whatever order they were named in.
  if (workloads.includes('w1')) report.results.push(...(await throughput(flags)))
  if (workloads.includes('w2')) report.results.push(...(await orders(flags)))
  if (workloads.includes('w3')) report.latency = await latency(flags)
  if (workloads.includes('w4')) report.failover = await failover(flags)
  if (workloads.includes('w5')) report.loss = await loss(flags)
  return report
}

const warmUpOf = ({ seconds }: BenchFlags) => Math.min(WARM_UP_SECONDS_MAX, seconds)

const secondsOf = (runs: number, flags: BenchFlags) => runs * (flags.seconds + warmUpOf(flags) + START_SECONDS)

async function throughput(flags: BenchFlags): Promise<WorkloadResult[]> {
  const { sizes, members, api, repetitions = REPETITIONS } = flags
  const runs = (sizes.length + 1) * repetitions * (api === 'message' ? 2 : 3)
  const progress = new Progress('W1', runs, secondsOf(runs, flags))
  const results: WorkloadResult[] = []
  for (const bytes of sizes) results.push(...(await runW1({ ...optionsOf(flags, 'W1', bytes, progress), members })))
  results.push(...(await runOneToOne(optionsOf(flags, 'one to one', ONE_TO_ONE_BYTES, progress))))
  progress.end()
  return results
}

async function orders(flags: BenchFlags): Promise<WorkloadResult[]> {
  const { sizes, members, repetitions = REPETITIONS } = flags
  const runs = sizes.length * repetitions * W2_RUNS
  const progress = new Progress('W2', runs, secondsOf(runs, flags))
  const results: WorkloadResult[] = []
  for (const bytes of sizes) results.push(...(await runW2({ ...optionsOf(flags, 'W2', bytes, progress), members })))
  progress.end()
  return results
}

function optionsOf(flags: BenchFlags, label: string, bytes: number, progress: Progress): W1Options {
  const { seconds, repetitions = REPETITIONS, trains, api } = flags
  return {
    bytes,
    seconds,
    warmUpSeconds: warmUpOf(flags),
    repetitions,
    trains,
    api,
    onRun: (program, figures) => progress.step(`${label}, ${bytes} B: ${program} ${rate(figures)}`),
  }
}

async function latency(flags: BenchFlags): Promise<LatencyResult> {
  const { members, seconds, samples, api, repetitions = REPETITIONS } = flags
  const runs = repetitions * (1 + LATENCY_LOADS)
  const progress = new Progress('W3', runs, secondsOf(repetitions, flags) + runs * LATENCY_SECONDS)
  const result = await runW3({
    members,
    seconds,
    samples,
    repetitions,
    api,
    onRun: (what, { p50Ms, p99Ms }) =>
      progress.step(`W3, ${what}: p50 ${p50Ms.toFixed(3)}, p99 ${p99Ms.toFixed(3)} ms`),
  })
  progress.end()
  return result
}

async function failover({ members, repetitions = FAILOVER_REPETITIONS }: BenchFlags): Promise<FailoverResult> {
  const progress = new Progress('W4', repetitions * FAILOVER_EVENTS, repetitions * FAILOVER_SECONDS)
  const onRun = (event: string, viewMs: number) => progress.step(`W4, ${event}: ${viewMs.toFixed(0)} ms`)
  const result = await runW4({ members, repetitions, onRun })
  progress.end()
  return result
}

async function loss(flags: BenchFlags): Promise<LossResult | { readonly skipped: string }> {
  const { members, seconds, api, repetitions = REPETITIONS } = flags
  const skipped = whyNoNamespaces()
  if (skipped !== undefined) return { skipped }
  const runs = repetitions * LOSS_ORDERS * flags.loss.length
  const progress = new Progress('W5', runs, secondsOf(runs, flags))
  const result = await runW5({
    members,
    lossPercents: flags.loss,
    seconds,
    warmUpSeconds: warmUpOf(flags),
    repetitions,
    api,
    onRun: (what, figures) => progress.step(`W5, ${what}: ${rate(figures)}`),
  })
  progress.end()
  return result
}

const rate = ({ messagesPerSecond }: Figures): string => `${thousands(messagesPerSecond)} messages/s`
