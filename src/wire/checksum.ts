/**
 * MurmurHash3 (x86, 32 bit; Austin Appleby, public domain), in two steps so that a header and a body that are not
 * adjacent make one sum. Detects accidents, not attackers.
 */
export function mix(state: number, bytes: Uint8Array, from: number, to: number): number {
  let h = state
  let i = from
  for (; i + 4 <= to; i += 4) {
    h ^= scramble(bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24))
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
  }
  if (i < to) {
    let k = 0
    for (let shift = 0; i < to; i++, shift += 8) k |= bytes[i] << shift
    h ^= scramble(k)
  }
  return h
}

function scramble(word: number): number {
  const k = Math.imul(word, 0xcc9e2d51)
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593)
}

/** The hash, signed: V8 keeps such integers unboxed. */
export function finish(state: number, length: number): number {
  let h = state ^ length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** The hash of one range of bytes: 32 bits, unsigned. */
export function hash32(bytes: Uint8Array, from = 0, to = bytes.length, seed = 0): number {
  return finish(mix(seed, bytes, from, to), to - from) >>> 0
}
