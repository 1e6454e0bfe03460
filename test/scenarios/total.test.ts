import { describe, expect, test } from 'vitest'
import { PENDING, REFUSED } from '../../src/engine/engine.js'
import { HEADER_BYTES, ORDER, orderOf } from '../../src/wire/header.js'
import type { Packet } from '../engine/harness.js'
import { fifo, safe, total } from './orders.js'
import { deliveriesOf, Story } from './story.js'

const isOrder = ({ is, bytes }: Packet) => is === 'data' && orderOf(bytes, 0) === ORDER

describe('one who goes without the others having heard it out', () => {
  test('delivers nothing that the others do not', () => {
    // 1. c's wish to leave arrives; nothing after it does, and c hears everything. 2. The others take c for dead, and
    // close the view without its promise. 3. c learns what was decided, and goes. What it sent last is beyond the cut.
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c', 'd', 'e')
    c.leave(story.nowMs)
    story.until(() => story.sent.some(({ is, from }) => is === 'wish' && from === 'c'))
    story.run(1)
    const mute = story.losing(({ from }) => from === 'c')
    c.send('lost', null, total)
    c.send('lost too', null, safe(total))
    story.until(() => c.isClosed)
    mute()
    story.untilOne('a', 'b', 'd', 'e')
    b.send('next', null, total)
    story.run(50)
    expect(deliveriesOf(a)).toEqual(['1 b: next'])
    expect(deliveriesOf(c)).toEqual([])
    expect(story.faults).toEqual([])
  })
})

describe('announcements', () => {
  test('stand in trains of full packets, whatever the sequencer itself has sent', () => {
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    // With the announcement behind it in one train this is more than a packet, and the kernel would cut in its middle.
    a.send('x'.repeat(512 - HEADER_BYTES - 4 - 20), null, total)
    story.run(1)
    const packets = story.sent.filter(({ is, to }) => is === 'data' && to === 'b')
    expect(packets.map(({ bytes }) => bytes.length)).toEqual([512, HEADER_BYTES + 8])
    expect(isOrder(packets[1])).toBe(true)
    story.run(20)
    for (const each of [a, b, c]) expect(deliveriesOf(each)).toEqual(['1 a: 456 bytes'])
  })
})

describe('at the cut of a view', () => {
  test('a run that names packets beyond it counts for those within, and indices close up (C9)', () => {
    // 1. c's three messages reach a, who says that they are next; the others get the first of them, and a's word.
    const story = new Story()
    const [a, b, c, d, e] = story.group('a', 'b', 'c', 'd', 'e')
    let count = 0
    story.losing(({ from, to, is, rank }) => {
      if (is !== 'data' || rank !== 2 || (from === 'c' && to === 'a')) return false
      return from !== 'c' || ++count > 3
    })
    for (let i = 0; i < 3; i++) {
      c.send(`${i}`, null, total)
      story.run(1)
    }
    story.run(5)
    // What comes behind them does not wait for them for ever, and keeps its order.
    e.send('of e', null, total)
    story.run(2)
    b.send('of b', null, total)
    story.run(5)
    expect(deliveriesOf(a)).toEqual(['1 c: 0', '2 c: 1', '3 c: 2', '4 e: of e', '5 b: of b'])
    expect(deliveriesOf(b)).toEqual(['1 c: 0'])
    story.crash('a')
    story.crash('c')
    story.untilOne('b', 'd', 'e')
    b.send('next', null, total)
    story.run(30)
    const expected = ['1 c: 0', '2 e: of e', '3 b: of b', '4 b: next']
    for (const each of [b, d, e]) expect(deliveriesOf(each)).toEqual(expected)
    expect(story.faults).toEqual([])
  })

  test('half a message of one who died has no index (C9)', () => {
    const story = new Story()
    const [a, b, , d] = story.group('a', 'b', 'c', 'd')
    let count = 0
    story.losing(({ is, from }) => is === 'data' && from === 'd' && ++count > 60)
    d.send('x'.repeat(20_000), null, total)
    story.run(3)
    story.crash('d')
    story.untilOne('a', 'b', 'c')
    b.send('next', null, total)
    story.run(30)
    expect(deliveriesOf(a)).toEqual(['1 b: next'])
    expect(story.faults).toEqual([])
  })

  test('half a message of one who lives goes whole in the next view, under one index (C9)', () => {
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c', 'd')
    expect(b.send('x'.repeat(100_000), null, total)).toBe(PENDING)
    c.send('beside', null, total)
    story.run(2)
    story.crash('d')
    story.untilOne('a', 'b', 'c')
    story.until(() => [a, b, c].every(each => deliveriesOf(each).length === 2))
    for (const each of [a, b, c]) expect(deliveriesOf(each)).toEqual(['1 c: beside', '2 b: 100000 bytes'])
    expect(story.faults).toEqual([])
  })

  test('what was not announced comes by rank', () => {
    const story = new Story()
    const [, b, c, d] = story.group('a', 'b', 'c', 'd')
    story.losing(({ to, is }) => is === 'data' && to === 'a')
    d.send('of d', null, total)
    story.run(1)
    c.send('of c', null, total)
    story.run(5)
    b.send('of b', null, total)
    story.run(5)
    story.crash('a')
    story.untilOne('b', 'c', 'd')
    for (const each of [b, c, d]) {
      expect(deliveriesOf(each)).toEqual(['1 b: of b', '2 c: of c', '3 d: of d'])
      expect(each.engine.counters.orderedAtClose).toBe(3)
    }
  })
})

