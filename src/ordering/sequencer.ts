/**
 * What rank 0 has received of total order and has not announced. Packets of one turn are put in order by sender, so that
 * an announcement is a run for each and not an entry for each packet.
 */
export class Sequencer {
  /** Ranks with something to announce, in order of arrival. */
  #ranks: number[] = []
  #lasts: number[] = []
  /** By rank: its place in the above, or -1. */
  readonly #places: Int32Array
  #isSafe = false

  constructor(members: number) {
    this.#places = new Int32Array(members).fill(-1)
  }

  get hasNews(): boolean {
    return this.#ranks.length > 0
  }

  /** Packet `seq` of `rank` has come in sequence. */
  note(rank: number, seq: number, isSafe: boolean): void {
    this.#isSafe ||= isSafe
    const place = this.#places[rank]
    if (place >= 0) {
      this.#lasts[place] = seq
      return
    }
    this.#places[rank] = this.#ranks.length
    this.#ranks.push(rank)
    this.#lasts.push(seq)
  }

  /** Takes the next runs to announce, at most `max`. */
  take(max: number): {
    readonly ranks: readonly number[]
    readonly lasts: readonly number[]
    readonly isSafe: boolean
  } {
    const ranks = this.#ranks.slice(0, max)
    const lasts = this.#lasts.slice(0, max)
    this.#ranks = this.#ranks.slice(max)
    this.#lasts = this.#lasts.slice(max)
    for (const rank of ranks) this.#places[rank] = -1
    for (const [place, rank] of this.#ranks.entries()) this.#places[rank] = place
    const isSafe = this.#isSafe
    if (this.#ranks.length === 0) this.#isSafe = false
    return { ranks, lasts, isSafe }
  }
}
