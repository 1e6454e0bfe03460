import { HEADER_BYTES, lengthOf, readI32, readU16, writeU16, writeU32 } from './header.js'

/**
 * Body of a packet that announces an order: a count, then runs of a rank and a number. A run puts next all of that
 * member's packets of total order up to that number which no run has named before.
 */
const COUNT_BYTES = 2
const RUN_BYTES = 6

export const runsBytes = (runs: number): number => COUNT_BYTES + runs * RUN_BYTES

export const runsIn = (bytes: number): number => Math.floor((bytes - COUNT_BYTES) / RUN_BYTES)

export function writeRuns(b: Uint8Array, at: number, ranks: readonly number[], lasts: readonly number[]): void {
  writeU16(b, at, ranks.length)
  for (let i = 0; i < ranks.length; i++) {
    writeU16(b, at + runsBytes(i), ranks[i])
    writeU32(b, at + runsBytes(i) + 2, lasts[i])
  }
}

/** Calls `take` for each run of the packet at `at`. Returns false if they do not fit into it. */
export function readRuns(b: Uint8Array, at: number, take: (rank: number, last: number) => void): boolean {
  const end = at + lengthOf(b, at)
  const body = at + HEADER_BYTES
  if (body + COUNT_BYTES > end) return false
  const count = readU16(b, body)
  if (body + runsBytes(count) > end) return false
  for (let i = 0; i < count; i++) take(readU16(b, body + runsBytes(i)), readI32(b, body + runsBytes(i) + 2))
  return true
}
