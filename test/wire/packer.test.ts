import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Slab, SlabPool } from '../../src/slab.js'
import { Assembly, Fragments } from '../../src/wire/fragments.js'
import {
  DATA,
  firstOf,
  HEADER_BYTES,
  judge,
  lengthOf,
  NO_FIRST,
  OK,
  readU32,
  seal,
  writeU16,
  writeU32,
} from '../../src/wire/header.js'
import { TRAIN_BYTES_MAX, TRAIN_PACKETS_MAX } from '../../src/wire/limits.js'
import { Packer, PREFIX_BYTES, slabPoolFor } from '../../src/wire/packer.js'
import { plus } from '../../src/wire/seqno.js'
import { pack } from './reference.js'

const GROUP_TAG = 7
const FIRST = 0xfffffffe

/** Bytes that tell which message they belong to, and where they stand in it. */
const message = (length: number, salt: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (31 * salt + i + (i >> 8)) & 255)

/** Packs messages as a sender does, several turns of them. Returns packets and the sizes of trains. */
function packed(turns: readonly (readonly Uint8Array[])[], packetBytes: number, flags = 0) {
  const packer = new Packer(
    { kind: DATA, groupTag: GROUP_TAG, tag: 1, rank: 0, packetBytes, flags },
    slabPoolFor(packetBytes),
  )
  const packets: Uint8Array[] = []
  const trains: number[] = []
  const emit = () => {
    if (packer.packetAt > packer.trainAt) trains.push(packer.packetAt - packer.trainAt)
    packer.trainAt = packer.packetAt
  }
  const close = () => {
    const at = packer.packetAt
    // In place: what was packed must stay as it is while later packets are written.
    packer.slab.hold()
    packets.push(packer.slab.bytes.subarray(at, at + packer.close()))
  }
  const open = () => {
    if (packer.isOpen) return
    if (packer.slabIsFull) emit()
    packer.open(plus(FIRST, packets.length), FIRST, 0, 0)
  }
  for (const turn of turns) {
    for (const data of turn) {
      open()
      if (packer.isBetterNext(data.length)) {
        packer.pad()
        close()
        open()
      }
      packer.begin(data.length)
      for (let written = packer.write(data, 0); ; written += packer.write(data, written)) {
        if (packer.room < PREFIX_BYTES) close()
        if (written === data.length) break
        open()
      }
    }
    if (packer.isOpen) close()
    emit()
  }
  return { packets, trains }
}

function read(packets: readonly Uint8Array[], messageBytesMax = 1_000_000) {
  const messages: Uint8Array[] = []
  const assembly = new Assembly(new SlabPool(65_536, 4, bytes => new Uint8Array(bytes)))
  const fragments = new Fragments(3, messageBytesMax, assembly, {
    delivered: ({ bytes }, offset, end, count) => {
      const before = messages.length
      for (let at = offset; at < end; ) {
        const length = readU32(bytes, at)
        messages.push(bytes.subarray(at + PREFIX_BYTES, at + PREFIX_BYTES + length))
        at += PREFIX_BYTES + length
      }
      expect(messages.length - before).toBe(count)
    },
  })
  const sense = packets.map((packet, i) => fragments.read(new Slab(packet, null), 0, HEADER_BYTES, plus(FIRST, i)))
  return { messages, sense }
}

/** Bytes as text: a comparison of typed arrays, element by element, takes longer than all else here. */
const texts = (all: readonly Uint8Array[]): string[] => all.map(each => Buffer.from(each).toString('latin1'))

const packetBytes = fc.integer({ min: 512, max: 1400 })
// Sizes at which something happens: nothing, a few bytes more or less than a packet's room, several packets.
const size = fc.oneof(
  { weight: 4, arbitrary: fc.nat(60) },
  { weight: 3, arbitrary: fc.integer({ min: 465, max: 490 }) },
  { weight: 1, arbitrary: fc.nat(5_000) },
  { weight: 1, arbitrary: fc.integer({ min: 16_380, max: 16_390 }) },
)
const turns = fc.array(fc.array(size, { maxLength: 30 }), { maxLength: 6 })

