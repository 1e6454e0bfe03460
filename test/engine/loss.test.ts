import { describe, expect, test } from 'vitest'
import { BEAT_MS } from '../../src/multicast/announcer.js'
import { Harness, type Member } from './harness.js'

const messages = ({ log }: Member, from: string) => log.filter(line => line.startsWith(`${from}:`))

test('a message costs a step, and its losses cost NACKs', () => {
  const net = new Harness()
  const [a, b] = net.group('a', 'b')
  a.send('one')
  expect(net.until(() => b.log.length === 1)).toBe(2)
  expect(b.log).toEqual(['a: one'])
  expect(a.log).toEqual(['a: one'])
  expect(b.engine.counters.nacksSent).toBe(0)
})

test('a gap is asked for at once, and filled by its sender, to the one that missed it', () => {
  const net = new Harness()
  const [a, b, c] = net.group('a', 'b', 'c')
  let lost = 0
  net.loses = ({ is, to }) => is === 'data' && to === 'b' && lost++ === 0
  a.send('one')
  net.run(1)
  net.sent.length = 0
  a.send('two')
  net.until(() => b.log.length === 2)
  expect(b.log).toEqual(['a: one', 'a: two'])
  expect(net.sent.filter(({ is }) => is === 'nack').map(({ from, to }) => `${from} ${to}`)).toEqual(['b a'])
  expect(net.sent.filter(({ is, seq }) => is === 'data' && seq === net.sent[0].seq - 1).map(({ to }) => to)).toEqual([
    'b',
  ])
  expect([a, b, c].map(({ engine }) => engine.counters.repairsSent)).toEqual([1, 0, 0])
})

test('a repair that was lost is sent again twice', () => {
  const net = new Harness()
  const [a, b] = net.group('a', 'b', 'c')
  let first: number | undefined
  let lost = 0
  // What was missed, then its repair.
  net.loses = ({ is, seq, to }) => {
    if (is !== 'data' || to !== 'b') return false
    first ??= seq
    return seq === first && lost++ < 2
  }
  a.send('one')
  net.run(1)
  a.send('two')
  net.until(() => b.log.length === 2)
  net.run(50)
  expect(b.log).toEqual(['a: one', 'a: two'])
  expect(a.engine.counters.repairsSent).toBe(3)
  expect(b.engine.counters.duplicates).toBe(1)
})

test('a lost tail costs a few round trips of a millisecond, not a beat', () => {
  const net = new Harness()
  const [a, b] = net.group('a', 'b')
  let lost = 0
  net.loses = ({ is }) => is === 'data' && lost++ === 0
  a.send('the only one')
  // Sent, announced, asked for, repaired: a step each, and the announcer's first millisecond.
  const steps = net.until(() => b.log.length === 1)
  expect(steps).toBeLessThanOrEqual(6)
  expect(steps).toBeLessThan(BEAT_MS)
  expect(b.engine.counters.tailsRecovered).toBe(1)
})

test('a tail that is lost again and again is announced until it is there', () => {
  const net = new Harness()
  const [a, b] = net.group('a', 'b')
  net.loses = ({ is, from }) => from === 'a' && is !== 'beat'
  a.send('lost')
  net.run(30)
  expect(b.log).toEqual([])
  net.loses = () => false
  net.until(() => b.log.length === 1)
  expect(b.log).toEqual(['a: lost'])
})

describe('what the sender cannot bring, because its path to one member is dead, another member does', () => {
  test('while that one hears of it', () => {
    const net = new Harness()
    const [a, b, c] = net.group('a', 'b', 'c')
    net.loses = ({ from, to, is }) => from === 'a' && to === 'b' && is === 'data'
    a.send('by way of c')
    net.until(() => b.log.length === 1)
    expect(b.log).toEqual(['a: by way of c'])
    expect(c.engine.counters.repairsForOthers).toBeGreaterThan(0)
  })

  test('and a whole stream of it, through loss everywhere else', () => {
    const net = new Harness({ seed: 13 })
    const [a, b] = net.group('a', 'b', 'c', 'd')
    net.loses = ({ from, to, is }) => (from === 'a' && to === 'b' && is === 'data') || net.random() < 0.1 * 2 ** 32
    for (let i = 0; i < 50; i++) {
      a.send(`${i}`)
      net.run(2)
    }
    net.until(() => b.log.length === 50)
    expect(b.log).toEqual(Array.from({ length: 50 }, (_, i) => `a: ${i}`))
  })
})

