import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CausalStamp } from '../../src/engine/causal-stamp.js'
import { Outbox } from '../../src/engine/outbox.js'
import { Outgoing, SAFE_CLASS, TAKEN } from '../../src/engine/outgoing.js'
import type { CausalOrder } from '../../src/ordering/causal.js'
import { Slab, SlabPool } from '../../src/slab.js'
import { addVector, behindVector } from '../../src/wire/causal-vector.js'
import { Assembly, Fragments } from '../../src/wire/fragments.js'
import * as wire from '../../src/wire/header.js'
import { HEADER_BYTES, readU32 } from '../../src/wire/header.js'
import { TRAIN_PACKETS_MAX } from '../../src/wire/limits.js'
import { readRuns } from '../../src/wire/order-runs.js'
import { PREFIX_BYTES, slabPoolFor } from '../../src/wire/packer.js'
import { distance, plus } from '../../src/wire/seqno.js'

const PACKET_BYTES = 512
const FIRST = -16
const BEFORE = plus(FIRST, -1)
/** So many members that what one has delivered of the others takes more than a packet to say. */
const SIZE = 400

/** A sender alone with its packets: what it has delivered of others is what the test says. */
class Bench {
  readonly outbox = new Outbox()
  readonly out: Outgoing
  readonly #causal = { delivered: new Float64Array(SIZE), total: 0 }

  constructor(windowBytes = 1_048_576, capacity = 4_096) {
    const frame = { kind: wire.DATA, groupTag: 1, tag: 1, rank: 0, packetBytes: PACKET_BYTES, flags: 0 }
    this.out = new Outgoing(
      { frame, firstSeq: FIRST, receivers: 1, windowBytes, capacity, to: null, pool: slabPoolFor(PACKET_BYTES) },
      this.outbox,
      { sealed: () => {}, consumed: () => this.out.window.last },
      new CausalStamp(this.#causal as unknown as CausalOrder, 0),
    )
  }

  /** One causal packet more of each of `ranks` was delivered. */
  deliver(ranks: number): void {
    for (let rank = 1; rank <= ranks; rank++) this.#causal.delivered[rank]++
    this.#causal.total += ranks
  }

  get delivered(): Float64Array {
    return this.#causal.delivered
  }

  /** The packets of what was sent, train by train; all but the last of a train must be full. */
  takePackets(): Uint8Array[] {
    const { bytes, offsets, lengths } = this.outbox
    const packets: Uint8Array[] = []
    for (const [i, slab] of bytes.entries()) {
      const end = offsets[i] + lengths[i]
      expect(lengths[i]).toBeLessThanOrEqual(TRAIN_PACKETS_MAX * PACKET_BYTES)
      for (let at = offsets[i]; at < end; at += PACKET_BYTES) {
        // Where the kernel cuts a packet begins, and ends.
        expect(wire.judge(slab, at, end, 1)).toBe(wire.OK)
        const length = wire.lengthOf(slab, at)
        expect(length === PACKET_BYTES || at + length === end).toBe(true)
        packets.push(slab.slice(at, at + length))
      }
    }
    this.outbox.clearDatagrams()
    return packets
  }
}

/** A control packet with a body of so many bytes. */
function control(bytes: number): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + bytes)
  wire.writeHeader(packet, 0, wire.CONTROL, 1, 1, 0, 0, 0, 0, 0, 0)
  wire.seal(packet, 0, packet.length)
  return packet
}

/** Reads a stream's packets as a receiver does; messages by class. */
function read(packets: readonly Uint8Array[]) {
  const messages = new Map<number, string[]>()
  const assembly = new Assembly(new SlabPool(65_536, 4, bytes => new Uint8Array(bytes)))
  const sums = new Float64Array(SIZE)
  const runs: [number, number][] = []
  let of = 0
  const sink = {
    delivered: ({ bytes }: Slab, offset: number, end: number) => {
      for (let at = offset; at < end; ) {
        const length = readU32(bytes, at)
        const text = Buffer.from(bytes.subarray(at + PREFIX_BYTES, at + PREFIX_BYTES + length)).toString('latin1')
        messages.set(of, [...(messages.get(of) ?? []), text])
        at += PREFIX_BYTES + length
      }
    },
  }
  const fragments = [0, 1, 2].map(() => new Fragments(0, 1_000_000, assembly, sink))
  for (const [i, packet] of packets.entries()) {
    const seq = plus(FIRST, i)
    expect(wire.seqOf(packet, 0)).toBe(seq)
    const order = wire.orderOf(packet, 0)
    of = order + (wire.flagsOf(packet, 0) & wire.SAFE ? SAFE_CLASS : 0)
    if (order === wire.ORDER) {
      expect(readRuns(packet, 0, (rank, last) => runs.push([rank, last]))).toBe(true)
      continue
    }
    if (order === wire.CAUSAL) expect(addVector(packet, 0, sums)).toBe(true)
    const body = order === wire.CAUSAL ? behindVector(packet, 0) : HEADER_BYTES
    expect(fragments[order].read(new Slab(packet, null), 0, body, seq)).toBe(true)
  }
  return { messages, sums, runs }
}

