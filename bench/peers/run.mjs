/*
 * node bench/peers/run.mjs [jgroups] [corosync] [cyclonedds] [tutti]
 * Runs other programs on the workloads of `tutti bench`, in turn with tutti: see README.md.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const HELP = `node bench/peers/run.mjs [jgroups] [corosync] [cyclonedds] [tutti]   (without a name: all, in turn)

  --install              install missing packages with apt-get
  --workloads NAMES      of w1,w2,one-to-one,w5 (default: all)
  --sizes BYTES          default 100,1000,8000
  --loss PERCENTS        of w5, default 0,1,5,10
  --members N            default 4
  --seconds S            of each run, after --warm-up S (defaults 3 and 2)
  --repetitions N        default 3
  --place PLACE          of w1, w2 and one-to-one: loopback (default) or namespaces
  --json                 print one JSON object
  --svg FILE             draw throughput in FIFO order, and goodput under loss

Examples:
  node bench/peers/run.mjs --install
  node bench/peers/run.mjs jgroups tutti --workloads w5 --loss 0,5
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
    install: { type: 'boolean', default: false },
    workloads: { type: 'string', default: 'w1,w2,one-to-one,w5' },
    sizes: { type: 'string', default: '100,1000,8000' },
    loss: { type: 'string', default: '0,1,5,10' },
    members: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '3' },
    'warm-up': { type: 'string', default: '2' },
    repetitions: { type: 'string', default: '3' },
    place: { type: 'string', default: 'loopback' },
    json: { type: 'boolean', default: false },
    svg: { type: 'string' },
  },
})

function fail(text) {
  process.stderr.write(`${text}\n`)
  process.exit(2)
}

if (values.help) {
  process.stdout.write(HELP)
  process.exit(0)
}
if (!existsSync(new URL('../../dist/bench/index.js', import.meta.url))) fail('first: npm run build')

const { Corosync } = await import('./corosync.mjs')
const { CycloneDds } = await import('./cyclonedds.mjs')
const { JGroups } = await import('./jgroups.mjs')
const { Tutti } = await import('./tutti.mjs')
const { aptLine, install } = await import('./packages.mjs')
const { drawn, tables } = await import('./report.mjs')
const { cellsOf, play, rowsOf, WORKLOADS } = await import('./workloads.mjs')

const PROGRAMS = {
  tutti: [new Tutti()],
  jgroups: [new JGroups(), new JGroups(true)],
  corosync: [new Corosync()],
  cyclonedds: [new CycloneDds()],
}
const names = positionals.length > 0 ? positionals : Object.keys(PROGRAMS)
const workloads = values.workloads.split(',')
const unknown = names.find(name => !(name in PROGRAMS)) ?? workloads.find(name => !WORKLOADS.includes(name))
if (unknown !== undefined || !['loopback', 'namespaces'].includes(values.place)) fail(HELP)

const programs = names.flatMap(name => PROGRAMS[name])
const missing = () => [...new Set(programs.filter(each => !each.isInstalled).flatMap(each => each.packages))]
if (values.install && missing().length > 0) install(missing())
if (missing().length > 0) fail(`missing; install it, or let --install do it:\n  ${aptLine(missing())}`)

const folder = mkdtempSync(join(tmpdir(), 'tutti-peers-'))
process.on('exit', () => rmSync(folder, { recursive: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
for (const program of programs) program.prepare(folder)

const numbers = text => text.split(',').map(Number)
const cells = cellsOf({
  workloads,
  sizes: numbers(values.sizes),
  losses: numbers(values.loss),
  members: Number(values.members),
  place: values.place,
})
const rows = rowsOf(cells, programs)
const repetitions = Number(values.repetitions)
let done = 0
const { skipped, results } = await play(
  rows,
  { repetitions, seconds: Number(values.seconds), warmUpSeconds: Number(values['warm-up']) },
  ({ program, workload, order, bytes, lossPercent, runs, failure }) => {
    const loss = workload === 'W5' ? `, ${lossPercent} % lost` : ''
    const what = failure ?? `${Math.round(runs.at(-1).messagesPerSecond).toLocaleString('en')} messages/s`
    const where = `${++done}/${rows.length * repetitions}  ${program.name}, ${workload}, ${order}, ${bytes} B${loss}`
    process.stderr.write(`${where}: ${what}\n`)
  },
)
const [cpu] = cpus()
const machine = { cpu: cpu?.model, cpus: cpus().length, node: process.version, platform: process.platform }
const versions = Object.fromEntries(programs.map(program => [program.name, program.version()]))
if (values.svg !== undefined) writeFileSync(values.svg, drawn(results, machine, Number(values.members)))
if (values.json) process.stdout.write(`${JSON.stringify({ machine, versions, repetitions, skipped, results })}\n`)
else process.stdout.write(tables(results, skipped))
