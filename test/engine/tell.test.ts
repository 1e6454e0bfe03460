import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { newCounters } from '../../src/engine/counters.js'
import { type EngineConfig, PENDING, REFUSED, TAKEN } from '../../src/engine/engine.js'
import { environmentOf } from '../../src/engine/environment.js'
import { Outbox } from '../../src/engine/outbox.js'
import { publish } from '../../src/engine/published.js'
import { streamTag } from '../../src/engine/tell-link.js'
import { TellLinks } from '../../src/engine/tell-links.js'
import { BEAT_MS } from '../../src/multicast/announcer.js'
import { packet } from '../wire/reference.js'
import { Harness } from './harness.js'

test('reaches one member, and no other', () => {
  const net = new Harness()
  const [a, b, c] = net.group('a', 'b', 'c')
  expect(a.send('psst', b)).toBe(TAKEN)
  net.until(() => b.log.length > 0)
  net.run(50)
  expect(b.log).toEqual(['a to me: psst'])
  expect([a.log, c.log]).toEqual([[], []])
})

test('reaches oneself', () => {
  const net = new Harness()
  const [a] = net.group('a')
  const message = new TextEncoder().encode('note')
  expect(a.send(message, a)).toBe(TAKEN)
  message.fill(0)
  net.run(2)
  expect(a.log).toEqual(['a to me: note'])
})

test('to oneself is held back too while one does not read', () => {
  const net = new Harness()
  const [a] = net.group('a')
  a.isReading = false
  let taken = 0
  while (taken < 20_000 && a.send('x'.repeat(100), a) === TAKEN) taken++
  expect(taken).toBeLessThan(20_000)
  net.run(2)
  a.read()
  net.until(() => a.log.includes('drain'))
})

test('both ways at once under loss: everything arrives, in order, once', () => {
  const net = new Harness({ seed: 6 })
  const [a, b] = net.group('a', 'b')
  net.loses = () => net.random() < 0.3 * 2 ** 32
  const count = 100
  for (let i = 0; i < count; i++) {
    a.send(`${i}`, b)
    b.send(`${i}`, a)
    net.run(1)
  }
  net.until(() => a.log.length === count && b.log.length === count)
  net.run(500)
  expect(b.log).toEqual(Array.from({ length: count }, (_, i) => `a to me: ${i}`))
  expect(a.log).toEqual(Array.from({ length: count }, (_, i) => `b to me: ${i}`))
})

test('goes on through changes of views', () => {
  const net = new Harness({ seed: 7 })
  const [a, b] = net.group('a', 'b')
  net.loses = () => net.random() < 0.2 * 2 ** 32
  const [c] = net.start('c')
  let sent = 0
  while (c.view !== 'a b c') {
    a.send(`${sent++}`, b)
    net.run(1)
  }
  c.leave(net.nowMs)
  while (!c.isClosed) {
    a.send(`${sent++}`, b)
    net.run(1)
  }
  const told = () => b.log.filter(line => line.startsWith('a to me'))
  net.until(() => told().length === sent)
  expect(told()).toEqual(Array.from({ length: sent }, (_, i) => `a to me: ${i}`))
})

test('a leaver sees to it first that what it told has arrived', () => {
  const net = new Harness()
  const [a, b] = net.group('a', 'b')
  net.loses = ({ is }) => is === 'tell'
  a.send('my last will', b)
  a.leave(net.nowMs)
  net.run(100)
  expect(a.isClosed).toBe(false)
  net.loses = () => false
  net.until(() => a.isClosed)
  expect(b.log).toContain('a to me: my last will')
})

describe('the window of a tell', () => {
  test('closes on a member that does not read, and opens again', () => {
    const net = new Harness()
    const [a, b] = net.group('a', 'b')
    b.isReading = false
    const taken = a.fill(b)
    expect(a.send('refused', b)).toBe(REFUSED)
    net.run(300)
    expect(b.unread.flatMap(each => each.messages()).length).toBeGreaterThanOrEqual(taken - 1)
    b.read()
    net.until(() => a.log.includes('drain'))
    expect(a.send('taken', b)).toBe(TAKEN)
  })

  test('opens though the only report of it was lost', () => {
    const net = new Harness()
    const [a, b] = net.group('a', 'b')
    b.isReading = false
    a.fill(b)
    net.run(4 * BEAT_MS)
    let lost = 0
    net.loses = ({ from, is }) => from === 'b' && is === 'report' && lost++ === 0
    b.read()
    net.until(() => a.log.includes('drain'))
    expect(lost).toBeGreaterThan(0)
  })

  test('opens though that report was lost and the sender came to wait only when all had long been received', () => {
    const probe = new Harness()
    const [x, y] = probe.group('a', 'b')
    y.isReading = false
    const room = x.fill(y)
    const net = new Harness()
    const [a, b] = net.group('a', 'b')
    b.isReading = false
    // The last that was taken there had to wait for room.
    for (let i = 1; i < room; i++) expect(a.send(`filling ${i}`.padEnd(100, '.'), b)).toBe(TAKEN)
    net.run(4 * BEAT_MS)
    a.fill(b)
    net.run(1)
    let lost = 0
    net.loses = ({ from, is }) => from === 'b' && is === 'report' && lost++ === 0
    b.read()
    net.until(() => a.log.includes('drain'))
  })

  test('lets a larger message through in parts', () => {
    const net = new Harness()
    const [a, b] = net.group('a', 'b')
    expect(a.send(new Uint8Array(1_000_000), b)).toBe(PENDING)
    net.until(() => a.log.includes('sealed') && b.log.length > 0)
    expect(b.log).toEqual(['a to me: 1000000 bytes'])
  })
})

