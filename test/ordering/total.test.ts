import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Sequencer } from '../../src/ordering/sequencer.js'
import { TotalOrder } from '../../src/ordering/total.js'
import { distance, plus } from '../../src/wire/seqno.js'

const BEFORE = -5
const SIZE = 3

type Packet =
  | { readonly is: 'total'; readonly isSafe: boolean }
  | { readonly is: 'other' }
  | { readonly is: 'order'; readonly ranks: readonly number[]; readonly lasts: readonly number[] }

/** Streams, with the announcements of a sequencer who hears them at its leisure. */
function streamsOf(acts: readonly Act[]): Packet[][] {
  const streams: Packet[][] = [[], [], []]
  const heard = [0, 0, 0]
  const sequencer = new Sequencer(SIZE)
  const hear = (rank: number) => {
    const packet = streams[rank][heard[rank]]
    if (packet === undefined) return
    heard[rank]++
    if (packet.is === 'total') sequencer.note(rank, plus(BEFORE, heard[rank]), packet.isSafe)
  }
  for (const { does, rank, isSafe, max } of acts) {
    if (does === 'hear') hear(rank)
    else if (does === 'announce') {
      if (!sequencer.hasNews) continue
      streams[0].push({ is: 'order', ...sequencer.take(max) })
      hear(0)
    } else {
      streams[rank].push(does === 'total' ? { is: 'total', isSafe } : { is: 'other' })
      if (rank === 0) hear(0)
    }
  }
  return streams
}

interface Act {
  readonly does: 'total' | 'other' | 'hear' | 'announce'
  readonly rank: number
  readonly isSafe: boolean
  readonly max: number
}

const act: fc.Arbitrary<Act> = fc.record({
  does: fc.constantFrom('total', 'total', 'other', 'hear', 'hear', 'announce'),
  rank: fc.nat(SIZE - 1),
  isSafe: fc.boolean(),
  max: fc.integer({ min: 1, max: SIZE }),
})

const nameOf = (rank: number, seq: number): string => `${rank}.${distance(seq, BEFORE)}`

class Member {
  readonly taken = [0, 0, 0]
  readonly delivered: string[] = []
  readonly order: TotalOrder
  readonly #streams: Packet[][]

  constructor(streams: Packet[][], members: readonly Member[]) {
    this.#streams = streams
    const has = (taken: readonly number[], rank: number, seq: number) => taken[rank] >= distance(seq, BEFORE)
    let isClosing = false
    this.close = () => {
      isClosing = true
      return this.order.close()
    }
    this.order = new TotalOrder(SIZE, BEFORE, {
      isStable: (rank, seq) => isClosing || members.every(({ taken }) => has(taken, rank, seq)),
      hasCome: (rank, seq) => has(this.taken, rank, seq),
      mayBe: () => true,
      deliver: (rank, seq, isSafe) => {
        this.delivered.push(nameOf(rank, seq))
        if (!isSafe || isClosing) return
        // Every place before it, and its own, are held by all.
        for (const name of this.delivered) {
          const [from, number] = name.split('.').map(Number)
          for (const { taken } of members) expect(taken[from]).toBeGreaterThanOrEqual(number)
        }
        for (const { taken } of members) expect(taken[0]).toBeGreaterThanOrEqual(announcementOf(streams[0], rank, seq))
      },
    })
  }

  readonly close: () => number

  take(rank: number): void {
    const packet = this.#streams[rank][this.taken[rank]]
    if (packet === undefined) return
    const seq = plus(BEFORE, ++this.taken[rank])
    if (packet.is === 'total') this.order.add(rank, seq, packet.isSafe)
    else if (packet.is === 'order') {
      for (const [i, of] of packet.ranks.entries()) expect(this.order.announced(of, packet.lasts[i], seq)).toBe(true)
    }
  }
}

/** Which of the sequencer's packets fixes the place of that one. */
function announcementOf(stream: readonly Packet[], rank: number, seq: number): number {
  const names = (packet: Packet) =>
    packet.is === 'order' && packet.ranks.some((of, i) => of === rank && distance(packet.lasts[i], seq) >= 0)
  return stream.findIndex(names) + 1
}

