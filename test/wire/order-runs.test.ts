import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DATA, HEADER_BYTES, ORDER, seal, writeHeader, writeU16 } from '../../src/wire/header.js'
import { readRuns, runsBytes, runsIn, writeRuns } from '../../src/wire/order-runs.js'

function packetOf(body: Uint8Array, length = body.length): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + length)
  writeHeader(packet, 0, DATA, 1, 1, 0, 1, 0, 0xffff, ORDER, 0)
  packet.set(body.subarray(0, length), HEADER_BYTES)
  seal(packet, 0, packet.length)
  return packet
}

const run = fc.tuple(fc.nat(0xffff), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }))

test('runs are read as they were written; of a packet cut short none are', () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 40 }), fc.nat(), (runs, cut) => {
      const body = new Uint8Array(runsBytes(runs.length))
      const ranks = runs.map(([rank]) => rank)
      const lasts = runs.map(([, last]) => last)
      writeRuns(body, 0, ranks, lasts)
      const read: (readonly [number, number])[] = []
      expect(readRuns(packetOf(body), 0, (rank, last) => read.push([rank, last]))).toBe(true)
      expect(read).toEqual(runs)
      const none = () => expect.unreachable()
      expect(readRuns(packetOf(body, cut % body.length), 0, none)).toBe(false)
    }),
  )
})

test('a count beyond the packet’s end is refused', () => {
  const body = new Uint8Array(runsBytes(1))
  for (const count of [2, 0xffff]) {
    writeU16(body, 0, count)
    expect(readRuns(packetOf(body), 0, () => expect.unreachable())).toBe(false)
  }
})

test('a packet holds as many runs as fit', () => {
  for (const bytes of [480, 1368, 65_475]) {
    expect(runsBytes(runsIn(bytes))).toBeLessThanOrEqual(bytes)
    expect(runsBytes(runsIn(bytes) + 1)).toBeGreaterThan(bytes)
  }
})
