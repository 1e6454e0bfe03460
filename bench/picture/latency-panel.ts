import type { LatencyResult } from '../w3.js'
import { COLOURS, decades, logarithmic, type Panel, REFERENCE } from './panel.js'

/** Median and 99th percentile over the load, and the bare port's echo as the reference. */
export function drawLatency(panel: Panel, { points, echo }: LatencyResult): void {
  const values = [echo.p50Ms, ...points.flatMap(({ p50Ms, p99Ms }) => [p50Ms, p99Ms])]
  const ticks = decades(Math.min(...values), Math.max(...values))
  panel.axis(logarithmic(ticks[0], ticks[ticks.length - 1]), ticks, tick => String(Number(tick.toPrecision(1))), 'ms')
  const x = points.map(({ load }, i) => panel.place(i, points.length, load === 0 ? 'none' : `${load * 100} %`))
  panel.line(
    [0, panel.width].map(edge => [edge, echo.p50Ms] as const),
    REFERENCE,
    true,
  )
  panel.text(4, panel.y(echo.p50Ms) + 15, `${milliseconds(echo.p50Ms)} ms`, { size: 12, halo: true, colour: REFERENCE })
  for (const [name, of, colour] of [
    ['p50', 'p50Ms', COLOURS[0]],
    ['p99', 'p99Ms', COLOURS[4]],
  ] as const) {
    panel.line(
      points.map((point, i) => [x[i], point[of]]),
      colour,
    )
    for (const [i, point] of points.entries()) {
      const label = milliseconds(point[of])
      panel.dot(x[i], point[of], colour, `${name}: ${label} ms`)
      panel.text(x[i], panel.y(point[of]) - 9, label, { anchor: 'middle', size: 12, halo: true, colour })
    }
    panel.legend(name, colour, 'line')
  }
  panel.below('other load, of the highest total-order rate')
  panel.legend('bare port, two hops, p50', REFERENCE, 'dashes')
}

const milliseconds = (ms: number): string => (ms < 0.1 ? ms.toFixed(3) : ms < 10 ? ms.toFixed(2) : ms.toFixed(0))
