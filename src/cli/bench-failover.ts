import type { FailoverResult, Spread } from 'tutti/bench'
import { columns } from './columns.js'
import { styler } from './terminal.js'

/** W4 as a table, times in milliseconds. */
export function failoverTable(result: FailoverResult): string {
  const { members, repetitions, failovers, quietGapMs, falseExclusions } = result
  const rows = failovers.map(({ event, viewMs, votersMs, gapMs, views }) => [
    `${event}, N = ${members}`,
    ...cells(viewMs),
    ...(votersMs === undefined ? ['', ''] : cells(votersMs)),
    ...cells(gapMs),
    ...cells(views),
  ])
  const head = ['W4, ms', 'new view', 'worst', 'voters', 'worst', 'nothing delivered', 'worst', 'views', 'worst']
  const [first, ...rest] = columns([head, ...rows])
  const lines = [
    styler(process.stdout)('bold', first),
    ...rest,
    `medians and worst of ${repetitions}; nothing delivered while nothing happened: ${cells(quietGapMs).join(', worst ')} ms`,
    `members left out though they lived: ${falseExclusions}`,
  ]
  return lines.map(line => `${line}\n`).join('')
}

const cells = ({ median, worst }: Spread): string[] => [median.toFixed(0), worst.toFixed(0)]
