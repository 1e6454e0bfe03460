import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Control, type ControlBody, ControlReader, encodeControl } from '../../src/wire/control-codec.js'
import { HEADER_BYTES, judge, OK, seal, writeU32 } from '../../src/wire/header.js'
import { CONTROL_FRAGMENTS_MAX, MEMBERS_MAX, NAME_BYTES_MAX } from '../../src/wire/limits.js'
import { encodeView } from '../../src/wire/view-codec.js'

const GROUP_TAG = 99
const A = { address: '192.0.2.1', port: 1 }
const B = { address: '192.0.2.1', port: 2 }
const utf8 = new TextEncoder()

const encode = (body: ControlBody, packetBytes = 512) =>
  encodeControl(body, { groupTag: GROUP_TAG, viewTag: 5, rank: 1, packetBytes })

const refuse = (reason: string): ControlBody => ({ refuse: { incarnation: new Uint8Array(8), code: 'X', reason } })
const reasonIn = (control: Control | undefined | null) => control?.refuse?.reason

/** A fragment that no sender of ours makes. */
function fragment(index: number, count: number, body: Uint8Array, number = 1): Uint8Array {
  const [packet] = encode({})
  const bytes = new Uint8Array(HEADER_BYTES + body.length)
  bytes.set(packet.subarray(0, HEADER_BYTES))
  bytes.set(body, HEADER_BYTES)
  writeU32(bytes, 16, number)
  writeU32(bytes, 20, index * 65_536 + count)
  seal(bytes, 0, bytes.length)
  return bytes
}

test('a message of any size comes out whole, in whatever order its fragments come, and however often', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 6000, size: 'max' }), fc.infiniteStream(fc.nat()), (reason, draws) => {
      const packets = encode(refuse(reason))
      expect(packets.every(packet => judge(packet, 0, packet.length, GROUP_TAG) === OK)).toBe(true)
      expect(packets.every(({ length }) => length <= 512)).toBe(true)
      const reader = new ControlReader()
      const missing = new Set(packets)
      while (missing.size > 1) {
        const packet = packets[draws.next().value! % packets.length]
        if (packet === [...missing].at(-1)) continue
        missing.delete(packet)
        expect(reader.read(packet, 0, A)).toBeUndefined()
      }
      expect(reasonIn(reader.read([...missing][0], 0, A))).toBe(reason)
    }),
    { numRuns: 30 },
  )
})

test('fragments of two senders, and of two messages of one sender, do not mix', () => {
  const reader = new ControlReader()
  const one = encode(refuse('1'.repeat(900)))
  const two = encode(refuse('2'.repeat(900)))
  expect(reader.read(one[0], 0, A)).toBeUndefined()
  expect(reader.read(one[1], 0, B)).toBeUndefined()
  expect(reader.read(two[1], 0, A)).toBeUndefined()
  expect(reasonIn(reader.read(one[1], 0, A))).toBe('1'.repeat(900))
  expect(reasonIn(reader.read(two[0], 0, A))).toBe('2'.repeat(900))
})

test('sent again, a message is completed by what was lost of it the first time', () => {
  const reader = new ControlReader()
  const first = encode(refuse('x'.repeat(900)))
  const again = encode(refuse('x'.repeat(900)))
  expect(reader.read(first[0], 0, A)).toBeUndefined()
  expect(reasonIn(reader.read(again[1], 0, A))).toBe('x'.repeat(900))
})

test('fragments of two messages under one number are not a third: their hash says so', () => {
  const [head, tail] = encode(refuse('x'.repeat(900)))
  const [, other] = encode(refuse('y'.repeat(900)))
  other.set(tail.subarray(16, 20), 16)
  seal(other, 0, other.length)
  const reader = new ControlReader()
  expect(reader.read(head, 0, A)).toBeUndefined()
  expect(reader.read(other, 0, A)).toBeNull()
})

