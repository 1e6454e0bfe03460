import { cpus } from 'node:os'
import { Command, InvalidArgumentError } from 'commander'
import { runOneToOne, runW1, type WorkloadOptions, type WorkloadResult } from 'tutti/bench'
import { columns } from './columns.js'
import { endWithReader } from './exit.js'
import { positiveNumber, wholeNumber } from './member-options.js'
import { styler } from './terminal.js'
import { version } from './version.js'

interface BenchFlags {
  readonly sizes: readonly number[]
  readonly members: number
  readonly seconds: number
  readonly repetitions: number
  readonly trains: boolean
  readonly json?: boolean
}

const WARM_UP_SECONDS = 1
const START_SECONDS = 1

export function benchCommand(): Command {
  return new Command('bench')
    .description('measure throughput on this machine, and compare it with a bare port in the same run')
    .option('--sizes <bytes>', 'sizes of messages, with commas between', sizesOf, [100, 1000, 8000])
    .option('--members <n>', 'member processes, all of which send', membersOf, 4)
    .option('--seconds <s>', 'how long each run is measured', positiveNumber, 3)
    .option('--repetitions <n>', 'runs of each, of which the median counts', repetitionsOf, 3)
    .option('--no-trains', 'send one packet a system call, as on systems without UDP segmentation')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
W1: all members send as fast as flow control lets them. One to one: one sends to one other, 1,000 bytes.
Figures are what one receiver delivers, from all senders together, over loopback multicast in packets of 1,400 bytes.
The ceiling is the same port with a window, acknowledgements and nothing else.

Example:
  tutti bench --sizes 1000 --seconds 1 --repetitions 1`,
    )
    .action(async (flags: BenchFlags) => runBench(flags))
}

async function runBench(flags: BenchFlags): Promise<void> {
  endWithReader()
  const { sizes, members, seconds, repetitions, trains } = flags
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
  if (flags.json) {
    const [cpu] = cpus()
    const machine = { cpu: cpu?.model, cpus: cpus().length, node: process.version, platform: process.platform }
    process.stdout.write(`${JSON.stringify({ version, machine, seconds, repetitions, results })}\n`)
  } else process.stdout.write(tableOf(results))
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
