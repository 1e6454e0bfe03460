import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CausalOrder } from '../../src/ordering/causal.js'
import { distance, plus } from '../../src/wire/seqno.js'

const BEFORE = -5
const SIZE = 4

interface Packet {
  readonly rank: number
  readonly seq: number
  readonly isSafe: boolean
  /** What its sender had delivered of each other's since its packet before. */
  readonly rises: readonly number[]
  /** All that it rests on, itself among it. */
  readonly past: ReadonlySet<Packet>
}

/** Processes that send causal packets, and take each other's streams as fast as they like. */
class World {
  readonly streams: Packet[][] = Array.from({ length: SIZE }, () => [])
  readonly members = Array.from({ length: SIZE }, (_, self) => new Member(self, this))

  find(rank: number, seq: number): Packet {
    return this.streams[rank][distance(seq, BEFORE) - 1]
  }

  isHeldByAll({ rank, seq }: Packet): boolean {
    return this.members.every(({ taken }) => taken[rank] >= distance(seq, BEFORE))
  }
}

class Member {
  /** By rank: how many packets of the stream have come. */
  readonly taken = new Array(SIZE).fill(0)
  readonly delivered: Packet[] = []
  readonly order: CausalOrder
  waits = 0
  readonly #self: number
  readonly #world: World
  #said = new Array(SIZE).fill(0)

  constructor(self: number, world: World) {
    this.#self = self
    this.#world = world
    this.order = new CausalOrder(SIZE, BEFORE, {
      isStable: (rank, seq) => seq === BEFORE || world.isHeldByAll(world.find(rank, seq)),
      addVector: (rank, seq, sums) => {
        for (const [other, rise] of world.find(rank, seq).rises.entries()) sums[other] += rise
      },
      waits: () => this.waits++,
      deliver: (rank, seq, isSafe) => this.#deliver(world.find(rank, seq), isSafe),
    })
  }

  send(isSafe: boolean): void {
    const self = this.#self
    const said = [...this.order.delivered]
    const rises = said.map((count, rank) => (rank === self ? 0 : count - this.#said[rank]))
    this.#said = said
    const stream = this.#world.streams[self]
    const seq = plus(BEFORE, stream.length + 1)
    const past = new Set([...stream.slice(-1), ...this.delivered].flatMap(packet => [...packet.past]))
    const packet: Packet = { rank: self, seq, isSafe, rises, past }
    past.add(packet)
    stream.push(packet)
    this.take(self)
  }

  take(rank: number): void {
    const packet = this.#world.streams[rank][this.taken[rank]]
    if (packet === undefined) return
    this.taken[rank]++
    this.order.add(rank, packet.seq, packet.isSafe)
  }

  #deliver(packet: Packet, isSafe: boolean): void {
    expect(isSafe).toBe(packet.isSafe)
    const before = new Set([...this.delivered, packet])
    for (const cause of packet.past) expect(before.has(cause)).toBe(true)
    if (isSafe) for (const cause of packet.past) expect(this.#world.isHeldByAll(cause)).toBe(true)
    this.delivered.push(packet)
  }
}

const act = fc.record({
  who: fc.nat(SIZE - 1),
  from: fc.nat(SIZE - 1),
  isSafe: fc.boolean(),
  count: fc.integer({ min: 1, max: 4 }),
})

describe('whatever is sent, and comes in whatever order', () => {
  test('a packet comes after all that it rests on, a safe one once all have that too, and all come', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 80, size: 'max' }), acts => {
        const world = new World()
        const { members, streams } = world
        for (const { who, from, isSafe, count } of acts) {
          if (who === from) members[who].send(isSafe)
          else for (let i = 0; i < count; i++) members[who].take(from)
          // Who comes to know that others hold more may deliver, too.
          for (const { order } of members) order.drain()
          for (const { order, delivered } of members) expect(order.total).toBe(delivered.length)
        }
        const all = streams.flat().length
        for (const member of members) {
          for (const [rank, stream] of streams.entries()) while (member.taken[rank] < stream.length) member.take(rank)
        }
        for (const { order, delivered } of members) {
          order.drain()
          expect([delivered.length, order.waiting]).toEqual([all, 0])
        }
      }),
      { numRuns: 400 },
    )
  })

  test('it waits for nothing that it does not rest on, if it need not be safe', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 80, size: 'max' }), acts => {
        const { members, streams } = new World()
        for (const { who, from } of acts) {
          const { order, taken, delivered } = members[who]
          if (who === from) members[who].send(false)
          else members[who].take(from)
          order.drain()
          const has = (packet: Packet) => taken[packet.rank] >= distance(packet.seq, BEFORE)
          const due = streams.flat().filter(packet => [...packet.past].every(has))
          expect(new Set(delivered)).toEqual(new Set(due))
        }
      }),
    )
  })
})
