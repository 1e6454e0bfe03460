export const INK = '#333'
export const COLOURS = ['#15c', '#1a6', '#c60', '#92c', '#c33', '#088', '#a80'] as const
export const REFERENCE = '#888'

/** A number from the data's lowest to its highest value becomes one from 0 to 1. */
export type Scale = (value: number) => number

export const linear =
  (max: number): Scale =>
  value =>
    value / max

export const logarithmic =
  (min: number, max: number): Scale =>
  value =>
    Math.log(Math.max(value, min) / min) / Math.log(max / min)

/** About four values from 0 to a round one that is not less than `max`. */
export function roundTicks(max: number): number[] {
  const rough = (max > 0 ? max : 1) / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 2.5, 5, 10].map(factor => factor * power).find(step => step >= rough * 0.999)!
  const count = Math.max(1, Math.ceil((max / step) * 0.999))
  return Array.from({ length: count + 1 }, (_, i) => i * step)
}

/** 1, 10, 100... from not more than `min` to not less than `max`. */
export function decades(min: number, max: number): number[] {
  const first = Math.floor(Math.log10(min))
  const last = Math.max(first + 1, Math.ceil(Math.log10(max)))
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i))
}

/** 1,234,567 as 1.23M. */
export function short(value: number): string {
  const [divisor, unit] = value >= 999_500 ? [1e6, 'M'] : value >= 1000 ? [1000, 'k'] : [1, '']
  return `${Number((value / divisor).toPrecision(3))}${unit}`
}

export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

interface TextStyle {
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly colour?: string
  readonly size?: number
  readonly bold?: boolean
  /** White about it: it may lie on a line. */
  readonly halo?: boolean
  /** Degrees, about its own place. */
  readonly turned?: number
}

/** One diagram: a frame with a title, a scale at its left, and marks at places that are given in its own units. */
export class Panel {
  readonly width: number
  readonly height: number
  readonly #parts: string[] = []
  readonly #left: number
  readonly #top: number
  #scale: Scale = linear(1)
  #legendAt = 0

  constructor(title: string, left: number, top: number, width: number, height: number) {
    this.#left = left
    this.#top = top
    this.width = width
    this.height = height
    this.text(-44, -34, title, { bold: true, size: 15 })
  }

  /** The scale at the left, and what it is of. */
  axis(scale: Scale, ticks: readonly number[], label: (tick: number) => string, unit: string): void {
    this.#scale = scale
    for (const tick of ticks) {
      const y = this.y(tick)
      this.path(`M0 ${round(y)}H${this.width}`, '#ddd', 1)
      this.text(-6, y + 4, label(tick), { anchor: 'end' })
    }
    this.text(-44, -14, unit, { colour: REFERENCE })
  }

  /** What lies below the middle of place `i` of `count`. */
  place(i: number, count: number, label: string): number {
    const x = ((i + 0.5) * this.width) / count
    this.text(x, this.height + 18, label, { anchor: 'middle' })
    return x
  }

  below(text: string): void {
    this.text(this.width / 2, this.height + 38, text, { anchor: 'middle' })
  }

  y(value: number): number {
    return this.height * (1 - this.#scale(value))
  }

  bar(x: number, width: number, value: number, colour: string, title: string): void {
    const y = this.y(value)
    const at = `x="${round(this.#left + x)}" y="${round(this.#top + y)}"`
    const size = `width="${round(width)}" height="${round(this.height - y)}"`
    this.#parts.push(`<rect ${at} ${size} fill="${colour}"><title>${escaped(title)}</title></rect>`)
  }

  /** A line through `points`, which are places and values. Dashed: it is a reference. */
  line(points: readonly (readonly [x: number, value: number])[], colour: string, isDashed = false): void {
    const path = points.map(([x, value]) => `${round(x)} ${round(this.y(value))}`).join('L')
    this.path(`M${path}`, colour, 2, isDashed)
  }

  dot(x: number, value: number, colour: string, title: string): void {
    const at = `cx="${round(this.#left + x)}" cy="${round(this.#top + this.y(value))}"`
    this.#parts.push(`<circle ${at} r="4" fill="${colour}"><title>${escaped(title)}</title></circle>`)
  }

  text(x: number, y: number, text: string, style: TextStyle = {}): void {
    const { anchor = 'start', colour = INK, size = 13, bold = false, halo = false, turned } = style
    const [left, top] = [round(this.#left + x), round(this.#top + y)]
    const turn = turned === undefined ? '' : ` transform="rotate(${turned} ${left} ${top})"`
    const weight = bold ? ' font-weight="bold"' : ''
    const ring = halo ? ' stroke="#fff" stroke-width="3" paint-order="stroke"' : ''
    const look = `text-anchor="${anchor}" fill="${colour}" font-size="${size}"${weight}${ring}${turn}`
    this.#parts.push(`<text x="${left}" y="${top}" ${look}>${escaped(text)}</text>`)
  }

  /** What a colour means, one after the other below everything. */
  legend(name: string, colour: string, mark: 'bar' | 'line' | 'dashes'): void {
    const columns = 2
    const x = (this.#legendAt % columns) * ((this.width + 40) / columns) - 40
    const y = this.height + 60 + Math.floor(this.#legendAt / columns) * 20
    if (mark === 'bar') this.path(`M${x} ${y}h18`, colour, 10)
    else this.path(`M${x} ${y}h18`, colour, 2, mark === 'dashes')
    this.text(x + 24, y + 4, name)
    this.#legendAt++
  }

  path(path: string, colour: string, width: number, isDashed = false): void {
    const dashes = isDashed ? ' stroke-dasharray="6 4"' : ''
    const place = `transform="translate(${this.#left} ${this.#top})"`
    this.#parts.push(`<path d="${path}" ${place} fill="none" stroke="${colour}" stroke-width="${width}"${dashes}/>`)
  }

  get svg(): string {
    return this.#parts.join('\n')
  }
}

const round = (value: number): number => Math.round(value * 10) / 10
