const CAPACITY_MIN = 16

/** Packets of one sender that wait for their turn, by number, and whether each is to be safe. A ring that grows. */
export class PacketQueue {
  length = 0
  #seqs = new Int32Array(CAPACITY_MIN)
  #safe = new Uint8Array(CAPACITY_MIN)
  #head = 0

  /** Number of the first; undefined behaviour if there is none. */
  get first(): number {
    return this.#seqs[this.#head]
  }

  get isFirstSafe(): boolean {
    return this.#safe[this.#head] === 1
  }

  push(seq: number, isSafe: boolean): void {
    if (this.length === this.#seqs.length) this.#grow()
    const at = (this.#head + this.length++) & (this.#seqs.length - 1)
    this.#seqs[at] = seq
    this.#safe[at] = isSafe ? 1 : 0
  }

  shift(): void {
    this.#head = (this.#head + 1) & (this.#seqs.length - 1)
    this.length--
  }

  #grow(): void {
    const seqs = new Int32Array(2 * this.length)
    const safe = new Uint8Array(2 * this.length)
    for (let i = 0; i < this.length; i++) {
      const at = (this.#head + i) & (this.length - 1)
      seqs[i] = this.#seqs[at]
      safe[i] = this.#safe[at]
    }
    this.#seqs = seqs
    this.#safe = safe
    this.#head = 0
  }
}
