import { picture } from '../../dist/bench/index.js'
import { columns } from '../../dist/src/cli/columns.js'

const whole = value => Math.round(value).toLocaleString('en-US')

/** What nothing was delivered for has no cost of a delivery. */
const micros = value => (Number.isFinite(value) ? value.toFixed(2) : '-')

/** One table for throughput, one for goodput under loss. */
export function tables(results, skipped) {
  const throughput = results.filter(({ workload }) => workload !== 'W5').map(row => cells(row, []))
  const loss = results
    .filter(({ workload }) => workload === 'W5')
    .map(row => cells(row, [`${row.lossPercent} %`, row.figures ? `${(row.ofLossless * 100).toFixed(0)} %` : '']))
  const head = ['workload', 'program', 'order', 'size', 'place']
  const rates = ['messages/s', 'MB/s', 'CPU us']
  const parts = [
    ...(throughput.length > 0 ? [columns([[...head, ...rates], ...throughput])] : []),
    ...(loss.length > 0 ? [columns([[...head, 'loss', 'of lossless', ...rates], ...loss])] : []),
    ...(skipped === undefined ? [] : [[`what runs in namespaces was skipped: ${skipped}`]]),
    results
      .filter(({ failure }) => failure)
      .map(({ program, workload, failure }) => `${program}, ${workload}: ${failure}`),
  ]
  const text = parts.filter(part => part.length > 0).map(part => part.map(line => `${line}\n`).join(''))
  return text.join('\n')
}

function cells({ workload, members, program, order, bytes, place, figures }, more) {
  const { messagesPerSecond, megabytesPerSecond, cpuMicrosPerMessage } = figures ?? {}
  const rates = figures
    ? [whole(messagesPerSecond), megabytesPerSecond.toFixed(1), micros(cpuMicrosPerMessage)]
    : ['failed', '', '']
  return [`${workload}, N = ${members}`, program, order, `${bytes} B`, place, ...more, ...rates]
}

/** Throughput in the order that most have, and goodput under loss in each program's own. */
export function drawn(results, machine, members) {
  const measured = results.filter(({ figures }) => figures !== undefined)
  const kindsOf = bytes =>
    measured
      .filter(row => row.workload === 'W1' && row.bytes === bytes)
      .map(({ program, figures }) => ({ name: program, messagesPerSecond: figures.messagesPerSecond }))
  const sizes = [...new Set(measured.filter(({ workload }) => workload === 'W1').map(({ bytes }) => bytes))]
  const lossy = measured.filter(({ workload }) => workload === 'W5')
  const series = [...new Set(lossy.map(({ program }) => program))].map(name => ({
    name,
    points: lossy
      .filter(row => row.program === name && row.order === lossy.find(({ program }) => program === name).order)
      .map(({ lossPercent, figures }) => ({ lossPercent, messagesPerSecond: figures.messagesPerSecond })),
  }))
  return picture({
    title: `${members} processes on ${machine.cpus} cores (${machine.cpu})`,
    throughput: sizes.map(bytes => ({ bytes, kinds: kindsOf(bytes) })),
    loss: series.length > 0 ? { members, series } : undefined,
  })
}
