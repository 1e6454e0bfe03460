import { describe, expect, test } from 'vitest'
import { Slab, SlabPool } from '../../src/slab.js'
import { addVector, behindVector, endVector, vectorBytes, writeEntry } from '../../src/wire/causal-vector.js'
import { ControlReader, encodeControl } from '../../src/wire/control-codec.js'
import { Assembly, Fragments } from '../../src/wire/fragments.js'
import { tutti } from '../../src/wire/generated/control.js'
import * as wire from '../../src/wire/header.js'
import { HEADER_BYTES, readU32 } from '../../src/wire/header.js'
import { readRuns, writeRuns } from '../../src/wire/order-runs.js'
import { Packer, PREFIX_BYTES, slabPoolFor } from '../../src/wire/packer.js'
import { serial } from '../../src/wire/seqno.js'
import { fromHex, type GoldenPacket, type GoldenStream, golden, readGolden, toHex, writeGolden } from './golden.js'
import { bodyNames, decodeBody, encodeBody, groupTag, KINDS } from './reference.js'

if (process.env.VECTORS === 'write') writeGolden()
const { data, order, tell, control, dropped } = readGolden()
const from = { address: '192.0.2.7', port: 40_001 }

test('the files are what the reference writes', () => {
  expect({ data, order, tell, control, dropped }).toEqual(golden())
})

/** The packet's bytes, once every field of its header has been read and found right. */
function judged({ header, hex }: GoldenPacket): Uint8Array {
  const bytes = fromHex(hex)
  expect(wire.judge(bytes, 0, bytes.length, groupTag(header.group))).toBe(wire.OK)
  expect({
    kind: wire.kindOf(bytes, 0),
    tag: wire.viewTagOf(bytes, 0),
    rank: wire.rankOf(bytes, 0),
    length: wire.lengthOf(bytes, 0),
    seq: wire.seqOf(bytes, 0),
    stable: wire.stableOf(bytes, 0),
    first: wire.firstOf(bytes, 0),
    order: wire.orderOf(bytes, 0),
    flags: wire.flagsOf(bytes, 0),
  }).toEqual({
    kind: KINDS[header.kind],
    tag: header.tag,
    rank: header.rank,
    length: bytes.length,
    seq: serial(header.seq),
    stable: serial(header.stable),
    first: header.first,
    order: header.order ?? 0,
    flags: header.flags,
  })
  return bytes
}

/** What the packer makes of the messages, packet by packet. */
function repack({ packets, packetBytes, messages, vector }: GoldenStream): Uint8Array[] {
  const { header } = packets[0]
  const { tag, rank, stable } = header
  // Of each packet, and of the stream.
  const [safe, flags] = [header.flags & wire.SAFE, header.flags & ~wire.SAFE]
  const kind = KINDS[header.kind]
  const packer = new Packer(
    { kind, groupTag: groupTag(header.group), tag, rank, packetBytes, flags },
    slabPoolFor(packetBytes),
  )
  const packed: Uint8Array[] = []
  const close = () => {
    const at = packer.packetAt
    packed.push(packer.slab.bytes.slice(at, at + packer.close()))
  }
  const open = () => {
    if (packer.isOpen) return
    packer.open(header.seq + packed.length, stable, header.order ?? 0, safe)
    if (vector === undefined) return
    const at = packer.reserve(vectorBytes(vector.length))
    for (const [entry, [rank, rise]] of vector.entries()) {
      expect(writeEntry(packer.slab.bytes, at, entry, rank, rise)).toBe(rise)
    }
    endVector(packer.slab.bytes, at, vector.length)
  }
  for (const message of messages.map(fromHex)) {
    open()
    if (packer.isBetterNext(message.length)) {
      packer.pad()
      close()
      open()
    }
    packer.begin(message.length)
    for (let written = packer.write(message, 0); ; written += packer.write(message, written)) {
      if (packer.room < 4) close()
      if (written === message.length) break
      open()
    }
  }
  if (packer.isOpen) close()
  return packed
}

describe.each([...data, ...tell])('messages: $name', stream => {
  test('is read', () => {
    const messages: string[][] = []
    const sink = {
      delivered: ({ bytes }: Slab, offset: number, end: number) => {
        for (let at = offset; at < end; ) {
          const length = readU32(bytes, at)
          messages.push(toHex(bytes.subarray(at + PREFIX_BYTES, at + PREFIX_BYTES + length)))
          at += PREFIX_BYTES + length
        }
      },
    }
    const assembly = new Assembly(new SlabPool(65_536, 4, bytes => new Uint8Array(bytes)))
    const fragments = new Fragments(stream.packets[0].header.rank, 65_536, assembly, sink)
    for (const packet of stream.packets) {
      const bytes = judged(packet)
      const body = stream.vector === undefined ? HEADER_BYTES : behindVector(bytes, 0)
      expect(fragments.read(new Slab(bytes, null), 0, body, serial(packet.header.seq))).toBe(true)
      if (stream.vector === undefined) continue
      const sums = new Float64Array(4096)
      expect(addVector(bytes, 0, sums)).toBe(true)
      const expected = new Float64Array(4096)
      for (const [rank, rise] of stream.vector) expected[rank] += rise
      expect(sums).toEqual(expected)
    }
    expect(messages).toEqual(stream.messages)
  })

  test('is written', () => {
    expect(repack(stream).map(toHex)).toEqual(stream.packets.map(({ hex }) => hex))
  })
})

test.each(order)('order: $name', ({ packet, runs }) => {
  const bytes = judged(packet)
  const read: [number, number][] = []
  expect(readRuns(bytes, 0, (rank, last) => read.push([rank, last]))).toBe(true)
  expect(read).toEqual(runs.map(([rank, last]) => [rank, serial(last)]))
  const written = new Uint8Array(bytes.length - HEADER_BYTES)
  writeRuns(
    written,
    0,
    runs.map(([rank]) => rank),
    runs.map(([, last]) => last),
  )
  expect(toHex(written)).toEqual(toHex(bytes.subarray(HEADER_BYTES)))
})

test.each(control)('control, read: $name', ({ packets, body }) => {
  const reader = new ControlReader()
  // The last fragment first: they may come in any order.
  const read = packets.toReversed().map(packet => reader.read(judged(packet), 0, from))
  expect(read.slice(0, -1).every(each => each === undefined)).toBe(true)
  const control = read.at(-1)!
  if (body === null) expect(control.body).toBeUndefined()
  else expect(decodeBody(tutti.Control.encode(control).finish())).toEqual(body)
})

// What this release does not know it does not write either.
const known = control.filter(({ name }) => !name.includes('does not know'))

test.each(known)('control, written: $name', ({ packets, packetBytes, body }) => {
  const { group, tag, rank } = packets[0].header
  const frame = { groupTag: groupTag(group), viewTag: tag, rank, packetBytes }
  const written = encodeControl(tutti.Control.decode(encodeBody(body!)), frame)
  expect(written.map(toHex)).toEqual(packets.map(({ hex }) => hex))
})

test('every control body has a golden frame', () => {
  const shown = new Set(control.flatMap(({ body }) => Object.keys(body ?? {})))
  expect([...shown].sort()).toEqual(bodyNames().toSorted())
})

test.each(dropped)('dropped as $cause: $name', ({ cause, hex }) => {
  const bytes = fromHex(hex)
  const verdict = wire.judge(bytes, 0, bytes.length, groupTag('demo'))
  if (cause !== 'malformed') return expect(wire.DROP_CAUSES[verdict]).toBe(cause)
  expect(verdict).toBe(wire.OK)
  expect(new ControlReader().read(bytes, 0, from)).toBeNull()
})
