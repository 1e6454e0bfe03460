import type { Endpoint } from '../types.js'
import { lengthOf } from '../wire/header.js'
import { trainBytes } from '../wire/packer.js'
import type { Outbox } from './outbox.js'

interface Train {
  readonly to: Endpoint | null
  bytes: Uint8Array
  length: number
  /** The last packet was a short one: nothing may follow it. */
  isEnded: boolean
}

/**
 * Puts the packets of one turn's repairs together into trains, one line of them for each destination. Lost packets lie
 * scattered over many slabs, and copying one costs a fraction of a system call.
 */
export class RepairTrains {
  readonly #packetBytes: number
  readonly #trainBytes: number
  readonly #outbox: Outbox
  readonly #trains = new Map<number, Train>()

  constructor(packetBytes: number, outbox: Outbox) {
    this.#packetBytes = packetBytes
    this.#trainBytes = trainBytes(packetBytes)
    this.#outbox = outbox
  }

  /** Adds the packet at `at` to what goes to `to`; `line` is the destination's rank, or -1 for the group. */
  add(line: number, to: Endpoint | null, bytes: Uint8Array, at: number): void {
    const length = lengthOf(bytes, at)
    let train = this.#trains.get(line)
    if (train === undefined) {
      train = { to, bytes: new Uint8Array(this.#trainBytes), length: 0, isEnded: false }
      this.#trains.set(line, train)
    } else if (train.isEnded || train.length + length > this.#trainBytes) {
      this.#outbox.send(to, train.bytes, 0, train.length)
      train.bytes = new Uint8Array(this.#trainBytes)
      train.length = 0
      train.isEnded = false
    }
    train.bytes.set(bytes.subarray(at, at + length), train.length)
    train.length += length
    if (length < this.#packetBytes) train.isEnded = true
  }

  flush(): void {
    for (const train of this.#trains.values()) this.#outbox.send(train.to, train.bytes, 0, train.length)
    this.#trains.clear()
  }
}
