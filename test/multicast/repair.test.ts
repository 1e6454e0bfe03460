import { beforeEach, expect, test } from 'vitest'
import { MULTICAST, Repair } from '../../src/multicast/repair.js'
import { distance } from '../../src/wire/seqno.js'

const SELF = 0
const OTHER = 1
const B = 2
const C = 3

/** Holds the numbers from `first` to `last`, but not those in `lost`. */
function source(first: number, last: number, lost: number[] = []) {
  const released = (first - 1) | 0
  const has = (seq: number) => distance(seq, released) > 0 && distance(last, seq) >= 0 && !lost.includes(seq)
  return { released, last, has }
}

const timing = { suppresses: false, groupMs: 10, backoffMs: () => 7 }
const window = source(1, 100)
let repair: Repair

beforeEach(() => {
  repair = new Repair(SELF, timing)
})

/** What is resent now, as `rank:seq>to`. */
function due(nowMs: number, from = repair): string[] {
  const sent: string[] = []
  from.due(nowMs, (rank, seq, to) => sent.push(`${rank}:${seq}>${to === MULTICAST ? 'all' : to}`))
  return sent
}

test('the sender answers the only member that asks at the end of the turn, by unicast', () => {
  expect(repair.deadlineMs).toBe(Number.POSITIVE_INFINITY)
  repair.requested(SELF, window, B, 0, [5, 2, 9, 1], 100)
  expect(repair.deadlineMs).toBeLessThanOrEqual(100)
  expect(due(100)).toEqual(['0:5>2', '0:6>2', '0:9>2'])
  expect(repair.deadlineMs).toBe(Number.POSITIVE_INFINITY)
  expect(due(101)).toEqual([])
})

test('what several miss goes to all, once; what one misses goes to that one', () => {
  repair.requested(SELF, window, B, 0, [5, 2], 100)
  repair.requested(SELF, window, C, 0, [6, 2], 100)
  expect(due(100)).toEqual(['0:5>2', '0:6>all', '0:7>3'])
})

test('the same request twice in a turn is one request', () => {
  repair.requested(SELF, window, B, 0, [5, 1], 100)
  repair.requested(SELF, window, B, 0, [5, 1], 100)
  expect(due(100)).toEqual(['0:5>2'])
})

test('where NACKs are suppressed one request speaks for many: multicast', () => {
  const large = new Repair(SELF, { ...timing, suppresses: true })
  large.requested(SELF, window, B, 0, [5, 1], 100)
  expect(due(100, large)).toEqual(['0:5>all'])
})

test('from the third round on all can hear a NACK and hold back, so its repair goes to all', () => {
  repair.requested(SELF, window, B, 1, [5, 1], 100)
  expect(due(100)).toEqual(['0:5>2'])
  repair.requested(SELF, window, B, 2, [5, 1], 130)
  expect(due(130)).toEqual(['0:5>all'])
})

test('a duplicate of the request is free for a round trip', () => {
  repair.requested(SELF, window, B, 0, [5, 1], 100)
  expect(due(100)).toEqual(['0:5>2'])
  repair.requested(SELF, window, B, 0, [5, 1], 109.9)
  expect(due(109.9)).toEqual([])
  repair.requested(SELF, window, B, 0, [5, 1], 110)
  expect(due(110)).toEqual(['0:5>2'])
})

test('a higher round says that the repair was lost: it is answered at once', () => {
  repair.requested(SELF, window, B, 0, [5, 1], 100)
  expect(due(100)).toEqual(['0:5>2'])
  repair.requested(SELF, window, B, 1, [5, 1], 104)
  expect(due(104)).toEqual(['0:5>2'])
  repair.requested(SELF, window, B, 1, [5, 1], 105)
  expect(due(105)).toEqual([])
})

test('a second member that asks a moment later gets it by multicast, and the third is served by that', () => {
  repair.requested(SELF, window, B, 0, [5, 1], 100)
  expect(due(100)).toEqual(['0:5>2'])
  repair.requested(SELF, window, C, 0, [5, 1], 101)
  expect(due(101)).toEqual(['0:5>all'])
  repair.requested(SELF, window, OTHER, 0, [5, 1], 102)
  expect(due(102)).toEqual([])
})