describe('messages of all classes in one stream', () => {
  const classes = [0, 1, 2, SAFE_CLASS, 1 + SAFE_CLASS, 2 + SAFE_CLASS]
  const length = fc.oneof(fc.nat(30), fc.integer({ min: 440, max: 490 }), fc.nat(3_000))
  const act = fc.oneof(
    { weight: 6, arbitrary: fc.record({ of: fc.constantFrom(...classes), length }) },
    { weight: 2, arbitrary: fc.record({ deliver: fc.constantFrom(1, 3, 60, SIZE - 1) }) },
    { weight: 1, arbitrary: fc.constant('turn' as const) },
    { weight: 1, arbitrary: fc.record({ announce: fc.integer({ min: 1, max: 78 }), isRidden: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ ride: fc.integer({ min: 1, max: 600 }) }) },
  )

  test('are read as they were sent, each class in its order, in trains of full packets', () => {
    const property = fc.property(fc.array(act, { maxLength: 60, size: 'max' }), acts => {
      const bench = new Bench()
      const { out } = bench
      const sent = new Map<number, string[]>()
      const packets: Uint8Array[] = []
      let runs = 0
      let riders = 0
      const ride = (bytes: number) => {
        out.ride(control(bytes % (PACKET_BYTES - HEADER_BYTES)))
        riders++
      }
      const endTurn = (isFollowed: boolean) => {
        out.seal(isFollowed)
        if (isFollowed) return
        out.emit()
        packets.push(...bench.takePackets())
      }
      for (const [i, each] of acts.entries()) {
        if (each === 'turn') endTurn(false)
        else if ('deliver' in each) bench.deliver(each.deliver)
        else if ('announce' in each) {
          endTurn(true)
          const [ranks, lasts] = [0, i].map(n => new Array(each.announce).fill(n))
          out.announce(ranks, lasts, false, true)
          out.announce(ranks, lasts, false, each.isRidden)
          runs += 2 * each.announce
          if (each.isRidden) ride(i)
          endTurn(false)
        } else if ('ride' in each) {
          endTurn(true)
          ride(each.ride)
          endTurn(false)
        } else {
          const text = String.fromCharCode(97 + (i % 26)).repeat(each.length)
          expect(out.submit(Buffer.from(text), each.of)).toBe(TAKEN)
          sent.set(each.of, [...(sent.get(each.of) ?? []), text])
        }
      }
      endTurn(false)
      const isRider = (packet: Uint8Array) => wire.kindOf(packet, 0) === wire.CONTROL
      expect(packets.filter(isRider)).toHaveLength(riders)
      const got = read(packets.filter(packet => !isRider(packet)))
      expect(got.messages).toEqual(sent)
      expect(got.runs).toHaveLength(runs)
    })
    fc.assert(property, { numRuns: 200 })
  })

  test('a causal one says all that was delivered before it was taken', () => {
    for (const ranks of [1, 50, SIZE - 1]) {
      const bench = new Bench()
      const { out } = bench
      out.submit(Buffer.from('before'), 1)
      bench.deliver(ranks)
      // The open packet says less than this message rests on.
      out.submit(Buffer.from('after'), 1)
      out.seal()
      out.emit()
      const { messages, sums } = read(bench.takePackets())
      expect(messages.get(1)).toEqual(['before', 'after'])
      expect([...sums]).toEqual([...bench.delivered])
    }
  })

  test('one that rests on nothing new goes into the packet that is open', () => {
    const bench = new Bench()
    for (let i = 0; i < 10; i++) bench.out.submit(Buffer.from('small'), 1)
    bench.out.seal()
    bench.out.emit()
    expect(bench.takePackets()).toHaveLength(1)
  })
})

describe('a report', () => {
  test('of more than was sent counts for what was', () => {
    const { out } = new Bench()
    out.submit(new Uint8Array(400), 0)
    out.seal()
    out.acknowledge(0, plus(out.window.last, 50), plus(out.window.last, 40))
    expect(out.received.min).toBe(out.window.last)
    expect(out.consumed.min).toBe(out.window.last)
  })

  test('of what no window reaches is none', () => {
    const { out } = new Bench()
    for (let i = 0; i < 2_000; i++) {
      out.submit(new Uint8Array(400), 0)
      out.seal()
      out.acknowledge(0, out.window.last, out.window.last)
    }
    out.submit(new Uint8Array(400), 0)
    out.seal()
    const before = out.received.min
    out.acknowledge(0, plus(out.window.last, -(2 ** 31)), plus(out.window.last, 900))
    expect([out.received.min, out.consumed.min]).toEqual([before, before])
  })
})

describe('announcements', () => {
  test('go out though the window is closed, and count for nothing in it (C16)', () => {
    const bench = new Bench(8 * PACKET_BYTES, 64)
    const { out } = bench
    let taken = 0
    while (out.submit(new Uint8Array(400), 2) === TAKEN) taken++
    expect(taken).toBeLessThan(12)
    out.seal()
    const { sealedBytes } = out.window
    for (let i = 0; i < 30; i++) {
      expect(out.mayAnnounce).toBe(true)
      out.announce([1], [i], false, false)
      out.emit()
    }
    expect(out.window.sealedBytes).toBe(sealedBytes)
    out.acknowledge(0, out.window.last, out.window.last)
    expect(out.submit(new Uint8Array(400), 2)).toBe(TAKEN)
  })

  test('have their place in the ring kept from data, and stop before it is full', () => {
    const bench = new Bench(1_048_576, 64)
    const { out } = bench
    while (out.submit(new Uint8Array(400), 2) === TAKEN) out.seal()
    let announced = 0
    for (; out.mayAnnounce; announced++) {
      out.announce([1], [announced], false, false)
      out.emit()
    }
    expect(announced).toBeGreaterThanOrEqual(7)
    expect(distance(out.window.last, BEFORE)).toBeLessThan(64)
    for (let seq = FIRST; distance(out.window.last, seq) >= 0; seq = plus(seq, 1))
      expect(out.window.has(seq)).toBe(true)
  })
})
