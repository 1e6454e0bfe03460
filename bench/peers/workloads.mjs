import { mediansOf } from '../../dist/bench/figures.js'
import { Namespaces, whyNoNamespaces } from '../../dist/bench/namespaces.js'

export const WORKLOADS = ['w1', 'w2', 'one-to-one', 'w5']
const LOSS_BYTES = 1000

/** What is to be run, once for every program that can: workload, order, shape, place, loss. */
export function cellsOf({ workloads, sizes, losses, members, place }) {
  const all = (bytes, more) => ({ members, senders: members, bytes, place, lossPercent: 0, ...more })
  const cells = {
    w1: sizes.map(bytes => all(bytes, { workload: 'W1', order: 'fifo' })),
    w2: sizes.map(bytes => all(bytes, { workload: 'W2', order: 'total' })),
    'one-to-one': [all(1000, { workload: 'one to one', order: 'fifo', members: 2, senders: 1 })],
    w5: losses.flatMap(lossPercent =>
      ['fifo', 'total'].map(order => all(LOSS_BYTES, { workload: 'W5', order, lossPercent, place: 'namespaces' })),
    ),
  }
  return workloads.flatMap(workload => cells[workload])
}

/** Rows in which a program can take part: in its one place, in its one order. */
export function rowsOf(cells, programs) {
  const rows = cells.flatMap(cell =>
    programs.map(program => {
      const isOneToOne = cell.workload === 'one to one'
      const order = isOneToOne && !program.orders.includes(cell.order) ? program.orders[0] : cell.order
      const place = program.places.includes(cell.place) ? cell.place : program.places[0]
      return { ...cell, order, place, program, runs: [] }
    }),
  )
  return rows.filter(({ program, order }) => program.orders.includes(order))
}

/** Every row once, and all of that again: what is compared takes turns. */
export async function play(rows, { repetitions, ...periods }, said) {
  const skipped = rows.some(({ place }) => place === 'namespaces') ? whyNoNamespaces() : undefined
  const possible = rows.filter(({ place }) => place === 'loopback' || skipped === undefined)
  for (let i = 0; i < repetitions; i++) {
    for (const row of possible) {
      const { program, order, place, lossPercent, members, senders, bytes } = row
      const hosts = place === 'namespaces' ? new Namespaces(members, lossPercent) : undefined
      try {
        row.runs.push(await program.run({ members, senders, bytes }, order, periods, hosts))
        said(row)
      } catch (error) {
        row.failure = error.message.trim()
        said(row)
      } finally {
        hosts?.remove()
      }
    }
  }
  const results = possible.map(({ program, runs, ...row }) => {
    const figures = runs.length > 0 ? mediansOf(runs) : undefined
    return { program: program.name, ...row, figures, runs: runs.map(({ stats, ...run }) => run) }
  })
  return { skipped, results: results.map(row => ({ ...row, ofLossless: ofLossless(row, results) })) }
}

function ofLossless({ workload, program, order, figures }, results) {
  if (workload !== 'W5' || figures === undefined) return undefined
  const lossless = results.find(row => row.workload === 'W5' && row.program === program && row.order === order)
  return figures.messagesPerSecond / lossless.figures?.messagesPerSecond
}
