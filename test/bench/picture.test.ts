import { type PictureData, picture } from 'tutti/bench'
import { describe, expect, it } from 'vitest'
import { perfectShare } from '../../bench/picture/loss-panel.js'
import { roundTicks, short } from '../../bench/picture/panel.js'

const kinds = (...rates: number[]) =>
  ['fifo', 'causal', 'total', 'safe'].map((name, i) => ({ name, messagesPerSecond: rates[i] }))
const point = (load: number, p50Ms: number, p99Ms: number) => ({
  load,
  p50Ms,
  p99Ms,
  samples: 5000,
  offeredPerSecond: 0,
  deliveredPerSecond: 0,
  runs: [],
})
const goodput = (lossPercent: number, messagesPerSecond: number) => ({ lossPercent, messagesPerSecond })

const DATA: PictureData = {
  title: '4 processes on 2 cores ("R&D" <fast>)',
  throughput: [
    { bytes: 100, ceiling: 8_170_000, kinds: kinds(4_900_000, 4_400_000, 3_700_000, 3_000_000) },
    { bytes: 8000, ceiling: 96_100, kinds: kinds(58_200, 55_300, 50_400, 0) },
  ],
  latency: {
    members: 4,
    bytes: 1000,
    messagesPerSecondMax: 430_000,
    echo: { p50Ms: 0.061, p99Ms: 0.2, samples: 5000 },
    points: [point(0, 0.17, 0.91), point(0.8, 2.61, 14.2)],
    ofEcho: 2.8,
  },
  loss: {
    members: 4,
    series: [
      { name: 'fifo', points: [goodput(0, 101_000), goodput(5, 82_820)] },
      { name: 'total', points: [goodput(0, 88_000), goodput(5, 0)] },
    ],
  },
}

/** Elements that are closed in order, every attribute in quotes, no number that is none. */
function faultsOf(svg: string): string[] {
  const faults: string[] = []
  const open: string[] = []
  const rest = svg.replace(/<(\/?)([a-z]+)((?: [a-zA-Z-]+="[^"<]*")*) ?(\/?)>/g, (_, ends, name, __, isEmpty) => {
    if (ends === '' && isEmpty === '') open.push(name)
    else if (ends !== '' && open.pop() !== name) faults.push(`</${name}> closes something else`)
    return ''
  })
  if (open.length > 0) faults.push(`not closed: ${open}`)
  if (/[<>]|&(?!amp;|lt;|gt;|quot;)/.test(rest)) faults.push(`not escaped: ${rest}`)
  if (/NaN|Infinity|undefined/.test(svg)) faults.push('not a number')
  return faults
}

describe('the picture of a run', () => {
  it('is well-formed', () => {
    expect(faultsOf(picture(DATA))).toEqual([])
    expect(picture(DATA)).toContain('R&amp;D')
  })

  it('has a panel for what was measured, and none for what was not', () => {
    const titles = ['Throughput by size', 'Latency in total order', 'Goodput under loss']
    for (const title of titles) expect(picture(DATA)).toContain(title)
    const { title, latency } = DATA
    const [throughputTitle, latencyTitle, lossTitle] = titles.map(title =>
      picture({ title: '', latency }).includes(title),
    )
    expect([throughputTitle, latencyTitle, lossTitle]).toEqual([false, true, false])
    expect(faultsOf(picture({ title }))).toEqual([])
  })

  it('shows the figures', () => {
    const texts = [...picture(DATA).matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text)
    const throughput = ['4.9M', '3.7M', '58.2k', '8.17M', '96.1k', '8,000 B']
    const latency = ['0.061 ms', '0.17', '0.91', '2.61', '14', '80 %']
    const loss = ['101k', '82 %', '0 %', '5 %']
    for (const text of [...throughput, ...latency, ...loss]) expect(texts).toContain(text)
  })

  it('draws a program that delivered nothing at all', () => {
    const nothing = { members: 4, series: [{ name: 'fifo', points: [goodput(0, 0), goodput(5, 0)] }] }
    expect(faultsOf(picture({ title: '', loss: nothing }))).toEqual([])
  })
})

describe('its parts', () => {
  it('ticks are round and reach the highest value', () => {
    expect(roundTicks(966)).toEqual([0, 250, 500, 750, 1000])
    expect(roundTicks(8)).toEqual([0, 2, 4, 6, 8])
    for (const max of [0.003, 1, 47, 101_000]) expect(roundTicks(max).at(-1)).toBeGreaterThanOrEqual(max)
  })

  it('large numbers have units', () => {
    expect([0, 671, 1000, 18_163, 999_400, 1_782_000].map(short)).toEqual(['0', '671', '1k', '18.2k', '999k', '1.78M'])
  })

  it('a perfect repair to three receivers leaves 97, 87 and 77 %', () => {
    expect([0, 1, 5, 10].map(loss => Math.round(perfectShare(loss / 100, 3) * 100))).toEqual([100, 97, 87, 77])
  })
})
