import type { NetworkHandler, NetworkPort } from '../ports.js'
import type { Slab } from '../slab.js'
import type { Endpoint } from '../types.js'
import type { Faults } from './faults.js'

/** A packet that is moved behind later ones waits for so long. */
const REORDER_MS = 2

/** How many packets met which fault. */
export interface InjectedFaults {
  lost: number
  duplicated: number
  reordered: number
  corrupted: number
  delayed: number
}

/**
 * A network port whose incoming packets are lost, doubled, reordered, corrupted and delayed, each drawn on its own from
 * one seed. It comes behind the kernel, and so behind UDP's own checksum: what it corrupts, only a packet's own checksum
 * catches.
 */
export class FaultyNetwork implements NetworkPort {
  readonly injected: InjectedFaults = { lost: 0, duplicated: 0, reordered: 0, corrupted: 0, delayed: 0 }
  readonly #network: NetworkPort
  readonly #faults: Faults
  readonly #timers = new Set<NodeJS.Timeout>()
  #state: number

  constructor(network: NetworkPort, faults: Faults, seed: number) {
    this.#network = network
    this.#faults = faults
    this.#state = seed >>> 0
  }

  get endpoint(): Endpoint {
    return this.#network.endpoint
  }

  get packetBytes(): number {
    return this.#network.packetBytes
  }

  get receiveBufferBytes(): number {
    return this.#network.receiveBufferBytes
  }

  get path(): 'trains' | 'datagrams' {
    return this.#network.path
  }

  start(handler: NetworkHandler): void {
    const { packetBytes } = this
    this.#network.start({
      datagram: (bytes, from, multicast, slab) => {
        // A train is many packets, and each has a fate of its own.
        for (let at = 0; at < bytes.length; at += packetBytes) {
          this.#packet(bytes.subarray(at, Math.min(at + packetBytes, bytes.length)), from, multicast, slab, handler)
        }
      },
      failed: error => handler.failed(error),
      overflowed: datagrams => handler.overflowed(datagrams),
      refused: endpoint => handler.refused(endpoint),
    })
  }

  multicast(bytes: Uint8Array, offset: number, length: number): void {
    this.#network.multicast(bytes, offset, length)
  }

  unicast(to: Endpoint, bytes: Uint8Array, offset: number, length: number): void {
    this.#network.unicast(to, bytes, offset, length)
  }

  probe(to: Endpoint, bytes: Uint8Array): void {
    this.#network.probe(to, bytes)
  }

  reach(endpoints: readonly Endpoint[]): void {
    this.#network.reach(endpoints)
  }

  close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    return this.#network.close()
  }

  #packet(
    bytes: Uint8Array,
    from: Endpoint,
    multicast: boolean,
    slab: Slab | undefined,
    handler: NetworkHandler,
  ): void {
    const { loss, duplicate, reorder, corrupt, delayMsMin, delayMsMax } = this.#faults
    const { injected } = this
    if (this.#draw() < loss) {
      injected.lost++
      return
    }
    const copies = this.#draw() < duplicate ? 2 : 1
    injected.duplicated += copies - 1
    for (let copy = 0; copy < copies; copy++) {
      const isCorrupt = this.#draw() < corrupt
      let delayMs = delayMsMin + this.#draw() * (delayMsMax - delayMsMin)
      if (delayMs > 0) injected.delayed++
      if (this.#draw() < reorder) {
        delayMs += REORDER_MS
        injected.reordered++
      }
      if (delayMs === 0 && !isCorrupt) handler.datagram(bytes, from, multicast, slab)
      else {
        const copy = isCorrupt ? this.#corrupted(bytes) : bytes.slice()
        if (delayMs === 0) handler.datagram(copy, from, multicast)
        else this.#later(delayMs, () => handler.datagram(copy, from, multicast))
      }
    }
  }

  #later(delayMs: number, arrive: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      arrive()
    }, delayMs)
    this.#timers.add(timer)
  }

  #corrupted(bytes: Uint8Array): Uint8Array {
    this.injected.corrupted++
    const copy = bytes.slice()
    copy[Math.floor(this.#draw() * copy.length)] ^= 1 << Math.floor(this.#draw() * 8)
    return copy
  }

  /** Mulberry32: from 0 to 1, 1 excluded. */
  #draw(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
