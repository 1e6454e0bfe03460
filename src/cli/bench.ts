import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { Argument, Command, InvalidArgumentError, Option } from 'commander'
import { HEADLINE_API, lossSeries, picture, throughputGroups } from 'tutti/bench'
import { failoverTable } from './bench-failover.js'
import { type BenchFlags, type BenchReport, runWorkloads, WORKLOADS, type Workload } from './bench-run.js'
import { latencyTable, lossTable, throughputTable } from './bench-tables.js'
import { endWithReader } from './exit.js'
import { positiveNumber, wholeNumber } from './member-options.js'
import { version } from './version.js'

const WORDS = 'w1: throughput, w2: by order, w3: latency, w4: failover and joins, w5: goodput under loss'

export function benchCommand(): Command {
  return new Command('bench')
    .description('measure throughput, latency, failover and goodput under loss on this machine')
    .addArgument(new Argument('[workloads...]', WORDS).choices(WORKLOADS).default(WORKLOADS, 'all'))
    .option('--sizes <bytes>', 'sizes of messages in w1 and w2, with commas between', sizesOf, [100, 1000, 8000])
    .option('--loss <percents>', 'packets lost in w5, with commas between', lossesOf, [0, 1, 5, 10])
    .option('--members <n>', 'member processes, all of which send', membersOf, 4)
    .option('--seconds <s>', 'how long each run is measured', positiveNumber, 5)
    .option('--samples <n>', 'messages of which w3 takes the latency, for each load', atLeastOne, 5000)
    .option('--repetitions <n>', 'runs of each, of which the median counts (default: 3, of w4 10)', atLeastOne)
    .addOption(apiOption())
    .option('--no-trains', 'send one packet a system call in w1 and w2, as on systems without UDP segmentation')
    .option('--json', 'print one JSON object')
    .option('--svg <file>', 'draw what was measured of w1 or w2, w3 and w5')
    .addHelpText(
      'after',
      `
W1: all members send as fast as flow control lets them, in FIFO order. One to one: one sends to one other, 1,000 bytes.
W2: the same in causal, total and safe total order, with FIFO order in the same run.
Figures are what one receiver delivers, from all senders together, over loopback multicast in packets of 1,400 bytes.
The ceiling is the same port with a window, acknowledgements and nothing else.
W3: in total order, from sending to the sender's own delivery, one message at a time: with nothing else to do, and while
all send 10, 50 and 80 % of what W2 carries. The bare port's echo, two hops, is the reference.
W4: under steady traffic members are killed, stopped and join. How long until the last member had the new view, and
the longest time that a member had nothing delivered meanwhile.
W5: as W1 with 1,000 bytes between network namespaces, whose switch loses packets at random on the way to each receiver.
Needs root, ip, nft and ethtool; what it builds it takes away, and the machine's own network is not touched.

Examples:
  tutti bench w1 --sizes 1000 --seconds 1 --repetitions 1
  tutti bench w2 w3 --json > results.json
  tutti bench w4 --members 8
  sudo tutti bench w5 --loss 0,5
  sudo tutti bench --svg results.svg`,
    )
    .action(async (workloads: readonly Workload[], flags: BenchFlags) => runBench(workloads, flags))
}

async function runBench(workloads: readonly Workload[], flags: BenchFlags): Promise<void> {
  endWithReader()
  const report = await runWorkloads(workloads, flags)
  if (flags.json) {
    const { members, seconds, repetitions } = flags
    const head = { version, machine: machine(), members, seconds, repetitions }
    process.stdout.write(`${JSON.stringify({ ...head, ...report })}\n`)
  } else {
    process.stdout.write(tablesOf(report).join('\n'))
  }
  // Last: what took minutes to measure is not to be lost because a file cannot be written.
  if (flags.svg !== undefined) await writeFile(flags.svg, drawn(report, flags))
}

function tablesOf({ results, latency, failover, loss }: BenchReport): string[] {
  const tables: string[] = []
  if (results.length > 0) tables.push(throughputTable(results))
  if (latency !== undefined) tables.push(latencyTable(latency))
  if (failover !== undefined) tables.push(failoverTable(failover))
  if (loss !== undefined) tables.push('skipped' in loss ? `W5 was skipped: ${loss.skipped}\n` : lossTable(loss))
  return tables
}

function drawn({ results, latency, loss }: BenchReport, { members }: BenchFlags): string {
  const { cpu, cpus, node } = machine()
  return picture({
    title: `tutti ${version}, ${members} processes on ${cpus} cores (${cpu}), Node.js ${node}`,
    throughput: throughputGroups(results),
    latency,
    loss: loss === undefined || 'skipped' in loss ? undefined : { members, series: lossSeries(loss) },
  })
}

function machine() {
  const [cpu] = cpus()
  return { cpu: cpu?.model, cpus: cpus().length, node: process.version, platform: process.platform }
}

function apiOption(): Option {
  const words =
    'how messages are delivered: in batches (w1 then has rows for an object a message too) or an object each'
  return new Option('--api <api>', words).choices(['batch', 'message']).default(HEADLINE_API)
}

/** What a group takes by default. */
const SIZE_MAX = 16_777_216

function sizesOf(text: string): number[] {
  return text.split(',').map(size => {
    const bytes = wholeNumber(size)
    if (bytes < 1 || bytes > SIZE_MAX) throw new InvalidArgumentError(`A size is from 1 to ${SIZE_MAX} bytes.`)
    return bytes
  })
}

function lossesOf(text: string): number[] {
  const percents = text.split(',').map(wholeNumber)
  if (percents.some(percent => percent > 50)) throw new InvalidArgumentError('Losses are whole numbers from 0 to 50.')
  // The least is what the others are compared with.
  return percents.sort((a, b) => a - b)
}

function membersOf(text: string): number {
  const members = wholeNumber(text)
  if (members < 2 || members > 32) throw new InvalidArgumentError('It must be a whole number from 2 to 32.')
  return members
}

function atLeastOne(text: string): number {
  const count = wholeNumber(text)
  if (count < 1) throw new InvalidArgumentError('It must be at least 1.')
  return count
}
