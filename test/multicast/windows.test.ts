import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BEYOND, DUPLICATE, FRESH, ReceiveWindow } from '../../src/multicast/receive-window.js'
import { SendWindow } from '../../src/multicast/send-window.js'
import { Slab } from '../../src/slab.js'
import { distance, plus } from '../../src/wire/seqno.js'
import { Train } from '../../src/wire/train.js'

const CAPACITY = 8
/** Three numbers before the wrap. */
const FIRST = -3
const bytes = (tag: number) => Uint8Array.of(tag)
const slab = (tag: number) => new Slab(bytes(tag), null)
/** The number of the nth packet, counted from 0. */
const nth = (n: number) => plus(FIRST, n)

/** A train of `count` packets from number `seq` on, which lie one byte apart in a slab of bytes `tag`. */
function trainOf(seq: number, count: number, tag: number): Train {
  const train = new Train()
  train.begin(new Slab(new Uint8Array(count).fill(tag), null))
  train.first = seq
  train.count = count
  train.offsets.set(Array.from({ length: count }, (_, i) => i))
  return train
}

describe('receive window', () => {
  const fresh = () => new ReceiveWindow(FIRST, CAPACITY)
  const insert = (window: ReceiveWindow, n: number) => window.insert(nth(n), slab(n), n)

  test('takes packets in sequence across the wrap', () => {
    const window = fresh()
    for (let n = 0; n < CAPACITY; n++) {
      expect(window.next).toBe(nth(n))
      expect(insert(window, n)).toBe(FRESH)
      expect(window.received).toBe(nth(n))
      expect(window.hasGap).toBe(false)
    }
    expect(nth(CAPACITY - 1)).toBe(4)
    expect(window.bytesOf(nth(5))).toEqual(bytes(5))
    expect(window.offsetOf(nth(5))).toBe(5)
  })

  test('a gap is closed by what was missing, and all that is behind it counts', () => {
    const window = fresh()
    expect([0, 3, 4].map(n => insert(window, n))).toEqual([FRESH, FRESH, FRESH])
    expect([window.received, window.last, window.hasGap]).toEqual([nth(0), nth(4), true])
    expect([1, 2, 3].map(n => window.has(nth(n)))).toEqual([false, false, true])
    expect(insert(window, 2)).toBe(FRESH)
    expect(window.received).toBe(nth(0))
    expect(insert(window, 1)).toBe(FRESH)
    expect([window.received, window.hasGap]).toEqual([nth(4), false])
  })

  test('what is there already, or was, is a duplicate: before and after it was released', () => {
    const window = fresh()
    for (const n of [0, 1, 3]) insert(window, n)
    expect([0, 1, 3].map(n => insert(window, n))).toEqual([DUPLICATE, DUPLICATE, DUPLICATE])
    window.release(nth(1))
    expect([0, 1, 3].map(n => insert(window, n))).toEqual([DUPLICATE, DUPLICATE, DUPLICATE])
    expect(window.received).toBe(nth(1))
  })

  test('what is further ahead than the ring is long has no place, until the oldest is released', () => {
    const window = fresh()
    for (let n = 0; n < CAPACITY; n++) insert(window, n)
    expect(insert(window, CAPACITY)).toBe(BEYOND)
    expect(window.last).toBe(nth(CAPACITY - 1))
    window.release(nth(0))
    expect(insert(window, CAPACITY)).toBe(FRESH)
    expect(insert(window, CAPACITY + 1)).toBe(BEYOND)
  })

  test('so is what is half of all numbers ahead, where differences change their sign', () => {
    const window = fresh()
    for (const n of [0, 1, 2]) insert(window, n)
    for (const n of [0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0x80000002]) {
      expect(insert(window, n), `${n}`).toBe(BEYOND)
      expect(window.announce(nth(n)), `${n}`).toBe(false)
    }
    expect([window.next, window.last]).toEqual([nth(3), nth(2)])
  })

  test('an announcement from half of all numbers behind is old, and moves nothing', () => {
    const window = fresh()
    for (const n of [0, 1, 3, 5]) insert(window, n)
    for (const n of [-0x7ffffff8, -0x7ffffffc, -0x7ffffffe]) {
      expect(window.announce(nth(n)), `${n}`).toBe(true)
      expect(window.last).toBe(nth(5))
    }
  })

  test('the last place of the ring can be taken while the first is missing', () => {
    const window = fresh()
    for (let n = 1; n < CAPACITY; n++) expect(insert(window, n)).toBe(FRESH)
    expect(window.received).toBe(nth(-1))
    expect(insert(window, 0)).toBe(FRESH)
    expect(window.received).toBe(nth(CAPACITY - 1))
  })

  test('an announcement makes a lost tail a gap; an old one is no news, an impossible one is refused', () => {
    const window = fresh()
    insert(window, 0)
    expect(window.announce(nth(2))).toBe(true)
    expect([window.hasGap, window.last]).toEqual([true, nth(2)])
    expect(window.has(nth(2))).toBe(false)
    expect(window.announce(nth(1))).toBe(true)
    expect(window.last).toBe(nth(2))
    expect(window.announce(nth(CAPACITY))).toBe(false)
    expect(window.last).toBe(nth(2))
    expect(window.announce(nth(CAPACITY - 1))).toBe(true)
  })

  test('lets go of what is released and of nothing that has not been received in sequence', () => {
    const window = fresh()
    for (const n of [0, 1, 3]) insert(window, n)
    window.release(nth(0))
    expect([0, 1, 3].map(n => window.bytesOf(nth(n)))).toEqual([undefined, bytes(1), bytes(3)])
    window.release(nth(5))
    expect(window.released).toBe(nth(1))
    expect([1, 3].map(n => window.bytesOf(nth(n)))).toEqual([undefined, bytes(3)])
    window.release(nth(0))
    expect(window.released).toBe(nth(1))
  })

  test('nothing is there before the first packet, nor beyond the last', () => {
    const window = fresh()
    expect([window.hasGap, window.received]).toEqual([false, nth(-1)])
    insert(window, 0)
    expect([-1, 1, CAPACITY].map(n => window.has(nth(n)))).toEqual([false, false, false])
  })

  test('holds what a list of packets would hold, whatever comes in whatever order', () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ insert: fc.integer({ min: -2, max: 12 }) }) },
      {
        weight: 3,
        arbitrary: fc.record({
          append: fc.integer({ min: -2, max: 9 }),
          count: fc.integer({ min: 1, max: CAPACITY + 2 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ release: fc.integer({ min: -1, max: 10 }) }) },
      { weight: 1, arbitrary: fc.record({ announce: fc.integer({ min: -1, max: 12 }) }) },
    )
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        fc.array(step, { maxLength: 80 }),
        (first, steps) => {
          const window = new ReceiveWindow(first, CAPACITY)
          // The model counts from 0 without end; numbers that are asked for are taken from where the window stands.
          const held = new Map<number, number>()
          let [next, last, released] = [0, -1, -1]
          for (const [i, step] of steps.entries()) {
            if ('insert' in step) {
              const n = released + 1 + step.insert
              const isOld = n < next || held.has(n)
              const fate = isOld ? DUPLICATE : n - released > CAPACITY ? BEYOND : FRESH
              expect(window.insert(plus(first, n), slab(i), n)).toBe(fate)
              if (fate !== FRESH) continue
              held.set(n, i)
              last = Math.max(last, n)
              while (held.has(next)) next++
            } else if ('append' in step) {
              // From the place where the next packet is expected, or near it: a train that begins elsewhere is not for it.
              const n = step.append < 0 ? next : released + 1 + step.append
              const fits = n === next && last < next
              const appended = fits ? Math.min(step.count, released + 1 + CAPACITY - next) : 0
              expect(window.append(trainOf(plus(first, n), step.count, i))).toBe(appended)
              for (let k = 0; k < appended; k++) held.set(next++, i)
              last = Math.max(last, next - 1)
            } else if ('release' in step) {
              window.release(plus(first, released + 1 + step.release))
              for (const end = Math.min(released + 1 + step.release, next - 1); released < end; )
                held.delete(++released)
            } else {
              const n = released + 1 + step.announce
              expect(window.announce(plus(first, n))).toBe(n - released <= CAPACITY)
              if (n - released <= CAPACITY) last = Math.max(last, n)
            }
            expect([window.next, window.last, window.released]).toEqual([next, last, released].map(n => plus(first, n)))
            for (let n = released - 1; n <= last + 2; n++) {
              expect(window.bytesOf(plus(first, n))?.[0]).toBe(held.get(n))
            }
          }
        },
      ),
    )
  })
})

