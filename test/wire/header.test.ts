import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toHex } from '../../src/wire/bytes.js'
import {
  BODY_CHECKED,
  CONTROL,
  CORRUPT,
  DATA,
  FOREIGN,
  firstOf,
  flagsOf,
  groupTagOf,
  HEADER_BYTES,
  judge,
  kindOf,
  lengthOf,
  OK,
  orderOf,
  rankOf,
  seal,
  seqOf,
  stableOf,
  TRUNCATED,
  viewTagOf,
  writeHeader,
} from '../../src/wire/header.js'
import { packet } from './reference.js'

const GROUP_TAG = 0xa1c7c99a
const BODY = 20

function sealed(flags: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + BODY).fill(0xa5, HEADER_BYTES)
  writeHeader(bytes, 0, DATA, GROUP_TAG, 1, 2, 3, 4, 5, 0, flags)
  seal(bytes, 0, bytes.length)
  return bytes
}

const u32 = fc.integer({ min: 0, max: 0xffffffff })
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const u16 = fc.integer({ min: 0, max: 0xffff })
const u8 = fc.integer({ min: 0, max: 0xff })

test('what is written is read back, wherever in the buffer it lies', () => {
  const fields = fc.tuple(fc.constantFrom(DATA, CONTROL), u32, u32, u16, i32, i32, u16, u8, u8)
  fc.assert(
    fc.property(fields, fc.nat(100), fc.nat(50), (written, at, body) => {
      const [kind, groupTag, viewTag, rank, seq, stable, first, order, flags] = written
      const bytes = new Uint8Array(at + HEADER_BYTES + body + 9).fill(0xee)
      writeHeader(bytes, at, kind, groupTag, viewTag, rank, seq, stable, first, order, flags)
      seal(bytes, at, HEADER_BYTES + body)
      expect(judge(bytes, at, bytes.length, groupTag)).toBe(OK)
      const unsignedGroupTagOf = (b: Uint8Array, at: number) => groupTagOf(b, at) >>> 0
      const readers = [kindOf, unsignedGroupTagOf, viewTagOf, rankOf, seqOf, stableOf, firstOf, orderOf, flagsOf]
      expect(readers.map(read => read(bytes, at))).toEqual(written)
      expect(lengthOf(bytes, at)).toBe(HEADER_BYTES + body)
    }),
  )
})

test('is what the document says, byte for byte', () => {
  fc.assert(
    fc.property(u32, u16, u32, u32, u16, fc.constantFrom(0, BODY_CHECKED), fc.uint8Array(), (...fields) => {
      const [tag, rank, seq, stable, first, flags, body] = fields
      const bytes = new Uint8Array(HEADER_BYTES + body.length)
      bytes.set(body, HEADER_BYTES)
      writeHeader(bytes, 0, DATA, GROUP_TAG, tag, rank, seq, stable, first, 0, flags)
      seal(bytes, 0, bytes.length)
      const written = packet({ kind: 'data', group: 'demo', tag, rank, seq, stable, first, flags }, body)
      expect(toHex(bytes)).toBe(toHex(written))
    }),
  )
})

test('every flipped bit in a header is found', () => {
  const bytes = sealed(0)
  for (let bit = 0; bit < 8 * HEADER_BYTES; bit++) {
    const copy = bytes.slice()
    copy[bit >> 3] ^= 1 << (bit & 7)
    expect(judge(copy, 0, copy.length, GROUP_TAG), `bit ${bit}`).not.toBe(OK)
  }
})

test('a flipped bit in the body is found if the checksum covers it', () => {
  for (let bit = 8 * HEADER_BYTES; bit < 8 * (HEADER_BYTES + BODY); bit++) {
    const [covered, bare] = [sealed(BODY_CHECKED), sealed(0)]
    covered[bit >> 3] ^= 1 << (bit & 7)
    bare[bit >> 3] ^= 1 << (bit & 7)
    expect(judge(covered, 0, covered.length, GROUP_TAG)).toBe(CORRUPT)
    expect(judge(bare, 0, bare.length, GROUP_TAG)).toBe(OK)
  }
})

test('what is cut off anywhere is dropped', () => {
  const bytes = sealed(0)
  for (let end = 0; end < bytes.length; end++) expect(judge(bytes, 0, end, GROUP_TAG)).toBe(TRUNCATED)
})

test('the packet of another group is foreign, whatever else it is', () => {
  expect(judge(sealed(0), 0, HEADER_BYTES + BODY, GROUP_TAG + 1)).toBe(FOREIGN)
})

test('random bytes are never taken for a packet', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      expect(judge(bytes, 0, bytes.length, GROUP_TAG)).not.toBe(OK)
    }),
  )
})
