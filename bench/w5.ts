import { type Figures, mediansOf } from './figures.js'
import { Namespaces, whyNoNamespaces } from './namespaces.js'
import { type Api, HEADLINE_API, type Way } from './settings.js'
import { nameOf, type Periods, runTutti } from './throughput.js'

export interface LossOptions extends Periods {
  readonly members?: number
  /** Default 1,000. */
  readonly bytes?: number
  /** Packets lost at random, at every receiver. Default 0, 1, 5 and 10. */
  readonly lossPercents?: readonly number[]
  /** Default 3. */
  readonly repetitions?: number
  readonly api?: Api
  /** After each run. */
  readonly onRun?: (what: string, figures: Figures) => void
}

/** Goodput at one rate of loss. */
export interface LossPoint extends Way {
  readonly lossPercent: number
  /** Medians over the runs. */
  readonly tutti: Figures
  /** Of messages per second: to the run without loss, or with the least. */
  readonly ofLossless: number
  /** What the switch dropped in all runs: single packets, if their mean is less than a packet can have. */
  readonly dropped: { readonly packets: number; readonly bytesMean: number }
  readonly runs: readonly Figures[]
}

export interface LossResult {
  readonly members: number
  readonly bytes: number
  readonly points: readonly LossPoint[]
}

const PACKET_BYTES_MAX = 1500

/**
 * As W1 between network namespaces, whose switch loses packets on their way to each receiver, one by one. Where there
 * can be no namespaces: why not.
 */
export async function runW5(options: LossOptions = {}): Promise<LossResult | { readonly skipped: string }> {
  const skipped = whyNoNamespaces()
  if (skipped !== undefined) return { skipped }
  const { members = 4, bytes = 1000, lossPercents = [0, 1, 5, 10] } = options
  const { repetitions = 3, api = HEADLINE_API, onRun } = options
  const shape = { members, senders: members, bytes, trains: true }
  const ways: Way[] = [
    { order: 'fifo', safe: false, api },
    { order: 'total', safe: false, api },
  ]
  const cells = lossPercents.flatMap(lossPercent => ways.map(way => new Cell(lossPercent, way)))
  for (let i = 0; i < repetitions; i++) {
    for (const cell of cells) {
      const { lossPercent, way } = cell
      const hosts = new Namespaces(members, lossPercent)
      try {
        const figures = await runTutti(shape, way, options, hosts)
        cell.add(figures, hosts.dropped)
        onRun?.(`${nameOf(way)}, ${lossPercent} % lost`, figures)
      } finally {
        hosts.remove()
      }
    }
  }
  return { members, bytes, points: cells.map(cell => cell.point(cells)) }
}

/** All runs of one order at one rate of loss. */
class Cell {
  readonly lossPercent: number
  readonly way: Way
  readonly #runs: Figures[] = []
  #packets = 0
  #bytes = 0

  constructor(lossPercent: number, way: Way) {
    this.lossPercent = lossPercent
    this.way = way
  }

  add(figures: Figures, dropped: { readonly packets: number; readonly bytes: number }): void {
    const { messagesPerSecond, megabytesPerSecond, cpuMicrosPerMessage } = figures
    this.#runs.push({ messagesPerSecond, megabytesPerSecond, cpuMicrosPerMessage })
    this.#packets += dropped.packets
    this.#bytes += dropped.bytes
    if (this.#bytes <= this.#packets * PACKET_BYTES_MAX) return
    const mean = Math.round(this.#bytes / this.#packets)
    throw new Error(`the switch dropped trains and not packets (${mean} bytes each): these figures mean nothing`)
  }

  point(cells: readonly Cell[]): LossPoint {
    const tutti = mediansOf(this.#runs)
    const lossless = cells.find(({ way }) => way === this.way)!
    return {
      lossPercent: this.lossPercent,
      ...this.way,
      tutti,
      ofLossless: tutti.messagesPerSecond / mediansOf(lossless.#runs).messagesPerSecond,
      dropped: { packets: this.#packets, bytesMean: this.#packets === 0 ? 0 : this.#bytes / this.#packets },
      runs: this.#runs,
    }
  }
}
