import { HEADER_BYTES, lengthOf, readU16, writeU16 } from './header.js'

/**
 * In front of the messages of a causal packet: what its sender had delivered of every other's causal packets, as
 * differences to its own causal packet before. A count of entries, then as many times a rank and by how much its number
 * rose. A rank may come twice, where it rose by more than an entry holds.
 */
const COUNT_BYTES = 2
const ENTRY_BYTES = 4
const RISE_MAX = 0xffff

export const vectorBytes = (entries: number): number => COUNT_BYTES + entries * ENTRY_BYTES

/** Entries that fit into `bytes`. */
export const entriesIn = (bytes: number): number => Math.max(1, Math.floor((bytes - COUNT_BYTES) / ENTRY_BYTES))

/** Entries that it takes to say that a number rose by so much. */
export const entriesFor = (rise: number): number => Math.ceil(rise / RISE_MAX)

/** Writes the next entry of a vector that lies at `at`, whose count `endVector` writes. Returns how much is said by it. */
export function writeEntry(b: Uint8Array, at: number, entry: number, rank: number, rise: number): number {
  const said = Math.min(rise, RISE_MAX)
  writeU16(b, at + vectorBytes(entry), rank)
  writeU16(b, at + vectorBytes(entry) + 2, said)
  return said
}

export function endVector(b: Uint8Array, at: number, entries: number): void {
  writeU16(b, at, entries)
}

/** Where the messages of the causal packet at `at` begin, or -1 if its vector does not fit into it. */
export function behindVector(b: Uint8Array, at: number): number {
  const end = at + lengthOf(b, at)
  const body = at + HEADER_BYTES
  if (body + COUNT_BYTES > end) return -1
  const behind = body + vectorBytes(readU16(b, body))
  return behind > end ? -1 : behind
}

/** Adds the vector of the causal packet at `at`, which fits, to `sums`, by rank. Returns false if a rank makes no sense. */
export function addVector(b: Uint8Array, at: number, sums: Float64Array): boolean {
  const body = at + HEADER_BYTES
  const count = readU16(b, body)
  let isSound = true
  for (let entry = 0; entry < count; entry++) {
    const rank = readU16(b, body + vectorBytes(entry))
    if (rank < sums.length) sums[rank] += readU16(b, body + vectorBytes(entry) + 2)
    else isSound = false
  }
  return isSound
}
