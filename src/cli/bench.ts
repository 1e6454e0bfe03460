import { cpus } from 'node:os'
import { Argument, Command, InvalidArgumentError } from 'commander'
import { type FailoverResult, runOneToOne, runW1, runW4, type WorkloadOptions, type WorkloadResult } from 'tutti/bench'
import { failoverTable } from './bench-failover.js'
import { columns } from './columns.js'
import { endWithReader } from './exit.js'
import { positiveNumber, wholeNumber } from './member-options.js'
import { styler } from './terminal.js'
import { version } from './version.js'

interface BenchFlags {
  readonly sizes: readonly number[]
  readonly members: number
  readonly seconds: number
  readonly repetitions?: number
  readonly trains: boolean
  readonly json?: boolean
}

type Workload = 'w1' | 'w4'

const WORKLOADS: readonly Workload[] = ['w1', 'w4']
const WARM_UP_SECONDS = 1
const START_SECONDS = 1
/** Of all events of W4, once. */
const FAILOVER_SECONDS = 8
const FAILOVER_REPETITIONS = 10
const FAILOVER_EVENTS = 5

export function benchCommand(): Command {
  return new Command('bench')
    .description('measure throughput, compared with a bare port in the same run, and failover on this machine')
    .addArgument(
      new Argument('[workloads...]', 'w1: throughput, w4: failover and joins').choices(WORKLOADS).default(WORKLOADS),
    )
    .option('--sizes <bytes>', 'sizes of messages, with commas between', sizesOf, [100, 1000, 8000])
    .option('--members <n>', 'member processes, all of which send', membersOf, 4)
    .option('--seconds <s>', 'how long each run of w1 is measured', positiveNumber, 3)
    .option('--repetitions <n>', 'runs of each, of which the median counts (default: 3 of w1, 10 of w4)', repetitionsOf)
    .option('--no-trains', 'send one packet a system call in w1, as on systems without UDP segmentation')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
W1: all members send as fast as flow control lets them. One to one: one sends to one other, 1,000 bytes.
Figures are what one receiver delivers, from all senders together, over loopback multicast in packets of 1,400 bytes.
The ceiling is the same port with a window, acknowledgements and nothing else.
W4: under steady traffic members are killed, stopped and join. How long until the last member had the new view, and
the longest time that a member had nothing delivered meanwhile.

Examples:
  tutti bench w1 --sizes 1000 --seconds 1 --repetitions 1
  tutti bench w4 --members 8`,
    )
    .action(async (workloads: readonly Workload[], flags: BenchFlags) => runBench(workloads, flags))
}

async function runBench(workloads: readonly Workload[], flags: BenchFlags): Promise<void> {
  endWithReader()
  const { members, seconds, repetitions = 3 } = flags
  const results = workloads.includes('w1') ? await throughput(flags, repetitions) : []
  const failover = workloads.includes('w4') ? await failovers(members, flags.repetitions) : undefined
  if (flags.json) {
    const [cpu] = cpus()
    const machine = { cpu: cpu?.model, cpus: cpus().length, node: process.version, platform: process.platform }
    process.stdout.write(`${JSON.stringify({ version, machine, seconds, repetitions, results, failover })}\n`)
    return
  }
  const tables = [results.length > 0 ? tableOf(results) : '', failover === undefined ? '' : failoverTable(failover)]
  process.stdout.write(tables.filter(table => table !== '').join('\n'))
}

async function throughput(flags: BenchFlags, repetitions: number): Promise<WorkloadResult[]> {
  const { sizes, members, seconds, trains } = flags
  const runs = (sizes.length + 1) * repetitions * 2
  const progress = new Progress(runs, runs * (seconds + WARM_UP_SECONDS + START_SECONDS))
  const options = (label: string, bytes: number): WorkloadOptions => ({
    bytes,
    seconds,
    warmUpSeconds: WARM_UP_SECONDS,
    repetitions,
    trains,
    onRun: (program, figures) =>
      progress.step(`${label}, ${bytes} B: ${program} ${thousands(figures.messagesPerSecond)} messages/s`),
  })
  const results: WorkloadResult[] = []
  for (const bytes of sizes) results.push(await runW1({ ...options('W1', bytes), members }))
  results.push(await runOneToOne(options('one to one', 1000)))
  progress.end()
  return results
}

async function failovers(members: number, repetitions = FAILOVER_REPETITIONS): Promise<FailoverResult> {
  const progress = new Progress(repetitions * FAILOVER_EVENTS, repetitions * FAILOVER_SECONDS)
  const onRun = (event: string, viewMs: number) => progress.step(`W4, ${event}: ${viewMs.toFixed(0)} ms`)
  const result = await runW4({ members, repetitions, onRun })
  progress.end()
  return result
}

function tableOf(results: readonly WorkloadResult[]): string {
  const rows = results.map(({ workload, members, bytes, tutti, ceiling, ratio, cpuRatio, stats }) => [
    `${workload}, N = ${members}`,
    `${bytes} B`,
    thousands(tutti.messagesPerSecond),
    tutti.megabytesPerSecond.toFixed(0),
    thousands(ceiling.messagesPerSecond),
    `${(ratio * 100).toFixed(0)} %`,
    tutti.cpuMicrosPerMessage.toFixed(2),
    `${cpuRatio.toFixed(1)} x`,
    stats.reduce((sum, each) => sum + each.repairsSent, 0),
    stats[0].path,
  ])
  const head = ['workload', 'size', 'messages/s', 'MB/s', 'ceiling', 'of it', 'CPU us', 'of it', 'repairs', 'path']
  const [first, ...rest] = columns([head, ...rows])
  return [styler(process.stdout)('bold', first), ...rest].map(line => `${line}\n`).join('')
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Says on standard error how far it is: in place on a terminal, else a line a run. */
class Progress {
  readonly #total: number
  #done = 0

  constructor(total: number, seconds: number) {
    this.#total = total
    process.stderr.write(`${total} runs, about ${Math.ceil(seconds)} s\n`)
  }

  step(text: string): void {
    const line = `${++this.#done}/${this.#total}  ${text}`
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`)
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  }
}

function sizesOf(text: string): number[] {
  return text.split(',').map(size => {
    const bytes = wholeNumber(size)
    if (bytes < 1) throw new InvalidArgumentError('A size is at least 1 byte.')
    return bytes
  })
}

function membersOf(text: string): number {
  const members = wholeNumber(text)
  if (members < 2 || members > 32) throw new InvalidArgumentError('It must be a whole number from 2 to 32.')
  return members
}

function repetitionsOf(text: string): number {
  const repetitions = wholeNumber(text)
  if (repetitions < 1) throw new InvalidArgumentError('It must be at least 1.')
  return repetitions
}