describe('the windows', () => {
  test('never hold an announcement back: rank 0’s own is full, and others are ordered (C16)', () => {
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    c.isReading = false
    let ofA = 0
    while (a.send(`${ofA}`.padEnd(40, '.'), null, total) !== REFUSED) ofA++
    story.run(50)
    expect(a.send('no', null, total)).toBe(REFUSED)
    for (let i = 0; i < 5; i++) {
      b.send(`b${i}`, null, total)
      story.run(5)
    }
    expect(deliveriesOf(b)).toHaveLength(ofA + 5)
    expect(deliveriesOf(b).slice(-1)).toEqual([`${ofA + 5} b: b4`])
    c.read()
    story.run(50)
    expect(deliveriesOf(c)).toEqual(deliveriesOf(a))
    expect(a.log).toContain('drain')
  })

  test.each([8, 16, 100])(
    'of %i packets, full at all members, with readers that stop, let everything through',
    packets => {
      const story = new Story({ config: { windowBytesMax: packets * 512, receiveBufferBytes: 32_768 }, seed: packets })
      const members = story.group('a', 'b', 'c', 'd')
      story.losing(() => story.random() % 20 === 0)
      const sent = [0, 0, 0, 0]
      for (let turn = 0; turn < 400; turn++) {
        const i = story.random() % 4
        const member = members[i]
        if (story.random() % 10 === 0) member.isReading = !member.isReading
        if (member.isReading) member.read()
        const of = story.random() % 5 === 0 ? safe(total) : total
        while (member.send(`${i}#${sent[i]}`.padEnd(100 + (story.random() % 900), '.'), null, of) !== REFUSED) sent[i]++
        if (turn % 3 === 0) story.run(1 + (story.random() % 4))
      }
      for (const member of members) member.read()
      story.heal()
      const all = sent.reduce((sum, count) => sum + count, 0)
      story.until(() => members.every(member => deliveriesOf(member).length === all))
      for (const member of members) expect(deliveriesOf(member)).toEqual(deliveriesOf(members[0]))
      for (const member of members) expect(member.view).toBe('a b c d')
    },
  )
})

