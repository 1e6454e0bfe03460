import { type LatencyResult, type LossResult, nameOf, type WorkloadResult } from 'tutti/bench'
import { thousands } from './bench-progress.js'
import { columns } from './columns.js'
import { styler } from './terminal.js'

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`
/** What nothing was delivered for has no cost of a delivery. */
const micros = (value: number): string => (Number.isFinite(value) ? value.toFixed(2) : '-')

/** W1, W2 and one to one, a row for each size and way of sending. */
export function throughputTable(results: readonly WorkloadResult[]): string {
  const hasOrders = results.some(({ order }) => order !== 'fifo')
  const rows = results.map(result => {
    const { workload, members, bytes, tutti, ceiling, ratio, cpuRatio, ofFifo, stats } = result
    return [
      `${workload}, N = ${members}, ${nameOf(result)}`,
      `${bytes} B`,
      thousands(tutti.messagesPerSecond),
      tutti.megabytesPerSecond.toFixed(0),
      thousands(ceiling.messagesPerSecond),
      percent(ratio),
      ...(hasOrders ? [workload === 'W2' ? percent(ofFifo) : ''] : []),
      micros(tutti.cpuMicrosPerMessage),
      `${cpuRatio.toFixed(1)} x`,
      stats.reduce((sum, each) => sum + each.repairsSent, 0),
      stats[0].path,
    ]
  })
  const ofFifo = hasOrders ? ['of fifo'] : []
  const head = ['workload', 'size', 'messages/s', 'MB/s', 'ceiling', 'of it', ...ofFifo]
  return table([...head, 'CPU us', 'of it', 'repairs', 'path'], rows)
}

export function latencyTable({ members, bytes, echo, points, ofEcho, ...result }: LatencyResult): string {
  const rows = points.map(({ load, p50Ms, p99Ms, samples, offeredPerSecond, deliveredPerSecond }) => [
    load === 0 ? `total order, N = ${members}, nothing else sent` : `load of ${percent(load)}`,
    p50Ms.toFixed(3),
    p99Ms.toFixed(3),
    samples,
    load === 0 ? '' : thousands(offeredPerSecond),
    load === 0 ? '' : thousands(deliveredPerSecond),
  ])
  const reference = ['the bare port, two hops', echo.p50Ms.toFixed(3), echo.p99Ms.toFixed(3), echo.samples, '', '']
  const max = thousands(result.messagesPerSecondMax)
  return (
    table(['W3, ms', 'p50', 'p99', 'samples', 'offered/s', 'delivered/s'], [reference, ...rows]) +
    `${ofEcho.toFixed(1)} times the bare port; the loads are shares of ${max} messages/s of ${bytes} B\n`
  )
}

export function lossTable({ members, bytes, points }: LossResult): string {
  const rows = points.map(point => [
    `${nameOf(point)}, N = ${members}, ${bytes} B`,
    `${point.lossPercent} %`,
    thousands(point.tutti.messagesPerSecond),
    point.tutti.megabytesPerSecond.toFixed(0),
    percent(point.ofLossless),
    micros(point.tutti.cpuMicrosPerMessage),
    thousands(point.dropped.packets),
    point.dropped.bytesMean.toFixed(0),
  ])
  return table(['W5', 'loss', 'messages/s', 'MB/s', 'of lossless', 'CPU us', 'packets dropped', 'bytes each'], rows)
}

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const [first, ...rest] = columns([head, ...rows])
  return [styler(process.stdout)('bold', first), ...rest].map(line => `${line}\n`).join('')
}
