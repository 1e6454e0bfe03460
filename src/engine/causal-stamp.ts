import type { CausalOrder } from '../ordering/causal.js'
import { endVector, entriesFor, entriesIn, vectorBytes, writeEntry } from '../wire/causal-vector.js'

/**
 * What this member has delivered of the others' causal packets, for its own next one to say: as differences to what its
 * last one said.
 */
export class CausalStamp {
  readonly #causal: CausalOrder
  readonly #self: number
  /** By rank: what was said, and all of it together. */
  readonly #said: Float64Array
  #saidTotal = 0

  constructor(causal: CausalOrder, self: number) {
    this.#causal = causal
    this.#self = self
    this.#said = new Float64Array(causal.delivered.length)
  }

  /** More was delivered since a packet said. */
  get isStale(): boolean {
    const { total, delivered } = this.#causal
    return total - delivered[this.#self] !== this.#saidTotal
  }

  /** Entries that it takes to say it. */
  get entries(): number {
    let entries = 0
    for (let rank = 0; rank < this.#said.length; rank++) entries += entriesFor(this.#rise(rank))
    return entries
  }

  entriesIn(bytes: number): number {
    return entriesIn(bytes)
  }

  bytes(entries: number): number {
    return vectorBytes(entries)
  }

  /** Writes the first `entries`, which are said from now on. */
  write(b: Uint8Array, at: number, entries: number): void {
    endVector(b, at, entries)
    let entry = 0
    for (let rank = 0; rank < this.#said.length && entry < entries; rank++) {
      for (let rise = this.#rise(rank); rise > 0 && entry < entries; rise = this.#rise(rank)) {
        const said = writeEntry(b, at, entry++, rank, rise)
        this.#said[rank] += said
        this.#saidTotal += said
      }
    }
  }

  #rise(rank: number): number {
    // What it sent itself goes without saying.
    return rank === this.#self ? 0 : this.#causal.delivered[rank] - this.#said[rank]
  }
}