test('what comes twice is delivered once', () => {
  const net = new Harness()
  const [a, b] = net.group('a', 'b')
  for (let i = 0; i < 5; i++) {
    a.send(`${i}`)
    net.run(1)
  }
  for (const { bytes } of net.sent.filter(({ is }) => is === 'data')) b.arrive(bytes, a.engine.self.endpoint)
  net.run(20)
  expect(b.log).toEqual(['a: 0', 'a: 1', 'a: 2', 'a: 3', 'a: 4'])
  expect(b.engine.counters.duplicates).toBe(5)
})

test('what comes in another order is delivered in its own', () => {
  const net = new Harness()
  const [a, b] = net.group('a', 'b')
  net.loses = ({ to, is }) => to === 'b' && is === 'data'
  for (let i = 0; i < 5; i++) {
    a.send(`${i}`)
    net.run(1)
  }
  const packets = net.sent.filter(({ is }) => is === 'data')
  for (const { bytes } of packets.toReversed()) b.arrive(bytes, a.engine.self.endpoint)
  net.run(2)
  expect(b.log).toEqual(['a: 0', 'a: 1', 'a: 2', 'a: 3', 'a: 4'])
})

describe.each([0.05, 0.2, 0.4])('with a loss of %d of all packets', loss => {
  test('everything arrives, in order, once, everywhere', () => {
    const net = new Harness({ seed: 11 })
    const members = net.group('a', 'b', 'c', 'd')
    net.loses = () => net.random() < loss * 2 ** 32
    const sent = members.map(() => 0)
    for (let turn = 0; turn < 150; turn++) {
      for (const [i, member] of members.entries()) if (member.send(`${sent[i]}`) === 1) sent[i]++
      net.run(1)
    }
    net.until(() => members.every(({ log }) => log.filter(line => /^\w: /.test(line)).length === sum(sent)))
    for (const member of members) {
      for (const [i, from] of ['a', 'b', 'c', 'd'].entries()) {
        expect(messages(member, from)).toEqual(Array.from({ length: sent[i] }, (_, n) => `${from}: ${n}`))
      }
    }
    const { nacksSent, sequenceWraps } = members[0].engine.counters
    expect(nacksSent).toBeGreaterThan(0)
    // Every stream begins sixteen numbers before the wrap.
    expect(sequenceWraps).toBe(3)
  })
})

test('with a checksum over bodies a corrupt one is lost, and comes again', () => {
  const net = new Harness({ config: { checkBodies: true } })
  const [a, b] = net.group('a', 'b')
  a.send('whole')
  net.run(1)
  const packet = net.sent.find(({ is }) => is === 'data')!
  net.loses = ({ is }) => is === 'data'
  a.send('broken on its way')
  net.run(2)
  const broken = net.sent.findLast(({ is, seq }) => is === 'data' && seq === packet.seq + 1)!.bytes.slice()
  broken[40] ^= 1
  b.arrive(broken, a.engine.self.endpoint)
  net.run(2)
  expect(b.log).toEqual(['a: whole'])
  expect(b.engine.counters.dropped.corrupt).toBe(1)
  net.loses = () => false
  net.until(() => b.log.length === 2)
  expect(b.log).toEqual(['a: whole', 'a: broken on its way'])
})

test('one member’s wish for checksums over bodies binds all', () => {
  const net = new Harness()
  const [a] = net.group('a')
  const [b] = net.startWith({ checkBodies: true }, 'b')
  net.until(() => a.view === 'a b')
  net.run(100)
  net.sent.length = 0
  a.send('covered')
  net.until(() => b.log.includes('a: covered'))
  expect(net.sent.find(({ is }) => is === 'data')!.bytes[27]).toBe(1)
})

const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0)
