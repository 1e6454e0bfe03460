import { createHash, type Hash } from 'node:crypto'

const BLOCK_BYTES = 65_536
const utf8 = new TextEncoder()

/** One SHA-256 over everything that happened in a run. Small pieces are gathered, since a call costs more than its bytes. */
export class RunDigest {
  readonly #hash: Hash = createHash('sha256')
  readonly #block = new Uint8Array(BLOCK_BYTES)
  readonly #view = new DataView(this.#block.buffer)
  #used = 0

  number(value: number): void {
    if (this.#used + 8 > BLOCK_BYTES) this.#flush()
    this.#view.setFloat64(this.#used, value)
    this.#used += 8
  }

  bytes(bytes: Uint8Array): void {
    this.number(bytes.length)
    if (this.#used + bytes.length > BLOCK_BYTES) this.#flush()
    if (bytes.length > BLOCK_BYTES) this.#hash.update(bytes)
    else {
      this.#block.set(bytes, this.#used)
      this.#used += bytes.length
    }
  }

  text(text: string): void {
    this.number(text.length)
    // A character is at most three bytes of UTF-8.
    if (this.#used + 3 * text.length > BLOCK_BYTES) this.#flush()
    if (3 * text.length > BLOCK_BYTES) this.#hash.update(text)
    else this.#used += utf8.encodeInto(text, this.#block.subarray(this.#used)).written
  }

  /** The digest so far, as hex; more may follow. */
  get hex(): string {
    this.#flush()
    return this.#hash.copy().digest('hex')
  }

  #flush(): void {
    this.#hash.update(this.#block.subarray(0, this.#used))
    this.#used = 0
  }
}
