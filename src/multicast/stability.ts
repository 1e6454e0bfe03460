import { distance } from '../wire/seqno.js'

/**
 * One number per member that only grows, and the lowest of them: with what members have received it is what is
 * stable (held by all), with what their applications have consumed it is where the flow-control window begins.
 */
export class LowWater {
  min: number
  readonly #marks: Uint32Array

  constructor(members: number, start: number) {
    this.min = start
    this.#marks = new Uint32Array(members).fill(start)
  }

  of(rank: number): number {
    return this.#marks[rank]
  }

  /** Returns whether the lowest number rose. A number that is behind the known one is old news. */
  raise(rank: number, mark: number): boolean {
    const before = this.#marks[rank]
    if (distance(mark, before) <= 0) return false
    this.#marks[rank] = mark
    if (before !== this.min) return false
    let min = mark
    for (const other of this.#marks) if (distance(other, min) < 0) min = other
    const rose = min !== this.min
    this.min = min
    return rose
  }
}