test('a packet that comes back on the stream it was sent on is none of the other stream', () => {
  const net = new Harness()
  const [a, b] = net.group('a', 'b')
  const tag = streamTag(b.engine.self.incarnation, a.engine.self.incarnation, a.engine.view.lineage)
  const body = Uint8Array.from([0, 0, 0, 6, ...new TextEncoder().encode('echoed')])
  const header = { kind: 'tell', group: 'test', tag, rank: 0xffff, seq: 0xfffffff0, stable: 0xffffffef } as const
  b.arrive(packet({ ...header, first: 0, flags: 1 }, body), a.engine.self.endpoint)
  net.run(5)
  a.send('genuine', b)
  net.until(() => b.log.length > 0)
  expect(b.log).toEqual(['a to me: genuine'])
})

test('a packet of another lineage that comes late is none of the stream of the same two in this one', () => {
  const net = new Harness()
  const [, , c, d] = net.group('a', 'b', 'c', 'd')
  let old: Uint8Array | undefined
  net.loses = ({ is, from, bytes }) => {
    if (is === 'tell' && from === 'c') old ??= bytes.slice()
    return false
  }
  c.send('one', d)
  net.until(() => d.log.length > 0)
  net.crash('a')
  net.crash('b')
  net.run(3_000)
  c.reform(net.nowMs)
  net.until(() => c.view === 'c d' && d.viewKey === c.viewKey)
  d.arrive(old!, c.engine.self.endpoint)
  net.run(5)
  c.send('two', d)
  net.run(100)
  expect(d.log.filter(line => line.includes('to me'))).toEqual(['c to me: one', 'c to me: two'])
})

test('nobody can be told who is not in the view', () => {
  const net = new Harness()
  const [a, b] = net.group('a', 'b')
  b.leave(net.nowMs)
  net.until(() => a.view === 'a')
  expect(a.send('too late', b)).toBe(REFUSED)
})

test('two members whose streams have one tag are told apart', () => {
  const lineage = 'ab'.repeat(8)
  const incarnationOf = (number: number) => createHash('sha256').update(`${number}`).digest('hex').slice(0, 16)
  const peer = (name: string, number: number) => {
    const endpoint = { address: '127.0.0.1', port: 1 + (number % 65_535) }
    return { name, incarnation: incarnationOf(number), endpoint, receiveBufferBytes: 212_992, voter: true }
  }
  const self = peer('a', 0)
  const tags = new Map<number, number>()
  let one = 0
  let other: number | undefined
  while (other === undefined) {
    const tag = streamTag(self.incarnation, incarnationOf(++one), lineage)
    other = tags.get(tag)
    tags.set(tag, one)
  }
  const [b, c] = [peer('b', other), peer('c', one)]
  const outbox = new Outbox()
  const config = { group: 'g', packetBytes: 1_400, windowBytesMax: 1 << 20, random: () => 1 } as EngineConfig
  const links = new TellLinks({ ...environmentOf(config, newCounters(), outbox), self, control: () => {} })
  const settings = { primary: true, checkBodies: false, messageBytesMax: 1 << 20, packetBytes: 1_400 }
  const view = { lineage, id: 1, tag: 7, members: [self, b, c], ...settings }
  links.install(view, publish(view))
  const tag = streamTag(self.incarnation, b.incarnation, lineage)
  for (const { incarnation, endpoint } of [b, c]) {
    expect(links.to(incarnation)?.peer.incarnation).toBe(incarnation)
    expect(links.of(tag, endpoint)?.peer.incarnation).toBe(incarnation)
  }
  expect(links.of(tag, { address: '127.0.0.2', port: 1 })).toBe(undefined)
})
