import { describe, expect, test } from 'vitest'
import { PENDING, REFUSED, TAKEN } from '../../src/engine/engine.js'
import { BEAT_MS } from '../../src/multicast/announcer.js'
import { Harness } from './harness.js'

/** In the harness: 65,536 bytes of receive buffer, half of it shared by two senders. */
const WINDOW_BYTES = 16_384

describe('a closed window', () => {
  test('refuses, and says when it is open again', () => {
    const net = new Harness()
    const [a, b] = net.group('a', 'b')
    b.isReading = false
    const taken = a.fill()
    expect(taken * 104).toBeGreaterThan(WINDOW_BYTES / 2)
    expect(taken * 104).toBeLessThan(WINDOW_BYTES * 1.1)
    net.run(100)
    expect(a.send('refused')).toBe(REFUSED)
    expect(a.engine.counters.windowClosings).toBe(1)
    b.read()
    net.until(() => a.log.includes('drain'))
    expect(a.send('taken')).toBe(TAKEN)
    net.until(() => b.log.includes('a: taken'))
    expect(b.log).not.toContain('a: refused')
  })

  test('bounds what a member that does not read has to hold, however long that lasts', () => {
    const net = new Harness()
    const [a, b, c] = net.group('a', 'b', 'c')
    b.isReading = false
    for (let round = 0; round < 30; round++) {
      a.fill()
      c.fill()
      net.run(100)
    }
    const held = b.unread.flatMap(each => each.messages()).reduce((sum, { length }) => sum + length, 0)
    expect(held).toBeGreaterThan(WINDOW_BYTES / 2)
    expect(held).toBeLessThan(3 * WINDOW_BYTES)
    b.read()
    net.until(() => b.log.length === a.log.filter(line => /^[ac]:/.test(line)).length)
  })

  test('opens though the report of it was lost, within milliseconds and not a beat', () => {
    const net = new Harness()
    const [a, b] = net.group('a', 'b')
    b.isReading = false
    a.fill()
    net.run(5)
    let lost = 0
    net.loses = ({ from, is }) => from === 'b' && is === 'report' && lost++ === 0
    b.read()
    const steps = net.until(() => a.log.includes('drain'))
    expect(lost).toBeGreaterThan(0)
    expect(steps).toBeLessThan(BEAT_MS / 4)
  })

  test('after half a second names those it waits for, and says when it is over', () => {
    const net = new Harness()
    const [a, b, c] = net.group('a', 'b', 'c')
    c.isReading = false
    a.fill()
    net.until(() => a.log.some(line => line.startsWith('blocked')))
    expect(a.log).toContain('blocked window: c')
    expect(b.log.some(line => line.startsWith('blocked'))).toBe(false)
    c.read()
    net.until(() => a.log.includes('unblocked window'))
  })

  test('names them for a message, too, that was taken and cannot be finished', () => {
    const net = new Harness()
    const [a, b] = net.group('a', 'b')
    b.isReading = false
    a.send('unread')
    expect(a.send(new Uint8Array(100_000))).toBe(PENDING)
    net.until(() => a.log.some(line => line.startsWith('blocked')), 3_000)
    expect(a.log).toContain('blocked window: b')
  })

  test('was closed by a message that did not fit, and counts as such', () => {
    const net = new Harness()
    const [a] = net.group('a', 'b')
    expect(a.send(new Uint8Array(100_000))).toBe(PENDING)
    expect(a.engine.counters.windowClosings).toBe(1)
  })
})

describe('a message larger than the window', () => {
  test.each([['a'], ['a b'], ['a b c']])('arrives whole in the view %s, after "sealed"', view => {
    const net = new Harness()
    const members = net.group(...view.split(' '))
    const [a] = members
    const message = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) & 255)
    expect(a.send(message)).toBe(PENDING)
    expect(a.send('not yet')).toBe(REFUSED)
    // The engine has taken a copy of what it could not pack.
    const expected = message.slice()
    message.fill(0)
    for (const member of members) member.isReading = false
    net.until(() => members.every(({ unread }) => unread.length === 1))
    for (const { unread } of members) expect(Buffer.compare(unread[0].messages()[0].data, expected)).toBe(0)
    net.until(() => a.log.includes('sealed'))
  })

  test('may have exactly the bytes that the group allows', () => {
    const net = new Harness({ config: { messageBytesMax: 100_000 } })
    const [a, b] = net.group('a', 'b')
    a.send(new Uint8Array(100_000))
    net.until(() => b.log.length > 0)
    expect(b.log).toEqual(['a: 100000 bytes'])
    expect(b.engine.messageBytesMax).toBe(100_000)
  })

  test('loses fragments, and is put together all the same', () => {
    const net = new Harness({ seed: 8 })
    const [a, b] = net.group('a', 'b')
    net.loses = ({ is }) => is === 'data' && net.random() < 0.1 * 2 ** 32
    a.send(new Uint8Array(200_000))
    net.until(() => b.log.length > 0)
    expect(b.log).toEqual(['a: 200000 bytes'])
    expect(b.engine.counters.fragmentsRepaired).toBe(1)
  })

  test('does not mix with those of other senders', () => {
    const net = new Harness()
    const members = net.group('a', 'b', 'c')
    for (const [i, member] of members.entries()) member.send(new Uint8Array(100_000 + i))
    const all = ['a: 100000 bytes', 'b: 100001 bytes', 'c: 100002 bytes']
    const delivered = (log: readonly string[]) => log.filter(line => line.endsWith('bytes')).toSorted()
    net.until(() => members.every(({ log }) => delivered(log).length === 3))
    for (const { log } of members) expect(delivered(log)).toEqual(all)
  })
})

test('the founder’s maximum is everybody’s', () => {
  const net = new Harness({ config: { messageBytesMax: 5_000 } })
  net.group('a')
  const [b] = net.startWith({ messageBytesMax: 1_048_576 }, 'b')
  expect(b.engine.messageBytesMax).toBe(1_048_576)
  net.until(() => b.view === 'a b')
  expect(b.engine.messageBytesMax).toBe(5_000)
})
