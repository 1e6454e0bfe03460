import { type CeilingResult, runCeiling } from './ceiling.js'
import { runNativeCeiling } from './native.js'

/*
 * node dist/bench/ceiling/compare.js [SECONDS [ROUNDS]]
 * How much of a C program's rate the ceiling reaches, in one run and in turn: what ratios to the ceiling are worth.
 */
const SHAPES = [
  { members: 4, senders: 4, bytes: 100 },
  { members: 4, senders: 4, bytes: 1024 },
  { members: 4, senders: 4, bytes: 8192 },
  { members: 2, senders: 1, bytes: 1024 },
  { members: 4, senders: 4, bytes: 1024, trains: false },
]

async function compare(seconds: number, rounds: number): Promise<void> {
  for (const shape of SHAPES) {
    const node: CeilingResult[] = []
    const native: CeilingResult[] = []
    for (let round = 0; round < rounds; round++) {
      node.push(await runCeiling({ ...shape, seconds }))
      const result = await runNativeCeiling({ ...shape, seconds })
      if (result) native.push(result)
    }
    process.stdout.write(`${JSON.stringify({ ...shape, node: medians(node), c: native.length && medians(native) })}\n`)
  }
}

function medians(results: readonly CeilingResult[]): Record<string, number> {
  const median = (of: (result: CeilingResult) => number) => {
    const sorted = results.map(of).sort((x, y) => x - y)
    return Number(sorted[sorted.length >> 1].toPrecision(4))
  }
  return {
    messagesPerSecond: median(result => result.messagesPerSecond),
    megabytesPerSecond: median(result => result.megabytesPerSecond),
    cpuMicrosPerMessage: median(result => result.cpuMicrosPerMessage),
    packetsLost: median(result => result.packetsLost),
  }
}

void compare(Number(process.argv[2] ?? 2), Number(process.argv[3] ?? 3))