test('the round of an answer is the highest of those who asked', () => {
  repair.requested(SELF, window, B, 0, [5, 1], 100)
  repair.requested(SELF, window, C, 1, [5, 1], 100)
  expect(due(100)).toEqual(['0:5>all'])
  repair.requested(SELF, window, C, 1, [5, 1], 101)
  expect(due(101)).toEqual([])
  repair.requested(SELF, window, C, 2, [5, 1], 102)
  expect(due(102)).toEqual(['0:5>all'])
})

test("another's packet is its sender's to resend for two rounds, then anybody's who holds it, after a random wait", () => {
  repair.requested(OTHER, window, B, 0, [5, 1], 100)
  repair.requested(OTHER, window, B, 1, [5, 1], 103)
  expect(repair.deadlineMs).toBe(Number.POSITIVE_INFINITY)
  repair.requested(OTHER, window, B, 2, [5, 2], 110)
  expect(repair.deadlineMs).toBe(117)
  expect(due(110)).toEqual([])
  expect(due(116.9)).toEqual([])
  expect(due(117)).toEqual(['1:5>all', '1:6>all'])
})

test('a member that holds it stands down when another was faster, and lets that repair linger', () => {
  repair.requested(OTHER, window, B, 2, [5, 2], 110)
  repair.seen(OTHER, 5, 114)
  expect(due(117)).toEqual(['1:6>all'])
  repair.requested(OTHER, window, C, 2, [5, 1], 118)
  expect(due(140)).toEqual([])
  repair.requested(OTHER, window, C, 3, [5, 1], 141)
  expect(due(148)).toEqual(['1:5>all'])
})

test("packets of one sender are not another's", () => {
  repair.requested(OTHER, window, B, 2, [5, 1], 110)
  repair.seen(B, 5, 111)
  repair.seen(OTHER, 6, 111)
  repair.requested(SELF, window, B, 0, [5, 1], 111)
  expect(due(111)).toEqual(['0:5>2'])
  expect(repair.deadlineMs).toBe(117)
  expect(due(117)).toEqual(['1:5>all'])
})

test('a later answer does not delay an earlier one', () => {
  repair.requested(SELF, window, B, 0, [5, 1], 100)
  repair.requested(OTHER, window, B, 2, [5, 1], 100)
  expect(repair.deadlineMs).toBeLessThanOrEqual(100)
  expect(due(100)).toEqual(['0:5>2'])
  expect(repair.deadlineMs).toBe(107)
})

test('only what is held is resent', () => {
  repair.requested(SELF, source(10, 20, [12]), B, 0, [8, 6, 19, 9], 100)
  expect(due(100)).toEqual(['0:10>2', '0:11>2', '0:13>2', '0:19>2', '0:20>2'])
})

test('numbers wrap', () => {
  repair.requested(SELF, source(-2, 1), B, 0, [0xfffffffd, 6], 100)
  expect(due(100)).toEqual(['0:-2>2', '0:-1>2', '0:0>2', '0:1>2'])
})

test('whatever the numbers of a request, no more is looked at than there is', () => {
  let looks = 0
  const counted = { ...window, has: (seq: number) => window.has(seq) && ++looks > 0 }
  const everything = [0, 0xffffffff, 0, 0xffffffff, 0x80000000, 0xffffffff, 1, 100, 50]
  repair.requested(SELF, counted, B, 0, everything, 100)
  expect(looks).toBe(100)
  expect(due(100)).toHaveLength(100)
  repair.requested(SELF, source(1, 0), B, 0, everything, 200)
  expect(due(200)).toEqual([])
})

test('a turn resends a bounded number of packets', () => {
  const large = source(1, 100_000)
  repair.requested(SELF, large, B, 0, [1, 100_000], 100)
  expect(due(100)).toHaveLength(2048)
  repair.requested(SELF, large, B, 0, [2049, 3], 101)
  expect(due(101)).toEqual(['0:2049>2', '0:2050>2', '0:2051>2'])
})
