import { describe, expect, test } from 'vitest'
import { PENDING, TAKEN } from '../../src/engine/engine.js'
import { Harness, type Member } from './harness.js'

const views = ({ log }: Member) => log.filter(line => line.startsWith('view'))

describe('joining', () => {
  test('who hears nobody founds a group; who comes later joins it', () => {
    const net = new Harness()
    const [a] = net.start('a')
    net.until(() => a.view === 'a')
    const [b] = net.start('b')
    net.until(() => a.view === 'a b' && b.view === 'a b')
    expect(a.log).toEqual(['view 1: a', 'view 2: a b'])
    expect(b.log).toEqual(['view 2: a b'])
  })

  test('several that join at once come in one view', () => {
    const net = new Harness()
    const [a] = net.group('a')
    const late = net.start('b', 'c', 'd', 'e')
    net.until(() => late.every(({ view }) => view !== ''))
    net.run(300)
    // In the second they become voters.
    expect(views(a)).toEqual(['view 2: a b c d e', 'view 3: a b c d e'])
    for (const member of late) expect(member.log).toEqual(views(a))
  })

  test('nor does it take two if one of them is slow to answer', () => {
    const net = new Harness()
    const [a] = net.group('a')
    net.delayMs = ({ from, is }) => (from === 'e' && is === 'willing' ? 60 : 0)
    net.start('b', 'c', 'd', 'e')
    net.until(() => a.view !== 'a')
    expect(a.view.split(' ').sort()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('but nobody waits for long for one that does not answer at all', () => {
    const net = new Harness()
    const [a] = net.group('a')
    net.loses = ({ from, is }) => from === 'c' && is === 'willing'
    net.start('b', 'c')
    const ms = net.until(() => a.view !== 'a')
    expect(a.view).toBe('a b')
    expect(ms).toBeLessThan(400)
  })

  test.each([1, 2, 3, 4, 5])('several that start together found one group (seed %i)', seed => {
    const net = new Harness({ seed })
    const members = net.start('a', 'b', 'c', 'd')
    net.until(() => members.every(({ view }) => view.split(' ').length === 4))
    const ids = new Set(members.map(({ engine, view }) => `${view} ${engine.counters.views > 0}`))
    expect(ids.size).toBe(1)
  })

  test('goes on through any loss of the messages that agree on it', () => {
    const net = new Harness({ seed: 3 })
    net.loses = () => net.random() < 0.3 * 2 ** 32
    const members = net.start('a', 'b', 'c', 'd')
    net.until(() => members.every(({ view }) => view.split(' ').length === 4))
    expect(new Set(members.map(({ view }) => view)).size).toBe(1)
  })

  test('a name that a live member has is refused, and the member goes on', () => {
    const net = new Harness()
    const [a, b] = net.group('a', 'b')
    const [second] = net.start('b')
    net.until(() => second.isClosed)
    expect(second.log).toEqual(['closed ERR_TUTTI_NAME'])
    a.send('still here')
    net.until(() => b.log.length > 0)
    expect(b.log).toEqual(['a: still here'])
  })

  test('of two that join at once under one name the first is taken, the other refused', () => {
    const net = new Harness()
    const [a] = net.group('a')
    const twins = net.start('b', 'b')
    net.until(() => twins.some(({ isClosed }) => isClosed) && twins.some(({ view }) => view === 'a b'))
    net.run(500)
    expect(a.view).toBe('a b')
    expect(twins.map(({ log }) => log.at(-1)).toSorted()).toEqual(['closed ERR_TUTTI_NAME', 'view 3: a b'])
  })

  test('a packet size that is not the group’s is refused with the one that is', () => {
    const net = new Harness()
    net.group('a')
    const [b] = net.startWith({ packetBytes: 1024 }, 'b')
    net.until(() => b.isClosed)
    expect(b.log).toEqual(['closed ERR_TUTTI_OPTION'])
    expect(String(b.error)).toContain('packetBytes: 512')
  })
})

describe('leaving', () => {
  test('the others agree on a view without the leaver, who is out in order', () => {
    const net = new Harness()
    const [a, b, c] = net.group('a', 'b', 'c')
    b.leave(net.nowMs)
    net.until(() => b.isClosed && a.view === 'a c' && c.view === 'a c')
    expect(b.log).toEqual(['closed'])
    expect(a.log).toEqual([expect.stringMatching(/^view \d: a c$/)])
    expect(c.log).toEqual(a.log)
  })

  test('the coordinator leaves too, and the next in line admits who comes', () => {
    const net = new Harness()
    const [a, b, c] = net.group('a', 'b', 'c')
    a.leave(net.nowMs)
    net.until(() => a.isClosed && b.view === 'b c' && c.view === 'b c')
    const [d] = net.start('d')
    net.until(() => [b, c, d].every(({ view }) => view === 'b c d'))
    expect(a.log).toEqual(['closed'])
  })

  test('all leave at once, and the last of them as well', () => {
    const net = new Harness()
    const members = net.group('a', 'b', 'c')
    for (const member of members) member.leave(net.nowMs)
    net.until(() => members.every(({ isClosed }) => isClosed))
    for (const member of members) expect(member.log.at(-1)).toBe('closed')
  })

  test('what the leaver sent last reaches all, though nothing it sent arrived at first', () => {
    const net = new Harness()
    const [a, b, c] = net.group('a', 'b', 'c')
    net.loses = packet => packet.is === 'data'
    b.send('goodbye')
    b.leave(net.nowMs)
    net.run(200)
    expect(b.isClosed).toBe(false)
    net.loses = () => false
    net.until(() => b.isClosed && a.view === 'a c' && c.view === 'a c')
    for (const { log } of [a, c]) expect(log).toEqual(['b: goodbye', expect.stringMatching(/^view \d: a c$/)])
  })

  test('through any loss', () => {
    const net = new Harness({ seed: 5 })
    const [a, b, c] = net.group('a', 'b', 'c')
    net.loses = () => net.random() < 0.3 * 2 ** 32
    a.leave(net.nowMs)
    net.until(() => a.isClosed && b.view === 'b c' && c.view === 'b c')
    expect(a.log).toEqual(['closed'])
  })

  test('a member that comes back under its name is a new one', () => {
    const net = new Harness()
    const [a, b] = net.group('a', 'b')
    b.leave(net.nowMs)
    net.until(() => b.isClosed)
    const [again] = net.start('b')
    net.until(() => again.view === 'a b' && a.view === 'a b')
    again.send('back')
    net.until(() => a.log.includes('b: back'))
    expect(views(a)).toHaveLength(2)
  })
})

describe('a change of views', () => {
  test('stands between the messages of the one and of the other, at the same place everywhere', () => {
    const net = new Harness({ seed: 2 })
    const members = net.group('a', 'b', 'c')
    net.loses = () => net.random() < 0.1 * 2 ** 32
    const [d] = net.start('d')
    for (let i = 0; [...members, d].some(({ view }) => view !== 'a b c d'); i++) {
      for (const member of members) member.send(`${i}`)
      net.run(1)
    }
    for (const member of [...members, d]) member.send('last')
    net.until(() => [...members, d].every(({ log }) => log.filter(line => line.endsWith('last')).length === 4))
    const histories = members.map(({ log }) => {
      const at = log.findIndex(line => line.startsWith('view'))
      // Order between senders is free; between the views it is not.
      const messages = (lines: string[]) => lines.filter(line => line !== 'drain').toSorted()
      return { before: messages(log.slice(0, at)), view: log[at], after: messages(log.slice(at + 1)) }
    })
    expect(histories[1]).toEqual(histories[0])
    expect(histories[2]).toEqual(histories[0])
    expect(d.log.slice(1).toSorted()).toEqual(histories[0].after)
  })

  test('a message that the old view took in part goes whole into the new one, once', () => {
    const net = new Harness()
    const [a, b, c] = net.group('a', 'b', 'c')
    // The window stays closed: the message cannot be finished in this view.
    net.loses = ({ is, from }) => from === 'c' && (is === 'report' || is === 'beat')
    expect(a.send(new Uint8Array(200_000))).toBe(PENDING)
    net.run(50)
    expect(b.log).toEqual([])
    const [d] = net.start('d')
    net.until(() => a.view === 'a b c d')
    net.loses = () => false
    net.until(() => [a, b, c, d].every(({ log }) => log.includes('a: 200000 bytes')))
    net.run(500)
    for (const { log } of [a, b, c, d]) {
      expect(log.filter(line => line.startsWith('a:'))).toHaveLength(1)
      expect(log.indexOf('a: 200000 bytes')).toBeGreaterThan(log.findIndex(line => line.endsWith('a b c d')))
    }
    expect(a.log.filter(line => line === 'sealed')).toHaveLength(1)
  })

  test('what is sent while views change waits for the new one', () => {
    const net = new Harness()
    const [a, b] = net.group('a', 'b')
    net.loses = packet => packet.is === 'decide'
    const [c] = net.start('c')
    net.until(() => net.sent.some(packet => packet.is === 'decide'))
    expect(b.send('held back')).not.toBe(TAKEN)
    net.loses = () => false
    net.until(() => b.log.includes('drain'))
    expect(b.view).toBe('a b c')
    expect(b.send('goes out')).toBe(TAKEN)
    net.until(() => c.log.includes('b: goes out'))
    expect(a.log).not.toContain('b: held back')
  })
})