describe('send window', () => {
  const push = (window: SendWindow, count: number, length = 100) => {
    for (let i = 0; i < count; i++) window.push(slab(i), i, length)
  }

  test('numbers its packets across the wrap and keeps them until they are released', () => {
    const window = new SendWindow(FIRST, CAPACITY)
    expect(window.last).toBe(nth(-1))
    push(window, 5)
    expect(window.last).toBe(nth(4))
    for (let n = 0; n < 5; n++) {
      expect(window.bytesOf(nth(n))).toEqual(bytes(n))
      expect(window.offsetOf(nth(n))).toBe(n)
    }
    window.release(nth(3))
    expect([2, 3, 4, 5].map(n => window.has(nth(n)))).toEqual([false, false, true, false])
    expect(window.bytesOf(nth(3))).toBeUndefined()
  })

  test('releases nothing that was not sent, and nothing twice', () => {
    const window = new SendWindow(FIRST, CAPACITY)
    push(window, 2)
    window.release(nth(7))
    expect(window.released).toBe(nth(1))
    window.release(nth(0))
    expect(window.released).toBe(nth(1))
    push(window, 1)
    expect(window.has(nth(2))).toBe(true)
  })

  test('knows how many bytes of the stream there were up to a packet, those just released included', () => {
    const window = new SendWindow(FIRST, CAPACITY)
    expect(window.bytesUpTo(nth(-1))).toBe(0)
    push(window, 3, 100)
    push(window, 2, 7)
    expect([-1, 0, 2, 4].map(n => window.bytesUpTo(nth(n)))).toEqual([0, 100, 300, 314])
    expect(window.sealedBytes).toBe(314)
    window.release(nth(4))
    expect(window.bytesUpTo(nth(4))).toBe(314)
    expect(distance(window.last, window.released)).toBe(0)
  })

  test('goes round its ring for as long as what it held is released', () => {
    const window = new SendWindow(FIRST, CAPACITY)
    for (let n = 0; n < 5 * CAPACITY; n++) {
      window.push(slab(n), n, 10)
      if (n >= CAPACITY - 1) window.release(nth(n - CAPACITY + 1))
      expect(window.bytesOf(nth(n))).toEqual(bytes(n))
      expect(window.bytesUpTo(nth(n))).toBe(10 * (n + 1))
    }
    expect(window.has(nth(5 * CAPACITY - CAPACITY + 1))).toBe(true)
    expect(window.has(nth(5 * CAPACITY - CAPACITY))).toBe(false)
  })
})
