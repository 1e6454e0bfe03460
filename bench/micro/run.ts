import type { Order } from 'tutti'
import { columns } from '../../src/cli/columns.js'
import { type Api, HEADLINE_API } from '../settings.js'
import { measure, type Subject } from './stopwatch.js'
import { delivering, down, judging, packing, receiving } from './subjects.js'

/**
 * What the hot functions cost, one by one, in one thread and without sockets. `npm run bench:micro`, or after a build:
 *
 *     node --expose-gc dist/bench/micro/run.js [ORDER]
 */
const ORDER = (process.argv[2] ?? 'fifo') as Order
const SIZES = [100, 1000]
const APIS: Api[] = ['batch', 'message']

function report(subject: Subject): string[] {
  const { name, nanoseconds, heapBytes, arrayBytes } = measure(subject)
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${name}` : `${name}\n`)
  return [name, nanoseconds.toFixed(1), heapBytes.toFixed(0), arrayBytes.toFixed(0)]
}

async function main(): Promise<void> {
  const rows = [judging(false), judging(true), ...SIZES.map(packing)].map(report)
  for (const bytes of SIZES) for (const api of APIS) rows.push(report(await down(bytes, api, ORDER)))
  for (const bytes of SIZES) rows.push(report(await receiving(bytes, HEADLINE_API, ORDER)))
  for (const bytes of SIZES) for (const api of APIS) rows.push(report(await delivering(bytes, api, ORDER)))
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  const head = ['each', 'ns', 'heap bytes', 'array bytes']
  process.stdout.write(
    columns([head, ...rows])
      .map(line => `${line}\n`)
      .join(''),
  )
}

await main()
