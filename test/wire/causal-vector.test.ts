import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CausalStamp } from '../../src/engine/causal-stamp.js'
import type { CausalOrder } from '../../src/ordering/causal.js'
import { addVector, behindVector, entriesFor, entriesIn, vectorBytes } from '../../src/wire/causal-vector.js'
import { DATA, HEADER_BYTES, seal, writeHeader, writeU16 } from '../../src/wire/header.js'

/** A causal packet whose body is `body`. */
function packetOf(body: Uint8Array): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + body.length)
  writeHeader(packet, 0, DATA, 1, 1, 0, 1, 0, 0xffff, 1, 0)
  packet.set(body, HEADER_BYTES)
  seal(packet, 0, packet.length)
  return packet
}

/** A stamp of member `self`, and how many causal packets of each it has delivered. */
function stampOf(size: number, self: number) {
  const delivered = new Float64Array(size)
  const order = { delivered, total: 0 }
  const stamp = new CausalStamp(order as unknown as CausalOrder, self)
  const deliver = (rank: number, count: number) => {
    delivered[rank] += count
    order.total += count
  }
  return { stamp, delivered, deliver }
}

function written(stamp: CausalStamp, entries: number): Uint8Array {
  const body = new Uint8Array(stamp.bytes(entries))
  stamp.write(body, 0, entries)
  return packetOf(body)
}

describe('a stamp', () => {
  test('says what was delivered of all others since it was written last, in as many packets as that takes', () => {
    const rise = fc.record({ rank: fc.nat(599), count: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(70_000)) })
    const turn = fc.record({
      rises: fc.array(rise, { maxLength: 40, size: 'max' }),
      room: fc.integer({ min: 1, max: 30 }),
    })
    fc.assert(
      fc.property(fc.array(turn, { maxLength: 8, size: 'max' }), fc.nat(599), (turns, self) => {
        const { stamp, delivered, deliver } = stampOf(600, self)
        const sums = new Float64Array(600)
        for (const { rises, room } of turns) {
          for (const { rank, count } of rises) deliver(rank, count)
          expect(stamp.isStale).toBe(stamp.entries > 0)
          while (stamp.entries > 0) {
            const packet = written(stamp, Math.min(room, stamp.entries))
            expect(behindVector(packet, 0)).toBe(packet.length)
            expect(addVector(packet, 0, sums)).toBe(true)
          }
          expect(stamp.isStale).toBe(false)
          // What this member sent itself goes without saying.
          expect([...sums]).toEqual([...delivered].map((count, rank) => (rank === self ? 0 : count)))
        }
      }),
      { numRuns: 30 },
    )
  })

  test('is not stale for what this member delivered of its own', () => {
    const { stamp, deliver } = stampOf(3, 1)
    deliver(1, 5)
    expect([stamp.isStale, stamp.entries]).toEqual([false, 0])
    deliver(2, 1)
    expect([stamp.isStale, stamp.entries]).toEqual([true, 1])
  })

  test('of a number that rose by more than an entry holds takes several', () => {
    expect([0, 1, 0xffff, 0x10000, 0x1fffe].map(entriesFor)).toEqual([0, 1, 1, 2, 2])
  })

  test('has room for as many entries as fit, and for one at least', () => {
    for (const bytes of [1, 2, 5, 6, 9, 10, 240]) {
      const entries = entriesIn(bytes)
      expect(entries).toBeGreaterThanOrEqual(1)
      if (entries > 1) expect(vectorBytes(entries)).toBeLessThanOrEqual(bytes)
      expect(vectorBytes(entries + 1)).toBeGreaterThan(bytes)
    }
  })
})

describe('a vector that makes no sense', () => {
  test('has no messages behind it: larger than its packet, or not there', () => {
    expect(behindVector(packetOf(new Uint8Array(0)), 0)).toBe(-1)
    expect(behindVector(packetOf(new Uint8Array(1)), 0)).toBe(-1)
    const body = new Uint8Array(2 + 2 * 4)
    writeU16(body, 0, 3)
    expect(behindVector(packetOf(body), 0)).toBe(-1)
    writeU16(body, 0, 0xffff)
    expect(behindVector(packetOf(body), 0)).toBe(-1)
    writeU16(body, 0, 2)
    expect(behindVector(packetOf(body), 0)).toBe(HEADER_BYTES + body.length)
  })

  test('of ranks that nobody has counts for the others it names', () => {
    const body = new Uint8Array(vectorBytes(2))
    writeU16(body, 0, 2)
    writeU16(body, 2, 9)
    writeU16(body, 4, 7)
    writeU16(body, 6, 1)
    writeU16(body, 8, 5)
    const sums = new Float64Array(3)
    expect(addVector(packetOf(body), 0, sums)).toBe(false)
    expect([...sums]).toEqual([0, 5, 0])
  })
})
