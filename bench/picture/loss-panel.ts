import { COLOURS, linear, type Panel, REFERENCE, roundTicks, short } from './panel.js'

/** Goodput of one program, or in one order, at each rate of loss. */
export interface LossSeries {
  readonly name: string
  /** By loss, from the least on. */
  readonly points: readonly { readonly lossPercent: number; readonly messagesPerSecond: number }[]
}

/** Goodput over loss, with the share of what there is without, and what a perfect repair would leave of the first. */
export function drawLoss(panel: Panel, series: readonly LossSeries[], members: number): void {
  const rates = series.flatMap(({ points }) => points.map(point => point.messagesPerSecond))
  const ticks = roundTicks(Math.max(...rates) * 1.08)
  // More than two would write over each other.
  const hasLabels = series.length <= 2
  const unit = hasLabels ? 'messages/s; at the points, of the lossless rate' : 'messages/s'
  panel.axis(linear(ticks[ticks.length - 1]), ticks, short, unit)
  const losses = [...new Set(series.flatMap(({ points }) => points.map(({ lossPercent }) => lossPercent)))]
  losses.sort((a, b) => a - b)
  const x = new Map(losses.map((loss, i) => [loss, panel.place(i, losses.length, `${loss} %`)]))
  const [first] = series[0].points
  panel.line(
    losses.map(loss => [x.get(loss)!, first.messagesPerSecond * perfectShare(loss / 100, members - 1)]),
    REFERENCE,
    true,
  )
  for (const [s, { name, points }] of series.entries()) {
    const colour = COLOURS[s % COLOURS.length]
    panel.line(
      points.map(({ lossPercent, messagesPerSecond }) => [x.get(lossPercent)!, messagesPerSecond]),
      colour,
    )
    for (const { lossPercent, messagesPerSecond } of points) {
      const at = x.get(lossPercent)!
      const share = `${((messagesPerSecond / (points[0].messagesPerSecond || 1)) * 100).toFixed(0)} %`
      panel.dot(at, messagesPerSecond, colour, `${name}, ${lossPercent} %: ${short(messagesPerSecond)}/s`)
      if (!hasLabels) continue
      const label = lossPercent === points[0].lossPercent ? short(messagesPerSecond) : share
      // The lower of two has its label below, unless the axis is there.
      const isLower = series.some(other => (rateOf(other, lossPercent) ?? 0) > messagesPerSecond)
      const y = panel.y(messagesPerSecond)
      const offset = isLower && y < panel.height - 20 ? 19 : -9
      panel.text(at, y + offset, label, { anchor: 'middle', size: 12, halo: true, colour })
    }
    panel.legend(name, colour, 'line')
  }
  panel.below('packets lost at every receiver')
  panel.legend('perfect repair', REFERENCE, 'dashes')
}

function rateOf({ points }: LossSeries, loss: number): number | undefined {
  return points.find(({ lossPercent }) => lossPercent === loss)?.messagesPerSecond
}

/** How much is left if every packet is multicast until the last of the receivers has it, and none once more. */
export function perfectShare(loss: number, receivers: number): number {
  let transmissions = 0
  for (let sent = 0; sent < 50; sent++) transmissions += 1 - (1 - loss ** sent) ** receivers
  return 1 / transmissions
}