describe('packing and reading', () => {
  test('any messages, in any turns, come out as they went in', () => {
    fc.assert(
      fc.property(turns, packetBytes, (sizes, packetBytes) => {
        const sent = sizes.map((turn, t) => turn.map((length, i) => message(length, 7 * t + i)))
        const { messages, sense } = read(packed(sent, packetBytes).packets)
        expect(texts(messages)).toEqual(texts(sent.flat()))
        expect(sense).not.toContain(false)
      }),
    )
  })

  test('the packets are those that the document asks for', () => {
    fc.assert(
      fc.property(fc.array(size, { maxLength: 20 }), packetBytes, (sizes, packetBytes) => {
        const sent = sizes.map(message)
        const { packets } = packed([sent], packetBytes)
        const bodies = pack(sent, packetBytes - HEADER_BYTES)
        expect(texts(packets.map(packet => packet.subarray(HEADER_BYTES)))).toEqual(
          texts(bodies.map(({ bytes }) => bytes)),
        )
        expect(packets.map(packet => firstOf(packet, 0))).toEqual(bodies.map(({ first }) => first))
      }),
    )
  })

  test('a train is what the kernel can cut: packets of one size, only the last shorter, within its bounds', () => {
    fc.assert(
      fc.property(turns, packetBytes, (sizes, packetBytes) => {
        const sent = sizes.map(turn => turn.map(message))
        const { packets, trains } = packed(sent, packetBytes)
        let next = 0
        for (const train of trains) {
          expect(train).toBeLessThanOrEqual(TRAIN_BYTES_MAX)
          expect(Math.ceil(train / packetBytes)).toBeLessThanOrEqual(TRAIN_PACKETS_MAX)
          const sizes: number[] = []
          for (let left = train; left > 0; left -= packetBytes) sizes.push(Math.min(left, packetBytes))
          expect(packets.slice(next, next + sizes.length).map(({ length }) => length)).toEqual(sizes)
          next += sizes.length
        }
        expect(next).toBe(packets.length)
        expect(packets.every(packet => judge(packet, 0, packet.length, GROUP_TAG) === OK)).toBe(true)
      }),
    )
  })

  test('a message within one packet is handed up where it lies, one that straddles from elsewhere', () => {
    const { packets } = packed([[message(100, 1), message(600, 2)]], 512)
    const { messages } = read(packets)
    expect(messages[0].buffer).toBe(packets[0].buffer)
    expect(messages[1].buffer).not.toBe(packets[1].buffer)
  })
})

describe('a body that makes no sense', () => {
  /** A packet with that body, as its sender never made it. */
  function forged(first: number, ...body: (number | Uint8Array)[]): Uint8Array {
    const parts = body.map(part => {
      if (typeof part !== 'number') return part
      const length = new Uint8Array(4)
      writeU32(length, 0, part)
      return length
    })
    const packet = new Uint8Array(Buffer.concat([new Uint8Array(HEADER_BYTES), ...parts]))
    writeU16(packet, 24, first)
    seal(packet, 0, packet.length)
    expect(lengthOf(packet, 0)).toBe(packet.length)
    return packet
  }
  const ten = message(10, 9)

  test.each([
    ['a length over the maximum', forged(0, 1001, ten)],
    ['a first message that does not begin where it could', forged(4, 10, ten)],
    ['a first message beyond the packet', forged(500, 10, ten)],
    ['the rest of a message that never began', forged(NO_FIRST, ten)],
  ])('%s: none of it is handed up, and the next packet is', (_, broken) => {
    const { messages, sense } = read([broken, forged(0, 10, ten)], 1000)
    expect(sense).toEqual([false, true])
    expect(messages).toEqual([ten])
  })

  test('the rest of a message that ends elsewhere than the header says', () => {
    const half = forged(0, 20, ten)
    const { messages, sense } = read([half, forged(4, ten, 10, ten), forged(0, 10, ten)], 1000)
    expect(sense).toEqual([true, false, true])
    expect(messages).toEqual([Uint8Array.from([...ten, ...ten]), ten])
  })

  test('what was handed up before the broken part stays', () => {
    const { messages, sense } = read([forged(0, 10, ten, 5000, ten)], 1000)
    expect(sense).toEqual([false])
    expect(messages).toEqual([ten])
  })

  test('nothing that a header or a body may say makes it throw, or hold more than one message', () => {
    const body = fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.nat(1200)), { maxLength: 6 })
    const first = fc.oneof(fc.constant(0), fc.constant(NO_FIRST), fc.nat(100))
    fc.assert(
      fc.property(fc.array(fc.tuple(first, body), { maxLength: 12 }), packets => {
        const { messages } = read(
          packets.map(([first, parts]) => forged(first, ...parts)),
          1000,
        )
        for (const { length } of messages) expect(length).toBeLessThanOrEqual(1000)
      }),
    )
  })
})
