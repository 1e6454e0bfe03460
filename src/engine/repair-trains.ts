import type { Slab, SlabPool } from '../slab.js'
import type { Endpoint } from '../types.js'
import { lengthOf } from '../wire/header.js'
import { trainBytes } from '../wire/packer.js'
import type { Outbox } from './outbox.js'

interface Train {
  readonly to: Endpoint | null
  slab: Slab
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
  readonly #pool: SlabPool
  readonly #trains = new Map<number, Train>()
  /** What leaves with this turn, and what left with the one before: nobody reads that any more. */
  #leaving: Slab[] = []
  #left: Slab[] = []

  /** @param pool  gives slabs of one train each */
  constructor(packetBytes: number, outbox: Outbox, pool: SlabPool) {
    this.#packetBytes = packetBytes
    this.#trainBytes = trainBytes(packetBytes)
    this.#outbox = outbox
    this.#pool = pool
  }

  /** Adds the packet at `at` to what goes to `to`; `line` is the destination's rank, or -1 for the group. */
  add(line: number, to: Endpoint | null, bytes: Uint8Array, at: number): void {
    const length = lengthOf(bytes, at)
    let train = this.#trains.get(line)
    if (train === undefined) {
      train = { to, slab: this.#pool.take(), length: 0, isEnded: false }
      this.#trains.set(line, train)
    } else if (train.isEnded || train.length + length > this.#trainBytes) {
      this.#send(train)
      train.slab = this.#pool.take()
      train.length = 0
      train.isEnded = false
    }
    train.slab.bytes.set(bytes.subarray(at, at + length), train.length)
    train.length += length
    if (length < this.#packetBytes) train.isEnded = true
  }

  /** At the end of every turn. */
  flush(): void {
    if (this.#trains.size + this.#left.length + this.#leaving.length === 0) return
    for (const slab of this.#left) slab.release()
    this.#left.length = 0
    for (const train of this.#trains.values()) this.#send(train)
    this.#trains.clear()
    const emptied = this.#left
    this.#left = this.#leaving
    this.#leaving = emptied
  }

  #send({ to, slab, length }: Train): void {
    this.#outbox.send(to, slab.bytes, 0, length)
    this.#leaving.push(slab)
  }
}
