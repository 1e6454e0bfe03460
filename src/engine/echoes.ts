import type { RoundTrip } from '../multicast/round-trip.js'
import type { tutti } from '../wire/generated/control.js'

/** A round trip counts as at most so many times the one known. */
const OUTLIER = 4

/** The stamps of others' beats on their way back to them, and one's own as they come back: so round trips are measured. */
export class Echoes {
  readonly #self: number
  readonly #msMax: number
  /** By rank: the stamp of the last beat, and when it came. */
  readonly #stamps: Float64Array
  readonly #stampedAtMs: Float64Array

  /** @param msMax  more is no network but a process that stood still */
  constructor(members: number, self: number, msMax: number) {
    this.#self = self
    this.#msMax = msMax
    this.#stamps = new Float64Array(members)
    this.#stampedAtMs = new Float64Array(members)
  }

  stamped(rank: number, stamp: number, nowMs: number): void {
    this.#stamps[rank] = stamp
    this.#stampedAtMs[rank] = nowMs
  }

  cameBack(echoes: readonly tutti.Echo.$Properties[], roundTrip: RoundTrip, nowMs: number): void {
    for (const { rank, stamp, held } of echoes) {
      if (rank !== this.#self) continue
      const roundTripMs = nowMs - (stamp ?? 0) - (held ?? 0)
      // What is no number fails both.
      if (!(roundTripMs >= 0 && roundTripMs <= this.#msMax)) continue
      // Waits are many times the group's round trip, so it must not follow one that stands out: a network that has
      // become slower says so more than once.
      roundTrip.measured(Math.min(roundTripMs, OUTLIER * roundTrip.groupMs))
    }
  }

  /** What is to go back with the next beat. */
  take(nowMs: number): tutti.Echo.$Properties[] {
    const echoes: tutti.Echo.$Properties[] = []
    for (let rank = 0; rank < this.#stamps.length; rank++) {
      if (this.#stampedAtMs[rank] === 0) continue
      echoes.push({ rank, stamp: this.#stamps[rank], held: nowMs - this.#stampedAtMs[rank] })
      this.#stampedAtMs[rank] = 0
    }
    return echoes
  }
}