test('the view of the largest group, all names as long as they may be, has fragments to spare', () => {
  const members = Array.from({ length: MEMBERS_MAX }, () => ({
    name: 'x'.repeat(NAME_BYTES_MAX),
    incarnation: 'ffffffffffffffff',
    endpoint: { address: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', port: 65_535 },
    receiveBufferBytes: 0xffffffff,
    voter: true,
  }))
  const lineage = '0000000000000001'
  const sizes = { messageBytesMax: 1, packetBytes: 1400 }
  const next = encodeView({ lineage, id: 1, tag: 1, members, primary: true, checkBodies: true, ...sizes })
  const packets = encode({ decide: { value: { next, cut: members.map(() => 0xffffffff) } } }, 1400)
  expect(packets.length).toBeLessThanOrEqual(CONTROL_FRAGMENTS_MAX)
  const reader = new ControlReader()
  const read = packets.map(packet => reader.read(packet, 0, A))
  expect(read.at(-1)?.decide?.value?.next?.members).toHaveLength(MEMBERS_MAX)
})

test.each([
  ['no fragments', 0, 0],
  ['a fragment beyond the last', 3, 3],
  ['too many', 0, CONTROL_FRAGMENTS_MAX + 1],
])('%s: not well formed', (_, index, count) => {
  expect(new ControlReader().read(fragment(index, count, new Uint8Array(9)), 0, A)).toBeNull()
})

test.each([
  ['garbage', Uint8Array.from({ length: 40 }, () => 0xff)],
  ['a field that is cut off', Uint8Array.from([0x0a, 0x7f, 1, 2])],
  ['a body of the wrong wire type', Uint8Array.from([0x08, 1, 0x0d])],
  ['groups nested without end', new Uint8Array(60_000).fill(0x0b)],
])('%s: not well formed, and not thrown', (_, body) => {
  expect(new ControlReader().read(fragment(0, 1, body), 0, A)).toBeNull()
})

test('a message whose fragments add up to garbage is not well formed', () => {
  const reader = new ControlReader()
  expect(reader.read(fragment(0, 2, new Uint8Array(9).fill(0xff)), 0, A)).toBeUndefined()
  expect(reader.read(fragment(1, 2, new Uint8Array(9).fill(0xff)), 0, A)).toBeNull()
})

test('any bytes are read, or are not well formed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), body => {
      const control = new ControlReader().read(fragment(0, 1, body), 0, A)
      expect(control === null || typeof control === 'object').toBe(true)
    }),
  )
})

test('what is never finished is forgotten, the oldest first', () => {
  const reader = new ControlReader()
  const whole = encode(refuse('x'.repeat(900)))
  const young = encode(refuse('y'.repeat(900)))
  reader.read(whole[0], 0, A)
  for (let number = 100; number < 140; number++) reader.read(fragment(0, 2, utf8.encode('z'), number), 0, B)
  reader.read(young[0], 0, A)
  for (let number = 140; number < 180; number++) reader.read(fragment(0, 2, utf8.encode('z'), number), 0, B)
  expect(reader.read(whole[1], 0, A)).toBeUndefined()
  expect(reasonIn(reader.read(young[1], 0, A))).toBe('y'.repeat(900))
})

// One reader's memory: were it bounded by the number of messages alone, this would be 64 messages of 64 MB.
test('unfinished messages of large fragments hold no more bytes than a few whole ones would', () => {
  const reader = new ControlReader()
  const body = new Uint8Array(65_000)
  for (let number = 1; number <= 3; number++) {
    for (let index = 0; index < 60; index++) {
      const packet = fragment(index, 61, body, number)
      expect(reader.read(packet, 0, A)).toBeUndefined()
    }
  }
  // Three times 3.9 MB are more than it holds: the first is forgotten, so that its last fragment finishes nothing.
  expect(reader.read(fragment(60, 61, body, 1), 0, A)).toBeUndefined()
  expect(reader.read(fragment(60, 61, new Uint8Array(9).fill(0xff), 3), 0, A)).toBeNull()
})
