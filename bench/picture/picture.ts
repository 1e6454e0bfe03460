import type { WorkloadResult } from '../throughput.js'
import type { LatencyResult } from '../w3.js'
import type { LossResult } from '../w5.js'
import { drawLatency } from './latency-panel.js'
import { drawLoss, type LossSeries } from './loss-panel.js'
import { escaped, Panel } from './panel.js'
import { drawThroughput, type ThroughputGroup } from './throughput-panel.js'

/** What there is to draw: a panel for each. */
export interface PictureData {
  readonly title: string
  readonly throughput?: readonly ThroughputGroup[]
  readonly latency?: LatencyResult
  readonly loss?: { readonly members: number; readonly series: readonly LossSeries[] }
}

const PANEL_WIDTH = 320
const PANEL_HEIGHT = 250
const COLUMN_WIDTH = 400
const LEFT = 60
const TOP = 86
const BELOW = 140

/** An SVG picture of a run of the benchmarks. */
export function picture({ title, throughput = [], latency, loss }: PictureData): string {
  const panels: Panel[] = []
  const next = (name: string) => {
    const panel = new Panel(name, LEFT + panels.length * COLUMN_WIDTH, TOP, PANEL_WIDTH, PANEL_HEIGHT)
    panels.push(panel)
    return panel
  }
  if (throughput.length > 0) drawThroughput(next('Throughput by size'), throughput)
  if (latency !== undefined) drawLatency(next('Latency in total order'), latency)
  if (loss !== undefined && loss.series.length > 0) drawLoss(next('Goodput under loss'), loss.series, loss.members)
  const width = LEFT - 44 + panels.length * COLUMN_WIDTH
  const height = TOP + PANEL_HEIGHT + BELOW
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}" font-family="system-ui, sans-serif">
<rect width="${width}" height="${height}" fill="#fff"/>
<text x="16" y="26" font-size="13" fill="#888">${escaped(title)}</text>
${panels.map(panel => panel.svg).join('\n')}
</svg>
`
}

/** Every way in which the members of the group sent, by size. One to one is another thing. */
export function throughputGroups(results: readonly WorkloadResult[]): ThroughputGroup[] {
  // W2 has what W1 has, and more.
  const hasW2 = results.some(({ workload }) => workload === 'W2')
  const rows = results.filter(({ workload }) => workload === (hasW2 ? 'W2' : 'W1'))
  const sizes = [...new Set(rows.map(({ bytes }) => bytes))]
  return sizes.map(bytes => {
    const own = rows.filter(row => row.bytes === bytes)
    const kinds = own.map(({ order, safe, api, tutti }) => {
      const name = `${safe ? 'safe' : order}${api === 'message' && !hasW2 ? ', an object each' : ''}`
      return { name, messagesPerSecond: tutti.messagesPerSecond }
    })
    return { bytes, ceiling: own[0].ceiling.messagesPerSecond, kinds }
  })
}

export function lossSeries({ points }: LossResult): LossSeries[] {
  const orders = [...new Set(points.map(({ order }) => order))]
  return orders.map(order => ({
    name: order,
    points: points
      .filter(point => point.order === order)
      .map(({ lossPercent, tutti }) => ({ lossPercent, messagesPerSecond: tutti.messagesPerSecond })),
  }))
}
