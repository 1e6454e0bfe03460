import { COLOURS, INK, linear, type Panel, roundTicks, short } from './panel.js'

/** Messages a second of each kind, and of the ceiling, at one size. */
export interface ThroughputGroup {
  /** Bytes of a message. */
  readonly bytes: number
  readonly ceiling?: number
  readonly kinds: readonly { readonly name: string; readonly messagesPerSecond: number }[]
}

/** A group of bars a size, and the ceiling above each. */
export function drawThroughput(panel: Panel, groups: readonly ThroughputGroup[]): void {
  const megabytes = (bytes: number, rate: number) => (bytes * rate) / 1e6
  const all = groups.flatMap(({ bytes, ceiling = 0, kinds }) =>
    [ceiling, ...kinds.map(kind => kind.messagesPerSecond)].map(rate => megabytes(bytes, rate)),
  )
  const ticks = roundTicks(Math.max(...all))
  panel.axis(linear(ticks[ticks.length - 1]), ticks, short, 'MB/s; on the bars messages/s')
  const names = [...new Set(groups.flatMap(({ kinds }) => kinds.map(({ name }) => name)))]
  const room = (panel.width / groups.length) * 0.86
  const width = room / names.length
  for (const [g, { bytes, ceiling, kinds }] of groups.entries()) {
    const left = panel.place(g, groups.length, `${bytes.toLocaleString('en')} B`) - room / 2
    for (const { name, messagesPerSecond } of kinds) {
      const x = left + names.indexOf(name) * width
      const value = megabytes(bytes, messagesPerSecond)
      const label = `${short(messagesPerSecond)}/s`
      panel.bar(x + 1, width - 2, value, colourOf(names, name), `${name}, ${bytes} B: ${label}`)
      // On the bar where it has room, above it where it has not.
      const isHigh = panel.height - panel.y(value) > 56
      const y = panel.y(value) + (isHigh ? 5 : -5)
      panel.text(x + width / 2 + 4, y, short(messagesPerSecond), {
        anchor: isHigh ? 'end' : 'start',
        colour: isHigh ? '#fff' : INK,
        size: 12,
        halo: !isHigh,
        turned: -90,
      })
    }
    if (ceiling === undefined) continue
    const y = panel.y(megabytes(bytes, ceiling))
    panel.path(`M${left} ${y}h${room}`, INK, 3)
    panel.text(left + room / 2, y - 6, short(ceiling), { anchor: 'middle', size: 12, halo: true })
  }
  panel.below('size of a message')
  for (const name of names) panel.legend(name, colourOf(names, name), 'bar')
  if (groups.some(({ ceiling }) => ceiling !== undefined)) panel.legend('ceiling: the bare port', INK, 'line')
}

const colourOf = (names: readonly string[], name: string): string => COLOURS[names.indexOf(name) % COLOURS.length]
