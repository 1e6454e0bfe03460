import { EventEmitter, once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NetworkHandler, NetworkPort } from '../../src/ports.js'
import type { Slab } from '../../src/slab.js'
import type { Endpoint } from '../../src/types.js'

/** Two ports of one group that hear each other, not started yet. */
export interface PortPair {
  readonly a: NetworkPort
  readonly b: NetworkPort
  /** Lets simulated time pass. Left out where time passes by itself. */
  readonly step?: () => void
}

interface Arrival {
  readonly packet: Uint8Array
  readonly from: Endpoint
  readonly multicast: boolean
}

const STEPS_MAX = 10_000

/** What a port hands up, trains taken apart. */
class Receiver implements NetworkHandler {
  readonly arrivals: Arrival[] = []
  readonly failures: Error[] = []
  readonly #packetBytes: number
  readonly #step: (() => void) | undefined
  readonly #events = new EventEmitter()

  constructor(port: NetworkPort, step: (() => void) | undefined) {
    this.#packetBytes = port.packetBytes
    this.#step = step
    port.start(this)
  }

  datagram(bytes: Uint8Array, from: Endpoint, multicast: boolean, slab?: Slab): void {
    slab?.hold()
    for (let at = 0; at < bytes.length; at += this.#packetBytes) {
      this.arrivals.push({ packet: bytes.subarray(at, at + this.#packetBytes), from, multicast })
    }
    this.#events.emit('arrival')
  }

  failed(error: Error): void {
    this.failures.push(error)
  }

  refused(): void {}
  overflowed(): void {}

  async until(packets: number): Promise<Arrival[]> {
    for (let steps = 0; this.arrivals.length < packets; steps++) {
      if (!this.#step) await once(this.#events, 'arrival')
      else if (steps < STEPS_MAX) this.#step()
      else throw new Error(`${this.arrivals.length} of ${packets} packets after ${steps} steps`)
    }
    return this.arrivals
  }
}

/** Bytes that tell where they belong: the first four are `mark`, the rest follows from it. */
function content(length: number, mark: number): Uint8Array {
  const bytes = Uint8Array.from({ length }, (_, i) => (mark + i * 7) & 0xff)
  new DataView(bytes.buffer).setUint32(0, mark)
  return bytes
}

/** What every NetworkPort does, the real one and the simulated one alike. */
export function networkPortSuite(name: string, openPair: () => Promise<PortPair>): void {
  describe(`a network port: ${name}`, () => {
    let a: NetworkPort
    let b: NetworkPort
    let atA: Receiver
    let atB: Receiver

    beforeEach(async () => {
      const pair = await openPair()
      a = pair.a
      b = pair.b
      atA = new Receiver(a, pair.step)
      atB = new Receiver(b, pair.step)
    })

    afterEach(async () => {
      await Promise.all([a.close(), b.close()])
    })

    it('has an endpoint of its own', () => {
      expect(a.endpoint).not.toEqual(b.endpoint)
      expect(a.packetBytes).toBeGreaterThanOrEqual(64)
      expect(a.receiveBufferBytes).toBeGreaterThan(0)
    })

    it('reaches the others by multicast, and says who sent', async () => {
      const bytes = content(100, 1)
      a.multicast(bytes, 0, bytes.length)
      const [{ packet, from }] = await atB.until(1)
      expect([...packet]).toEqual([...bytes])
      expect(from).toMatchObject(a.endpoint)
    })

    it('reaches one by unicast', async () => {
      const bytes = content(100, 2)
      b.unicast(a.endpoint, bytes, 0, bytes.length)
      const [{ packet, from, multicast }] = await atA.until(1)
      expect([...packet]).toEqual([...bytes])
      expect(from).toMatchObject(b.endpoint)
      expect(multicast).toBe(false)
    })

    it('answers to where a datagram came from', async () => {
      a.multicast(content(8, 3), 0, 8)
      const [{ from }] = await atB.until(1)
      b.unicast(from, content(8, 4), 0, 8)
      expect((await atA.until(1))[0].from).toMatchObject(b.endpoint)
    })

    it('sends the bytes from an offset, and no others', async () => {
      const bytes = content(1000, 5)
      a.multicast(bytes, 300, 200)
      const [{ packet }] = await atB.until(1)
      expect([...packet]).toEqual([...bytes.subarray(300, 500)])
    })

    it('does not hear itself', async () => {
      a.multicast(content(8, 6), 0, 8)
      await atB.until(1)
      // Sent after it, so it arrives after it.
      b.multicast(content(8, 7), 0, 8)
      expect([...(await atA.until(1))[0].packet]).toEqual([...content(8, 7)])
    })

    it.each([
      ['of full packets', 10, 0],
      ['with a shorter last packet', 20, 123],
      ['of the largest size', 0, 0],
    ])('delivers a train %s as its packets, complete and in order', async (_, full, rest) => {
      const packets = full || Math.min(64, Math.floor(65507 / a.packetBytes))
      const train = content(packets * a.packetBytes + rest, 8)
      a.multicast(train, 0, train.length)
      const arrivals = await atB.until(packets + (rest ? 1 : 0))
      expect(arrivals.map(({ packet }) => packet.length)).toEqual([
        ...Array(packets).fill(a.packetBytes),
        ...(rest ? [rest] : []),
      ])
      expect(Buffer.concat(arrivals.map(({ packet }) => packet)).equals(train)).toBe(true)
    })

    it('delivers a train by unicast too', async () => {
      const train = content(5 * b.packetBytes + 1, 9)
      b.unicast(a.endpoint, train, 0, train.length)
      const arrivals = await atA.until(6)
      expect(Buffer.concat(arrivals.map(({ packet }) => packet)).equals(train)).toBe(true)
    })

    it('never writes again to what is held of what it handed up', async () => {
      const marks = Array.from({ length: 300 }, (_, i) => i)
      for (const mark of marks) {
        const bytes = content(a.packetBytes, mark)
        a.multicast(bytes, 0, bytes.length)
        await atB.until(mark + 1)
      }
      const intact = atB.arrivals.map(({ packet }, i) => Buffer.compare(packet, content(a.packetBytes, i)))
      expect(intact).toEqual(marks.map(() => 0))
    })

    it('does not fail when nobody is there any more', async () => {
      await b.close()
      a.unicast(b.endpoint, content(8, 10), 0, 8)
      a.unicast(b.endpoint, content(8, 10), 0, 8)
      a.multicast(content(8, 10), 0, 8)
      await a.close()
      expect(atA.failures).toEqual([])
    })

    it('is silent once it is closed, and closes once', async () => {
      const closing = a.close()
      a.multicast(content(8, 11), 0, 8)
      a.unicast(b.endpoint, content(8, 11), 0, 8)
      await Promise.all([closing, a.close()])
      b.multicast(content(8, 12), 0, 8)
      expect(atA.arrivals).toEqual([])
      expect(atB.arrivals).toEqual([])
    })
  })
}
