import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Arrivals, type ArrivalsOptions } from '../../src/engine/arrivals.js'
import { newCounters } from '../../src/engine/counters.js'
import { Slab } from '../../src/slab.js'
import { CONTROL, DATA, HEADER_BYTES, seal, TELL, writeHeader } from '../../src/wire/header.js'
import { TRAIN_PACKETS_MAX } from '../../src/wire/limits.js'
import { plus } from '../../src/wire/seqno.js'

const GROUP_TAG = 0xf1c7c99a
const PACKET_BYTES = 64
const FROM = { address: '10.0.0.1', port: 5000 }

interface Packet {
  readonly kind: number
  readonly tag: number
  readonly rank: number
  /** 0: goes on where the packet before ended. */
  readonly skip: number
  readonly isBroken: boolean
}

interface Sent extends Packet {
  readonly seq: number
  readonly stable: number
  /** In the slab. */
  readonly at: number
}

/** Packets side by side, as a train comes, `before` bytes into a slab. */
function arrive(packets: readonly Packet[], before: number, firstSeq: number) {
  const slab = new Slab(new Uint8Array(before + packets.length * PACKET_BYTES + 9), null)
  const { bytes } = slab
  let seq = firstSeq
  const sent = packets.map((packet, i): Sent => {
    const at = before + i * PACKET_BYTES
    const stable = plus(seq, -i)
    writeHeader(bytes, at, packet.kind, GROUP_TAG, packet.tag, packet.rank, seq, stable, 0, 0, 0)
    seal(bytes, at, PACKET_BYTES)
    if (packet.isBroken) bytes[at + 20] ^= 1
    const made = { ...packet, seq, stable, at }
    seq = plus(seq, 1 + packet.skip)
    return made
  })
  return { slab, datagram: bytes.subarray(before, before + packets.length * PACKET_BYTES), sent }
}

/** What is handed on, packet by packet, and how long the trains were. */
function handedOn(
  packets: readonly Packet[],
  before: number,
  firstSeq: number,
  closesAfter = Number.POSITIVE_INFINITY,
) {
  const { slab, datagram, sent } = arrive(packets, before, firstSeq)
  const counters = newCounters()
  const got: { kind: number; at: number }[] = []
  const trains: number[] = []
  const heard: number[] = []
  const options: ArrivalsOptions = {
    groupTag: GROUP_TAG,
    packetBytes: PACKET_BYTES,
    counters,
    isOpen: () => got.filter(({ kind }) => kind === CONTROL).length < closesAfter,
    heard: (bytes, at) => {
      expect(bytes).toBe(slab.bytes)
      heard.push(at)
    },
    data: train => {
      expect(train.slab).toBe(slab)
      trains.push(train.count)
      const offsets = [...train.offsets.subarray(0, train.count)]
      const all = offsets.map(at => sent.find(each => each.at === at)!)
      for (const [i, { seq, rank, tag }] of all.entries()) {
        expect([seq, rank, tag]).toEqual([plus(train.first, i), train.rank, train.tag >>> 0])
      }
      expect(train.stable).toBe(all[all.length - 1].stable)
      expect(train.longest).toBe(PACKET_BYTES)
      got.push(...offsets.map(at => ({ kind: DATA, at })))
    },
    control: (_bytes, at) => got.push({ kind: CONTROL, at }),
    tell: (_slab, at) => got.push({ kind: TELL, at }),
  }
  new Arrivals(options).take(datagram, slab, FROM)
  return { got, trains, heard, counters, sent }
}

const packet: fc.Arbitrary<Packet> = fc.record({
  kind: fc.constantFrom(DATA, DATA, DATA, DATA, DATA, DATA, TELL, CONTROL),
  tag: fc.constantFrom(7, 0xfffffff0),
  rank: fc.constantFrom(3, 3, 3, 4),
  skip: fc.constantFrom(0, 0, 0, 0, 0, 1),
  isBroken: fc.constantFrom(false, false, false, false, false, false, false, true),
})

test('whatever comes side by side is handed on in its order, and all that is broken counted', () => {
  fc.assert(
    fc.property(
      fc.array(packet, { minLength: 1, maxLength: 2 * TRAIN_PACKETS_MAX }),
      fc.nat(100),
      fc.constantFrom(0, -3, 2 ** 31 - 5),
      (packets, before, firstSeq) => {
        const { got, heard, counters, sent } = handedOn(packets, before, firstSeq)
        const sound = sent.filter(({ isBroken }) => !isBroken)
        expect(got).toEqual(sound.map(({ kind, at }) => ({ kind, at })))
        expect(counters.packetsIn).toBe(sound.length)
        expect(counters.dropped.corrupt ?? 0).toBe(sent.length - sound.length)
        // Only the datagram's first packet says from whom it is, and only if it is sound.
        expect(heard).toEqual(sent[0].isBroken ? [] : [sent[0].at])
      },
    ),
  )
})

const data = (count: number): Packet[] =>
  Array.from({ length: count }, () => ({ kind: DATA, tag: 7, rank: 3, skip: 0, isBroken: false }))

test('packets that follow each other in one stream are one train, also across the wrap of their numbers', () => {
  expect(handedOn(data(40), 0, -20).trains).toEqual([40])
})

test.each([
  ['a gap', { skip: 1 }, [2, 1]],
  ['another sender', { rank: 4 }, [1, 1, 1]],
  ['another view', { tag: 8 }, [1, 1, 1]],
  ['a broken packet', { isBroken: true }, [1, 1]],
  ['a control message', { kind: CONTROL }, [1, 1]],
])('%s ends a train', (_name, change, trains) => {
  const [first, second, third] = data(3)
  expect(handedOn([first, { ...second, ...change }, third], 5, 0).trains).toEqual(trains)
})

test('a train holds no more packets than one is sent with', () => {
  expect(handedOn(data(TRAIN_PACKETS_MAX + 1), 0, 0).trains).toEqual([TRAIN_PACKETS_MAX, 1])
})

test('what comes behind the message that ends this life is not for it', () => {
  const control = { kind: CONTROL, tag: 0, rank: 3, skip: 0, isBroken: false }
  const { got } = handedOn([...data(2), control, ...data(2)], 0, 0, 1)
  expect(got.map(({ kind }) => kind)).toEqual([DATA, DATA, CONTROL])
})

test('what ends within a packet is dropped from there on, and so is what is too short for a header', () => {
  for (const length of [PACKET_BYTES - 1, HEADER_BYTES - 1, 1]) {
    const { slab, datagram } = arrive(data(2), 0, 0)
    const counters = newCounters()
    let taken = 0
    const ignore = () => {}
    const options = { heard: ignore, control: ignore, tell: ignore, isOpen: () => true }
    new Arrivals({
      ...options,
      groupTag: GROUP_TAG,
      packetBytes: PACKET_BYTES,
      counters,
      data: ({ count }) => {
        taken += count
      },
    }).take(datagram.subarray(0, PACKET_BYTES + length), slab, FROM)
    expect([taken, counters.dropped]).toEqual([1, { truncated: 1 }])
  }
})
