import { describe, expect, test } from 'vitest'
import { CausalStamp } from '../../src/engine/causal-stamp.js'
import { newCounters } from '../../src/engine/counters.js'
import { OrderedDelivery } from '../../src/engine/ordered-delivery.js'
import { Outbox } from '../../src/engine/outbox.js'
import { CausalOrder } from '../../src/ordering/causal.js'
import { Slab, SlabPool } from '../../src/slab.js'
import { Unconfirmed } from '../../src/unconfirmed.js'
import { endVector, vectorBytes } from '../../src/wire/causal-vector.js'
import { Assembly } from '../../src/wire/fragments.js'
import * as wire from '../../src/wire/header.js'
import { runsBytes, writeRuns } from '../../src/wire/order-runs.js'
import { PREFIX_BYTES } from '../../src/wire/packer.js'
import { distance, plus } from '../../src/wire/seqno.js'

const FIRST = -16
const CAPACITY = 64
/** More packets than two numbers of 32 bits can be apart. */
const MILESTONES = 129
const MILESTONE = 2 ** 24

const view = { lineage: 'x', id: 1, primary: true, members: ['a', 'b'].map(memberOf) }

function memberOf(name: string) {
  return { name, incarnation: name, endpoint: { address: '10.0.0.1', port: 1 }, voter: true }
}

function packet(rank: number, seq: number, order: number, flags: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(wire.HEADER_BYTES + body.length)
  bytes.set(body, wire.HEADER_BYTES)
  wire.writeHeader(bytes, 0, wire.DATA, 1, 1, rank, seq, 0, 0, order, flags)
  wire.seal(bytes, 0, bytes.length)
  return bytes
}

const message = (text: string): Uint8Array => {
  const bytes = new Uint8Array(PREFIX_BYTES + text.length)
  wire.writeU32(bytes, 0, text.length)
  new TextEncoder().encodeInto(text, bytes.subarray(PREFIX_BYTES))
  return bytes
}

/** The second of two members, which has taken so many FIFO packets of both, and nothing else. */
class Bench {
  readonly outbox = new Outbox()
  readonly counters = newCounters()
  readonly delivery: OrderedDelivery
  readonly #packets = new Map<number, Slab>()
  #at = 0

  constructor() {
    const pool = new SlabPool(65_536, 4, bytes => new Uint8Array(bytes))
    const shape = { firstSeq: FIRST, capacity: CAPACITY, messageBytesMax: 1_000, index: 0 }
    this.delivery = new OrderedDelivery({
      ...shape,
      view,
      rank: 1,
      assembly: new Assembly(pool),
      counters: this.counters,
      outbox: this.outbox,
      source: rank => ({
        slabOf: seq => this.#packets.get(rank * 2 ** 32 + seq)!,
        offsetOf: () => 0,
      }),
      isStable: (rank, seq) => distance(this.delivery.readers[rank].upTo, seq) >= 0,
      assembled: () => {},
    })
    for (; this.#at < MILESTONES; this.#at++) {
      for (const rank of [0, 1]) this.take(rank, (this.#at * MILESTONE) | 0, wire.FIFO, 0, message(''))
    }
    this.outbox.takeDeliveries()
  }

  /** Number of the packet that is `n` behind the last. */
  seq(n: number): number {
    return plus(((this.#at - 1) * MILESTONE) | 0, n)
  }

  take(rank: number, seq: number, order: number, flags: number, body: Uint8Array): void {
    const slab = new Slab(packet(rank, seq, order, flags, body), null)
    this.#packets.set(rank * 2 ** 32 + seq, slab)
    this.delivery.packet(rank, seq, slab, 0)
  }

  get texts(): string[] {
    this.delivery.drain()
    return this.outbox
      .takeDeliveries()
      .flatMap(delivery => ('messages' in delivery ? delivery.messages().map(each => each.text()) : []))
  }
}

describe('after 2^31 packets of one order another is used for the first time', () => {
  for (const flags of [0, wire.SAFE]) {
    test(`total${flags ? ' and safe' : ''}`, () => {
      const bench = new Bench()
      bench.take(1, bench.seq(1), wire.TOTAL, flags, message('total'))
      const runs = new Uint8Array(runsBytes(1))
      writeRuns(runs, 0, [1], [bench.seq(1)])
      bench.take(0, bench.seq(1), wire.ORDER, 0, runs)
      expect(bench.texts).toEqual(['total'])
      expect(bench.counters.dropped).toEqual({})
    })
  }

  test('causal and safe', () => {
    const bench = new Bench()
    const vector = new Uint8Array(vectorBytes(0))
    endVector(vector, 0, 0)
    bench.take(1, bench.seq(1), wire.CAUSAL, wire.SAFE, new Uint8Array([...vector, ...message('causal')]))
    expect(bench.texts).toEqual(['causal'])
  })
})

test('counts of causal packets go on beyond 2^32', () => {
  const effects = { isStable: () => true, deliver: () => {}, addVector: () => {}, waits: () => {} }
  const causal = new CausalOrder(3, -17, effects)
  const stamp = new CausalStamp(causal, 0)
  const say = () => {
    const entries = stamp.entries
    stamp.write(new Uint8Array(vectorBytes(entries)), 0, entries)
    return entries
  }
  causal.delivered[1] = causal.total = 2 ** 32 - 1
  say()
  expect(stamp.isStale).toBe(false)
  causal.add(1, 1, false)
  causal.drain()
  expect(stamp.isStale).toBe(true)
  expect(say()).toBe(1)
  expect(stamp.isStale).toBe(false)
})

describe('after 2^31 packets more', () => {
  const waiting = (of: number) => {
    const settled: string[] = []
    const entry = {
      data: new Uint8Array(0),
      class: of,
      resolve: () => settled.push('sent'),
      reject: () => settled.push('lost'),
    }
    return { entry, settled }
  }
  const progress = (seq: number) => ({ lineage: 'x', view: 1, takenUpTo: seq, stable: plus(seq, -CAPACITY) })
  const own = (seq: number, safe: boolean) =>
    ({ type: 'messages', order: 'fifo', safe, last: seq, from: view.members[0] }) as never
  const change = { joined: [], left: [], stayed: [] }

  test('a safe send waits until it is safe, and what was sent before is not lost', () => {
    const unconfirmed = new Unconfirmed()
    unconfirmed.settle([{ type: 'view', view, change }], 'a')
    unconfirmed.add(waiting(0).entry, progress(0))
    unconfirmed.add(waiting(4).entry, progress(1))
    unconfirmed.settle([own(1, true)], 'a')
    for (let n = 1; n <= MILESTONES; n++) unconfirmed.settle([own((n * MILESTONE) | 0, false)], 'a')
    const last = (MILESTONES * MILESTONE) | 0
    const safe = waiting(4)
    unconfirmed.add(safe.entry, progress(plus(last, 1)))
    expect(safe.settled).toEqual([])
    unconfirmed.settle([own(plus(last, 1), true)], 'a')
    expect(safe.settled).toEqual(['sent'])
    expect(unconfirmed.lost({ lineage: 'x', upTo: plus(last, 1), isKnown: true, isCausalKnown: true })).toEqual([])
  })
})