describe('who joins', () => {
  const send = (story: Story, ...names: string[]) => {
    for (const name of names) story.member(name).send(`of ${name}`, null, total)
    story.run(60)
  }

  test('counts on where the others are, however often others join before it has said a word', () => {
    const story = new Story()
    story.group('a', 'b')
    send(story, 'a', 'b', 'a')
    story.start('c')
    story.run(30)
    story.start('d')
    story.member('a').send('between', null, total)
    story.run(25)
    story.start('e')
    story.member('b').send('between too', null, total)
    story.untilOne('a', 'b', 'c', 'd', 'e')
    send(story, 'e', 'd', 'c', 'b', 'a')
    const all = deliveriesOf(story.member('a'))
    expect(all.map(line => Number(line.split(' ')[0]))).toEqual(all.map((_, i) => i + 1))
    for (const name of ['c', 'd', 'e']) {
      const theirs = deliveriesOf(story.member(name))
      expect(theirs.length).toBeGreaterThanOrEqual(5)
      expect(all.slice(-theirs.length)).toEqual(theirs)
    }
    expect(story.faults).toEqual([])
  })

  test.each([0, 1, 2, 3])('does so though the coordinator died of deciding, when %i had heard it', reach => {
    const story = new Story()
    story.group('a', 'b', 'c')
    send(story, 'a', 'b', 'c')
    story.diesOf('a', 'decide', reach)
    story.start('d')
    story.untilOne('b', 'c', 'd')
    send(story, 'd', 'b', 'c')
    expect(deliveriesOf(story.member('d')).slice(-3)).toEqual(deliveriesOf(story.member('b')).slice(-3))
    expect(deliveriesOf(story.member('b')).map(line => Number(line.split(' ')[0]))).toEqual([1, 2, 3, 4, 5, 6])
    expect(story.faults).toEqual([])
  })

  test('waits for one who can say the index, if a decision without it comes first', () => {
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    send(story, 'a', 'b', 'c')
    // Deaf to a's data, b learns of the decision before it can carry it out.
    const deaf = story.losing(({ to, is }) => to === 'b' && is === 'data')
    const late = story.losing(({ to, from, is }) => is === 'decide' && to === 'd' && from !== 'b')
    story.start('d')
    story.until(() => b.view === 'a b c d')
    deaf()
    story.run(300)
    late()
    story.untilOne('a', 'b', 'c', 'd')
    send(story, 'd')
    for (const each of [a, b, c]) expect(deliveriesOf(each).at(-1)).toBe('4 d: of d')
    expect(deliveriesOf(story.member('d'))).toEqual(['4 d: of d'])
  })

  test('after being left out begins anew where the others are', () => {
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    send(story, 'a')
    const alone = story.split('c')
    c.send('lost', null, safe(total))
    b.send('of b', null, total)
    story.until(() => a.view === 'a b')
    send(story, 'a')
    alone()
    story.untilOne('a', 'b', 'c')
    send(story, 'c')
    for (const each of [a, b]) expect(deliveriesOf(each)).toEqual(['1 a: of a', '2 b: of b', '3 a: of a', '4 c: of c'])
    expect(deliveriesOf(c).at(-1)).toBe('4 c: of c')
  })
})

test('of what all have and nobody has heard the place of, who gives its lineage up says that nobody can say', () => {
  // 1. All have b's message; the sequencer's announcement reaches nobody. 2. The others die. 3. b goes on alone.
  const story = new Story()
  const [, b] = story.group('a', 'b', 'c')
  story.losing(({ is, rank }) => is === 'data' && rank === 0)
  b.send('m', null, total)
  const { takenUpTo } = b.engine.progress(null)!
  story.until(() => b.engine.progress(null)!.stable === takenUpTo)
  story.crash('a')
  story.crash('c')
  story.until(() => b.engine.isStranded)
  b.reform(story.nowMs)
  story.untilOne('b')
  expect(deliveriesOf(b)).toEqual([])
  const abandoned = b.record.map(({ event }) => event).find(({ type }) => type === 'abandoned')
  expect(abandoned).toMatchObject({ stable: (takenUpTo - 1) | 0 })
})

test('messages of other orders have no place in it, and do not wait for it', () => {
  const story = new Story()
  const [, b, c] = story.group('a', 'b', 'c')
  story.losing(({ to, is }) => is === 'data' && to === 'a')
  b.send('ordered', null, total)
  b.send('beside', null, fifo)
  story.run(20)
  expect(deliveriesOf(c)).toEqual(['- b: beside'])
})
