import { createHash, type Hash } from 'node:crypto'

interface Part {
  readonly first: number
  last: number
  readonly hash: Hash
}

/** A stretch of the one sequence that total order is: from which index to which, and one hash over all of it. */
export interface Stretch {
  readonly first: number
  readonly last: number
  readonly sha256: string
}

/** What one member delivered in total order. It is kept by view: who joined late has the later views of the sequence. */
export class DemoSequence {
  readonly #parts = new Map<number, Part>()
  #next: number | undefined
  /** A sentence about the first index that was not the next. */
  fault: string | undefined

  add(view: number, index: number, from: string, data: string): void {
    if (this.#next !== undefined && index !== this.#next)
      this.fault ??= `index ${index} in view ${view}, after ${this.#next - 1}`
    this.#next = index + 1
    const part = this.#parts.get(view) ?? { first: index, last: index, hash: createHash('sha256') }
    this.#parts.set(view, part)
    part.last = index
    part.hash.update(`${index} ${from} ${data}\n`)
  }

  /** The member was left out, and comes back at some later index. */
  interrupt(): void {
    this.#next = undefined
  }

  get views(): number[] {
    return [...this.#parts.keys()].sort((a, b) => a - b)
  }

  /** What it has of these views, in order; undefined if that is nothing. */
  stretch(views: readonly number[]): Stretch | undefined {
    const parts = views.map(view => this.#parts.get(view)).filter(part => part !== undefined)
    if (parts.length === 0) return undefined
    const all = createHash('sha256')
    for (const { hash } of parts) all.update(hash.copy().digest())
    return { first: parts[0].first, last: parts[parts.length - 1].last, sha256: all.digest('hex') }
  }
}