/** What is to come of the streams up to a cut: the runs, and then the rest. */
function sequenceOf(streams: readonly Packet[][], cut: readonly number[]): string[] {
  const sequence: string[] = []
  const next = [0, 0, 0]
  const append = (rank: number, upTo: number) => {
    for (; next[rank] < Math.min(upTo, cut[rank]); next[rank]++) {
      if (streams[rank][next[rank]].is === 'total') sequence.push(`${rank}.${next[rank] + 1}`)
    }
  }
  for (const packet of streams[0].slice(0, cut[0])) {
    if (packet.is !== 'order') continue
    for (const [i, rank] of packet.ranks.entries()) append(rank, distance(packet.lasts[i], BEFORE))
  }
  for (const rank of [0, 1, 2]) append(rank, cut[rank])
  return sequence
}

describe('whoever hears what when', () => {
  test('there is one sequence, and one end of it at any cut', () => {
    const take = fc.record({ who: fc.nat(1), from: fc.nat(SIZE - 1), count: fc.integer({ min: 1, max: 6 }) })
    const property = fc.property(
      fc.array(act, { maxLength: 60, size: 'max' }),
      fc.array(take, { maxLength: 25, size: 'max' }),
      fc.array(fc.nat(4), { minLength: SIZE, maxLength: SIZE }),
      (acts, takes, beyond) => {
        const streams = streamsOf(acts)
        const members: Member[] = []
        members.push(new Member(streams, members), new Member(streams, members))
        const [one, other] = members
        for (const { who, from, count } of takes) {
          for (let i = 0; i < count; i++) members[who].take(from)
          // Who has heard more may make more of it: what it delivers is the same.
          for (const { order } of members) order.drain()
          const length = Math.min(one.delivered.length, other.delivered.length)
          expect(one.delivered.slice(0, length)).toEqual(other.delivered.slice(0, length))
        }
        const cut = streams.map(({ length }, rank) =>
          Math.min(length, Math.max(one.taken[rank], other.taken[rank]) + beyond[rank]),
        )
        const sequence = sequenceOf(streams, cut)
        for (const member of members) {
          for (const rank of [0, 1, 2]) while (member.taken[rank] < cut[rank]) member.take(rank)
          member.close()
          expect(member.delivered).toEqual(sequence)
          expect(member.order.waiting).toBe(0)
        }
      },
    )
    fc.assert(property, { numRuns: 1_000 })
  })

  test('once all has come and was announced, all is delivered', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60, size: 'max' }), acts => {
        const hears = Array.from(
          { length: 60 },
          (_, i): Act => ({ does: 'hear', rank: i % SIZE, isSafe: false, max: 3 }),
        )
        const streams = streamsOf([...acts, ...hears, { does: 'announce', rank: 0, isSafe: false, max: 3 }])
        const members: Member[] = []
        members.push(new Member(streams, members))
        for (const rank of [2, 1, 0]) for (const _ of streams[rank]) members[0].take(rank)
        members[0].order.drain()
        expect(members[0].order.waiting).toBe(0)
      }),
    )
  })
})

describe('an announcement that makes no sense', () => {
  const newOrder = (delivered: number[] = []) =>
    new TotalOrder(SIZE, BEFORE, {
      isStable: () => true,
      hasCome: () => false,
      mayBe: (_, seq) => distance(seq, BEFORE) <= 64,
      deliver: (_, seq) => delivered.push(seq),
    })

  test('is refused: of a rank that nobody has, of nothing new, of what cannot have been sent', () => {
    const order = newOrder()
    expect(order.announced(SIZE, plus(BEFORE, 1), 1)).toBe(false)
    expect(order.announced(0xffff, plus(BEFORE, 1), 1)).toBe(false)
    expect(order.announced(1, BEFORE, 1)).toBe(false)
    expect(order.announced(1, plus(BEFORE, 2), 1)).toBe(true)
    expect(order.announced(1, plus(BEFORE, 2), 1)).toBe(false)
    expect(order.announced(1, plus(BEFORE, 1), 1)).toBe(false)
    expect(order.announced(2, plus(BEFORE, 65), 1)).toBe(false)
    expect(order.announced(2, plus(BEFORE, 64), 1)).toBe(true)
  })

  test('so nobody can have more of them kept than there may be packets', () => {
    const order = newOrder()
    let kept = 0
    for (let i = 0; i < 100_000; i++) if (order.announced(i % 7, plus(BEFORE, i), i)) kept++
    expect(kept).toBeLessThanOrEqual(SIZE * 64)
  })
})
