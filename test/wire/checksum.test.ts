import fc from 'fast-check'
import { expect, test } from 'vitest'
import { finish, hash32, mix } from '../../src/wire/checksum.js'

const utf8 = new TextEncoder()

// MurmurHash3_x86_32 as others compute it.
test.each([
  ['', 0, 0x00000000],
  ['', 1, 0x514e28b7],
  ['test', 0x9747b28c, 0x704b81dc],
  ['hello', 0, 0x248bfa47],
  ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
])('hash of %j with seed %i', (text, seed, hash) => {
  const bytes = utf8.encode(text)
  expect(hash32(bytes, 0, bytes.length, seed)).toBe(hash)
})

test('two steps over a header of whole words and a body make one sum', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(12), (bytes, words) => {
      const cut = Math.min(4 * words, bytes.length & ~3)
      const inTwo = mix(mix(7, bytes, 0, cut), bytes, cut, bytes.length)
      expect(finish(inTwo, bytes.length) >>> 0).toBe(hash32(bytes, 0, bytes.length, 7))
    }),
  )
})
