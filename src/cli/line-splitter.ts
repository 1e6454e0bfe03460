import { isUtf8 } from 'node:buffer'

const NEWLINE = 10

/** A line, or why it is none. */
export type Line = { readonly text: string } | { readonly fault: string }

/** Cuts a stream of bytes into lines of UTF-8. A line that is too long is skipped to its end and reported once. */
export class LineSplitter {
  readonly #lineBytesMax: number
  #parts: Buffer[] = []
  #partBytes = 0
  #isSkipping = false

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax
  }

  push(chunk: Buffer): Line[] {
    const lines: Line[] = []
    let from = 0
    // The line that an earlier chunk began; after it, all whole lines of this chunk are decoded in one go.
    if (this.#isSkipping || this.#partBytes > 0) {
      const end = chunk.indexOf(NEWLINE)
      this.#keep(end < 0 ? chunk : chunk.subarray(0, end), lines)
      if (end < 0) return lines
      this.#finish(lines)
      from = end + 1
    }
    const last = chunk.lastIndexOf(NEWLINE)
    if (last >= from) {
      this.#whole(chunk.subarray(from, last), lines)
      from = last + 1
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from), lines)
    return lines
  }

  /** The last line of a stream may have no newline. */
  end(): Line[] {
    const lines: Line[] = []
    if (this.#partBytes > 0) this.#finish(lines)
    return lines
  }

  get #tooLong(): Line {
    return { fault: `the line is longer than ${this.#lineBytesMax} bytes` }
  }

  #keep(part: Buffer, lines: Line[]): void {
    if (this.#isSkipping) return
    this.#parts.push(part)
    this.#partBytes += part.length
    if (this.#partBytes <= this.#lineBytesMax) return
    this.#isSkipping = true
    this.#parts = []
    lines.push(this.#tooLong)
  }

  #finish(lines: Line[]): void {
    if (!this.#isSkipping) this.#line(Buffer.concat(this.#parts), lines)
    this.#isSkipping = false
    this.#parts = []
    this.#partBytes = 0
  }

  #whole(block: Buffer, lines: Line[]): void {
    if (block.length <= this.#lineBytesMax && isUtf8(block)) {
      for (const text of block.toString().split('\n')) lines.push({ text })
      return
    }
    for (let from = 0, to = 0; from <= block.length; from = to + 1) {
      to = block.indexOf(NEWLINE, from)
      if (to < 0) to = block.length
      this.#line(block.subarray(from, to), lines)
    }
  }

  #line(bytes: Buffer, lines: Line[]): void {
    if (bytes.length > this.#lineBytesMax) lines.push(this.#tooLong)
    else lines.push(isUtf8(bytes) ? { text: bytes.toString() } : { fault: 'the line is not valid UTF-8' })
  }
}
