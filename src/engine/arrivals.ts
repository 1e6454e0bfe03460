import type { Slab } from '../slab.js'
import type { Endpoint } from '../types.js'
import { CONTROL, CORRUPT, DATA, DROP_CAUSES, judge, kindOf, lengthOf, OK } from '../wire/header.js'
import { Train } from '../wire/train.js'
import { type Counters, countDrop } from './counters.js'

export interface ArrivalsOptions {
  readonly groupTag: number
  /** Where the kernel cuts trains. */
  readonly packetBytes: number
  readonly counters: Counters
  /** Whether this life goes on: one packet of a datagram may be the last that concerns it. */
  isOpen(): boolean
  /** A datagram came from there, of which the packet at `at` is the first. */
  heard(bytes: Uint8Array, at: number, from: Endpoint): void
  /** The train is used again once this returns. */
  data(train: Train): void
  control(bytes: Uint8Array, at: number, from: Endpoint): void
  tell(slab: Slab, at: number, from: Endpoint): void
}

/**
 * What the network brings, judged packet by packet and handed on by kind; data packets of one stream all at once. What is
 * not sound is counted and dropped.
 */
export class Arrivals {
  readonly #options: ArrivalsOptions
  readonly #train = new Train()

  constructor(options: ArrivalsOptions) {
    this.#options = options
  }

  /** A packet, or a train of packets, which lies in `slab`. Never throws for what is in it. */
  take(datagram: Uint8Array, slab: Slab, from: Endpoint): void {
    const { packetBytes, counters } = this.#options
    const { bytes } = slab
    // As 32 bits, signed: of what may have more V8 makes an object for every call, and counts in floating point.
    const groupTag = this.#options.groupTag | 0
    const begin = (datagram.byteOffset - bytes.byteOffset) | 0
    const end = (begin + datagram.length) | 0
    const train = this.#train
    train.begin(slab)
    for (let at = begin; at < end; ) {
      const verdict = judge(bytes, at, end, groupTag)
      if (verdict !== OK) {
        countDrop(counters, DROP_CAUSES[verdict])
        // In a train the next packet begins where the kernel cut, whatever a broken one says of its length.
        if (verdict !== CORRUPT) break
        at += packetBytes
        continue
      }
      counters.packetsIn++
      if (at === begin) this.#options.heard(bytes, at, from)
      const kind = kindOf(bytes, at)
      if (kind !== DATA) {
        this.#handOn()
        if (!this.#options.isOpen()) return
        if (kind === CONTROL) this.#options.control(bytes, at, from)
        else this.#options.tell(slab, at, from)
      } else if (!train.add(at)) {
        this.#handOn()
        train.add(at)
      }
      at += lengthOf(bytes, at)
    }
    this.#handOn()
  }

  /** What has been gathered. */
  #handOn(): void {
    const train = this.#train
    if (train.count === 0) return
    if (this.#options.isOpen()) this.#options.data(train)
    train.begin(train.slab)
  }
}
