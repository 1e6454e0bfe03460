import { afterEach, beforeEach, expect, test } from 'vitest'
import { Delivery } from '../../src/delivery.js'
import { Engine, type EngineConfig, REFUSED, SAFE_CLASS } from '../../src/engine/engine.js'
import { SeededRandom } from '../../src/sim/random.js'
import { type Slab, SlabPool } from '../../src/slab.js'

/**
 * Memory that is used again: what nobody holds any more is scribbled over at once, in all pools, those that packets are
 * written to and received into and those where messages are put together. Whoever still reads it reads nonsense.
 */

const { put } = SlabPool.prototype
beforeEach(() => {
  SlabPool.prototype.put = function (slab: Slab) {
    slab.bytes.fill(0xdb)
    put.call(this, slab)
  }
})
afterEach(() => {
  SlabPool.prototype.put = put
})

const PACKET_BYTES = 512

/** An engine with an application that takes what it is given some time later, and keeps none of it, or some. */
class Subject {
  readonly engine: Engine
  readonly got: string[] = []
  readonly kept: { readonly text: () => string; readonly was: string }[] = []
  readonly untaken: Delivery[] = []
  members = 0
  readonly #pool = new SlabPool(4_096, 64, bytes => new Uint8Array(bytes))
  readonly #inbox: { readonly bytes: Uint8Array; readonly port: number }[] = []
  readonly #random: SeededRandom

  constructor(name: string, port: number, random: SeededRandom) {
    this.#random = random
    const config: EngineConfig = {
      group: 'memory',
      name,
      endpoint: { address: '10.0.0.1', port },
      packetBytes: PACKET_BYTES,
      receiveBufferBytes: 131_072,
      checkBodies: false,
      messageBytesMax: 100_000,
      windowBytesMax: 16_384,
      random: () => random.next(),
    }
    this.engine = new Engine(config, 1_000)
  }

  arrive(bytes: Uint8Array, port: number): void {
    this.#inbox.push({ bytes, port })
  }

  /** A turn; returns what is sent. */
  turn(nowMs: number): { readonly to: number | null; readonly bytes: Uint8Array }[] {
    const { engine } = this
    let slab = this.#pool.take()
    let at = 0
    for (const { bytes, port } of this.#inbox.splice(0)) {
      if (at + bytes.length > slab.bytes.length) {
        slab.release()
        slab = this.#pool.take()
        at = 0
      }
      slab.bytes.set(bytes, at)
      engine.receive(slab.bytes.subarray(at, at + bytes.length), { address: '10.0.0.1', port }, nowMs, slab)
      at += bytes.length
    }
    slab.release()
    engine.endTurn(nowMs)
    const { bytes, offsets, lengths, to } = engine.outbox
    const sent = bytes.map((slab, i) => ({
      to: to[i]?.port ?? null,
      bytes: slab.slice(offsets[i], offsets[i] + lengths[i]),
    }))
    engine.outbox.clearDatagrams()
    engine.outbox.probes.length = 0
    engine.outbox.events.length = 0
    for (const event of engine.outbox.takeDeliveries()) {
      if (event instanceof Delivery) this.untaken.push(event)
      else if (event.type === 'view') this.members = event.view.members.length
    }
    while (this.untaken.length > 0 && this.#random.chance(0.7)) this.#take(this.untaken.shift()!)
    return sent
  }

  #take(delivery: Delivery): void {
    const texts: string[] = []
    delivery.forEach((bytes, offset, length) => {
      texts.push(Buffer.from(bytes.subarray(offset, offset + length)).toString('latin1'))
    })
    this.got.push(...texts)
    if (this.#random.chance(0.05)) {
      for (const [i, message] of delivery.messages().entries()) {
        this.kept.push({ text: () => message.text(), was: texts[i] })
      }
    }
    this.engine.consume(delivery)
  }
}

const isWhole = (text: string): boolean => {
  const [head] = text.split(':')
  const [, , length] = head.split(' ')
  return text === head.padEnd(Number(length), head.at(-1)).replace(head, `${head}:`).slice(0, Number(length))
}

const messageOf = (of: number, from: number, n: number, length: number): string => {
  const head = `${from} ${n} ${length} ${of}`
  return head.padEnd(length, head.at(-1)).replace(head, `${head}:`).slice(0, length)
}

test.each([1, 2, 3, 4])(
  'is read by nobody after it was let go of, whatever is lost and however slow they are: seed %i',
  seed => {
    const random = new SeededRandom(seed)
    const subjects = ['a', 'b', 'c'].map((name, i) => new Subject(name, 5_000 + i, random))
    let nowMs = 1_000
    let isLossy = false
    const step = () => {
      nowMs++
      for (const [i, subject] of subjects.entries()) {
        for (const { to, bytes } of subject.turn(nowMs)) {
          for (const [k, other] of subjects.entries()) {
            if (k === i || (to !== null && to !== 5_000 + k)) continue
            for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
              if (!isLossy || !random.chance(0.05)) other.arrive(bytes.slice(at, at + PACKET_BYTES), 5_000 + i)
            }
          }
        }
      }
    }
    while (subjects.some(({ members }) => members < 3)) step()
    for (let i = 0; i < 200; i++) step()
    isLossy = true
    const sent = [0, 0, 0]
    for (let i = 0; i < 1_500; i++) {
      const from = random.below(3)
      for (let burst = random.below(4); burst > 0; burst--) {
        const of = random.below(3) + (random.chance(0.1) ? SAFE_CLASS : 0)
        const length = random.pick([30, 200, 450, 1_500, 9_000])
        const text = messageOf(of, from, sent[from], length)
        if (subjects[from].engine.submit(Buffer.from(text, 'latin1'), null, of) === REFUSED) break
        sent[from]++
      }
      step()
    }
    isLossy = false
    const all = sent.reduce((sum, count) => sum + count, 0)
    expect(all).toBeGreaterThan(300)
    for (let i = 0; i < 5_000 && subjects.some(({ got }) => got.length < all); i++) step()
    for (const { got, kept } of subjects) {
      expect(got.length).toBe(all)
      expect(got.filter(text => !isWhole(text)).map(text => text.slice(0, 40))).toEqual([])
      expect(kept.length).toBeGreaterThan(0)
      expect(kept.filter(({ text, was }) => text() !== was)).toEqual([])
    }
  },
)
