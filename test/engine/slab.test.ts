import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NOT_REUSED, Slab, SlabPool } from '../../src/slab.js'
import { Assembly } from '../../src/wire/fragments.js'

describe('a pool', () => {
  test('gives out no slab that somebody holds, or that the application may have kept', () => {
    const act = fc.record({
      does: fc.constantFrom('take', 'take', 'hold', 'release', 'release', 'keep'),
      which: fc.nat(20),
    })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 200, size: 'max' }), acts => {
        let allocated = 0
        const pool = new SlabPool(8, 2, bytes => {
          allocated++
          return new Uint8Array(bytes)
        })
        const holds = new Map<Slab, number>()
        const kept = new Set<Slab>()
        let free = 0
        for (const { does, which } of acts) {
          const held = [...holds.keys()]
          const slab = held[which % held.length]
          if (does === 'take') {
            const before = allocated
            const taken = pool.take()
            expect(holds.has(taken)).toBe(false)
            expect(kept.has(taken)).toBe(false)
            expect(allocated - before).toBe(free > 0 ? 0 : 1)
            free = Math.max(0, free - 1)
            holds.set(taken, 1)
          } else if (slab === undefined) continue
          else if (does === 'hold') {
            slab.hold()
            holds.set(slab, holds.get(slab)! + 1)
          } else if (does === 'keep') {
            slab.keep()
            kept.add(slab)
          } else {
            slab.release()
            holds.set(slab, holds.get(slab)! - 1)
            if (holds.get(slab)! > 0) continue
            holds.delete(slab)
            // Two at most wait for their next use.
            if (!kept.has(slab)) free = Math.min(2, free + 1)
          }
        }
      }),
    )
  })

  test('is told by who lets go of what nobody holds', () => {
    const slab = new SlabPool(8, 2, bytes => new Uint8Array(bytes)).take()
    slab.release()
    expect(() => slab.release()).toThrow()
  })
})

describe('where messages are put together', () => {
  test('no two of them overlap while somebody has them', () => {
    const bytes = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 400 }))
    fc.assert(
      fc.property(fc.array(fc.tuple(bytes, fc.boolean()), { maxLength: 100, size: 'max' }), messages => {
        const assembly = new Assembly(new SlabPool(100, 4, bytes => new Uint8Array(bytes)))
        const live: { slab: Slab; at: number; length: number; mark: number }[] = []
        for (const [i, [length, isTaken]] of messages.entries()) {
          const at = assembly.place(length)
          const { slab } = assembly
          expect(slab.bytes.length).toBeGreaterThanOrEqual(at + length)
          slab.bytes.fill(1 + (i % 255), at, at + length)
          live.push({ slab, at, length, mark: 1 + (i % 255) })
          if (isTaken) for (const { slab } of live.splice(0, 2)) slab.release()
          for (const { slab, at, length, mark } of live) {
            expect(slab.bytes.subarray(at, at + length).every(byte => byte === mark)).toBe(true)
          }
        }
      }),
    )
  })
})

test('memory that is not used again may be held and let go of all the same', () => {
  NOT_REUSED.hold()
  NOT_REUSED.release()
  const own = new Slab(new Uint8Array(1), null)
  own.hold()
  own.release()
})
