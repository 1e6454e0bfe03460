import type { NetworkHandler, Ports } from '../../src/ports.js'
import { SeededRandom } from '../../src/sim/random.js'
import type { Endpoint } from '../../src/types.js'

const PACKET_BYTES = 1400
const RECEIVE_BUFFER_BYTES = 8 << 20
const STEP_MS = 1

interface Datagram {
  readonly to: Endpoint | null
  readonly bytes: Uint8Array
  readonly offset: number
  readonly length: number
}

/** Members side by side in one thread: no socket, no timer, nothing is lost. Time goes on when it is told to. */
export class Wire {
  nowMs = 1_000
  readonly #places: Place[] = []
  readonly random = new SeededRandom(1)

  /** Ports for one more member. */
  place(): Place {
    const place = new Place(this, 5_001 + this.#places.length)
    this.#places.push(place)
    return place
  }

  /** A millisecond: what was sent arrives, and everybody has a turn. */
  step(): void {
    this.nowMs += STEP_MS
    for (const from of this.#places) {
      for (const to of this.#places) if (to !== from) to.receive(from.copiesFor(to), from)
    }
    for (const place of this.#places) {
      place.takeSent()
      place.turn()
    }
  }
}

/** The ports of one member. */
export class Place {
  readonly ports: Ports
  readonly endpoint: Endpoint
  #sent: Datagram[] = []
  #handler: NetworkHandler | undefined
  #turn: (() => void) | undefined
  #fire: (() => void) | undefined
  #fireAtMs = Number.POSITIVE_INFINITY
  readonly #wire: Wire

  constructor(wire: Wire, port: number) {
    this.#wire = wire
    this.endpoint = { address: '10.0.0.1', port }
    const send = (to: Endpoint | null, bytes: Uint8Array, offset: number, length: number) => {
      this.#sent.push({ to, bytes, offset, length })
      return false // it is copied later, outside of what is measured
    }
    this.ports = {
      network: {
        endpoint: this.endpoint,
        packetBytes: PACKET_BYTES,
        receiveBufferBytes: RECEIVE_BUFFER_BYTES,
        path: 'trains',
        start: handler => {
          this.#handler = handler
        },
        multicast: (bytes, offset, length) => send(null, bytes, offset, length),
        unicast: send,
        probe: (to, bytes) => send(to, bytes, 0, bytes.length),
        reach: () => {},
        close: async () => {},
      },
      clock: {
        now: () => wire.nowMs,
        defer: turn => {
          this.#turn = turn
        },
        arm: (atMs, fire) => {
          this.#fireAtMs = atMs
          this.#fire = fire
        },
        disarm: () => {
          this.#fireAtMs = Number.POSITIVE_INFINITY
        },
      },
      random: wire.random,
    }
  }

  /** What a member would get of what was sent here, in memory of its own, as from a socket. */
  copiesFor(to: Place): Uint8Array[] {
    return this.#sent
      .filter(datagram => datagram.to === null || datagram.to.port === to.endpoint.port)
      .map(({ bytes, offset, length }) => bytes.slice(offset, offset + length))
  }

  takeSent(): Datagram[] {
    return this.#sent.splice(0)
  }

  receive(datagrams: readonly Uint8Array[], from: Place): void {
    for (const bytes of datagrams) this.#handler!.datagram(bytes, from.endpoint, true)
  }

  /** The end of a turn of the event loop, and timers that are due. */
  turn(): void {
    if (this.#fireAtMs <= this.#wire.nowMs) {
      this.#fireAtMs = Number.POSITIVE_INFINITY
      this.#fire!()
    }
    while (this.#turn !== undefined) {
      const turn = this.#turn
      this.#turn = undefined
      turn()
    }
  }
}
