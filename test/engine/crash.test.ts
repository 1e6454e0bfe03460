import { describe, expect, test } from 'vitest'
import { Harness, type Member } from './harness.js'

const views = ({ log }: Member) => log.filter(line => line.startsWith('view'))

describe('a member that dies', () => {
  test('is found out by its host’s word, and the others agree on a view without it', () => {
    const net = new Harness()
    const [a, , c] = net.group('a', 'b', 'c')
    net.crash('b')
    expect(net.until(() => a.view === 'a c' && c.view === 'a c')).toBeLessThan(250)
    expect(views(a)).toEqual(views(c))
  })

  test('may be the coordinator', () => {
    const net = new Harness()
    const [, b, c] = net.group('a', 'b', 'c')
    net.crash('a')
    expect(net.until(() => b.view === 'b c' && c.view === 'b c')).toBeLessThan(250)
  })

  test('on a host that is silent too is found out by its silence', () => {
    const net = new Harness()
    const [a, b, c] = net.group('a', 'b', 'c')
    b.pausedUntilMs = Number.POSITIVE_INFINITY
    expect(net.until(() => a.view === 'a c' && c.view === 'a c')).toBeLessThan(1_000)
  })

  test('while it closes a view holds up what others send, who are told for whom they wait', () => {
    const net = new Harness()
    const [a, b, , d] = net.group('a', 'b', 'c', 'd')
    net.loses = ({ is, from }) => from === 'a' && (is === 'fill' || is === 'accept' || is === 'decide')
    d.leave(net.nowMs)
    net.until(() => net.sent.some(({ is }) => is === 'promise'))
    a.send('held')
    b.send('held')
    net.until(() => [a, b].every(({ log }) => log.some(line => line.startsWith('blocked'))))
    expect(b.log).toContain('blocked view-change: a')
    expect(a.log).toContain('blocked view-change: b c d')
  })

  test('two of five at once', () => {
    const net = new Harness()
    const [a, , c, d] = net.group('a', 'b', 'c', 'd', 'e')
    net.crash('b')
    net.crash('e')
    net.until(() => [a, c, d].every(({ view }) => view === 'a c d'))
  })

  test('the senior of two leaves the junior blocked; the junior leaves the senior alone', () => {
    const net = new Harness()
    const [, b] = net.group('a', 'b')
    net.crash('a')
    net.run(3_000)
    expect(b.log).toEqual(['blocked no-quorum: a'])
    const other = new Harness()
    const [c] = other.group('c', 'd')
    other.crash('d')
    other.until(() => c.view === 'c')
  })

  test('a member that slept is left out, and comes back as a new incarnation', () => {
    const net = new Harness()
    const [a, b, c] = net.group('a', 'b', 'c')
    const before = b.engine.self.incarnation
    b.pausedUntilMs = net.nowMs + 10_000
    net.until(() => a.view === 'a c' && c.view === 'a c')
    a.send('without b')
    net.run(10_000)
    net.until(() => [a, b, c].every(({ view, voters }) => view === 'a c b' && voters === 3))
    expect(b.engine.self.incarnation).not.toBe(before)
    expect(b.log).toContain('excluded')
    expect(b.log).not.toContain('a: without b')
    b.send('back')
    net.until(() => a.log.includes('b: back') && c.log.includes('b: back'))
  })

  test('who has lost its quorum takes nobody for alive again because it slept itself', () => {
    const net = new Harness()
    const [a, b, c] = net.group('a', 'b', 'c')
    for (const dead of [b, c]) dead.pausedUntilMs = Number.POSITIVE_INFINITY
    net.run(3_000)
    expect(a.log).toEqual(['blocked no-quorum: b c'])
    a.send('held')
    for (let i = 0; i < 5; i++) {
      a.pausedUntilMs = net.nowMs + 1_000
      net.run(2_000)
    }
    expect(a.log).toEqual(['blocked no-quorum: b c'])
  })

  test('a coordinator that slept finds itself out', () => {
    const net = new Harness()
    const [a, b, c] = net.group('a', 'b', 'c')
    a.pausedUntilMs = net.nowMs + 30_000
    net.until(() => b.view === 'b c' && c.view === 'b c')
    net.run(31_000)
    net.until(() => [a, b, c].every(({ view, voters }) => view === 'b c a' && voters === 3))
    expect(a.log).toContain('excluded')
  })

  test('what it sent last reaches all of the others or none', () => {
    const net = new Harness()
    const [a, b, c] = net.group('a', 'b', 'c')
    net.loses = packet => packet.is === 'data' && packet.to === 'c'
    b.send('last words')
    net.run(3)
    net.crash('b')
    net.run(1)
    net.loses = () => false
    net.until(() => a.view === 'a c' && c.view === 'a c')
    expect(a.log[0]).toBe('b: last words')
    expect(c.log[0]).toBe('b: last words')
  })
})

describe('lineages', () => {
  test('two founders who could not hear each other end in one group', () => {
    const net = new Harness()
    net.loses = ({ from, to }) => from < 'c' !== to < 'c'
    const members = net.start('a', 'b', 'c', 'd')
    net.until(() => members.every(({ voters }) => voters === 2))
    net.loses = () => false
    net.until(() => members.every(({ voters }) => voters === 4))
    expect(members.flatMap(({ log }) => log.filter(line => line === 'merged won'))).toHaveLength(2)
    expect(members.flatMap(({ log }) => log.filter(line => line === 'merged lost'))).toHaveLength(2)
  })

  test('the minority of a split group is blocked, then left out, and comes back', () => {
    const net = new Harness()
    const members = net.group('a', 'b', 'c', 'd', 'e')
    net.loses = ({ from, to }) => from < 'c' !== to < 'c'
    net.until(() => members.slice(2).every(({ view }) => view === 'c d e'))
    net.run(2_000)
    expect(members[0].log.at(-1)).toMatch(/^blocked no-quorum/)
    net.loses = () => false
    net.until(() => members.every(({ voters, view }) => voters === 5 && view.startsWith('c d e')))
  })
})
