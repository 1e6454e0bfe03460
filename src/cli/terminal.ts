import type { WriteStream } from 'node:tty'

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const
export type Style = keyof typeof CODES

/** Names of members get one of these each. */
export const NAME_STYLES: readonly Style[] = ['cyan', 'green', 'yellow', 'magenta', 'blue']

/** Styles for a terminal; plain text when piped, or where NO_COLOR (no-color.org) is set. */
export function styler(stream: { readonly isTTY?: boolean }): (style: Style, text: string) => string {
  const isColoured = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
  return isColoured ? (style, text) => `\x1b[${CODES[style]}m${text}\x1b[0m` : (_style, text) => text
}

/** Text from others, without the control characters by which it could take over a terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, character => (character === '\t' ? ' ' : ''))
}

/** A block of lines at the foot of a terminal that is drawn anew in place, with lines that stay above it. */
export class LiveBlock {
  readonly #stream: WriteStream
  #rows = 0

  constructor(stream: WriteStream) {
    this.#stream = stream
  }

  /** Replaces the block, and puts `above` where it stays. */
  draw(block: readonly string[], above: readonly string[] = []): void {
    const text = [...above, ...block].map(line => `${line}\x1b[K\n`).join('')
    const up = this.#rows > 0 ? `\x1b[${this.#rows}A` : ''
    // Without wrapping, a row of the block is a row of the terminal however narrow that is.
    this.#stream.write(`\x1b[?7l${up}\x1b[J${text}\x1b[?7h`)
    this.#rows = block.length
  }
}
