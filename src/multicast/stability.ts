import { distance } from '../wire/seqno.js'

/**
 * One number per member that only grows, and the lowest of them: with what members have received it is what is
 * stable (held by all), with what their applications have consumed it is where the flow-control window begins.
 */
export class LowWater {
  min: number
  readonly #marks: Int32Array

  constructor(members: number, start: number) {
    this.min = start
    this.#marks = new Int32Array(members).fill(start)
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

/**
 * How far every member holds each stream, as this member knows: from the stream's sender, who stamps it on its packets,
 * and, in a group small enough for all to hear it of all, from each member's own word.
 */
export class Stability {
  readonly #self: number
  readonly #told: Int32Array
  /** By origin: what those hold of whom it is not known anyway, which are all but its sender and this member. */
  readonly #held: (LowWater | null)[] | null

  /** @param before  the number before the first of every stream  @param hearsAll  each member tells all others what it holds */
  constructor(members: number, self: number, before: number, hearsAll: boolean) {
    this.#self = self
    this.#told = new Int32Array(members).fill(before)
    const others = (origin: number) => members - (origin === self ? 1 : 2)
    this.#held = hearsAll
      ? Array.from({ length: members }, (_, origin) =>
          others(origin) > 0 ? new LowWater(others(origin), before) : null,
        )
      : null
  }

  /** The sender of a stream says that all hold it up to `upTo`. */
  told(origin: number, upTo: number): void {
    if (distance(upTo, this.#told[origin]) > 0) this.#told[origin] = upTo
  }

  /** `member` holds the stream of `origin` up to `upTo`. */
  holds(member: number, origin: number, upTo: number): void {
    if (this.#held === null || member === origin || member === this.#self) return
    const self = this.#self
    const place = member - (member > origin ? 1 : 0) - (self !== origin && member > self ? 1 : 0)
    this.#held[origin]?.raise(place, upTo)
  }

  /** Whether all others hold packet `seq` of `origin`. */
  isStable(origin: number, seq: number): boolean {
    if (distance(this.#told[origin], seq) >= 0) return true
    if (this.#held === null) return false
    const held = this.#held[origin]
    return held === null || distance(held.min, seq) >= 0
  }
}
