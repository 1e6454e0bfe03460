import { describe, expect, test } from 'vitest'
import { causal, fifo, safe, total } from './orders.js'
import { deliveriesOf, Story } from './story.js'

const crowd = (count: number) => Array.from({ length: count }, (_, i) => `m${i}`)

describe('in a group too large for all to hear it of all', () => {
  test('what stands before a safe message is safe too, though its sender has nothing more to say', () => {
    const story = new Story()
    const members = story.group(...crowd(18))
    members[5].send('plain', null, total)
    story.run(600)
    members[7].send('safe', null, safe(total))
    story.until(() => members.every(member => deliveriesOf(member).includes('2 m7: safe!')), 2_000)
  })

  test('the word that all have it may be lost', () => {
    const story = new Story()
    const members = story.group(...crowd(18))
    const lost = story.losing(({ is, to }) => is === 'announce' && to === 'm3')
    members[7].send('safe', null, safe(fifo))
    story.run(100)
    lost()
    story.until(() => members.every(member => deliveriesOf(member).includes('- m7: safe!')), 2_000)
  })

  test('it may be the word of number 0', () => {
    const story = new Story()
    const members = story.group(...crowd(18))
    // The first packet is number -16, with the sign of 32 bits.
    for (let i = 0; i < 16; i++) {
      members[7].send('plain', null, fifo)
      story.run(2)
    }
    story.run(600)
    members[7].send('safe', null, safe(fifo))
    story.until(() => members.every(member => deliveriesOf(member).includes('- m7: safe!')), 2_000)
  })
})

describe('a view that closes while something waits to be safe', () => {
  test('keeps nobody busy', () => {
    const story = new Story()
    const [a, b] = story.group('a', 'b', 'c')
    story.losing(({ is, to }) => is === 'data' && to === 'c')
    story.losing(({ is }) => is === 'promise')
    a.send('safe', null, safe(fifo))
    story.run(5)
    story.start('d')
    story.until(() => story.sent.some(({ is, to }) => is === 'prepare' && to === 'b'))
    story.run(20)
    let turns = 0
    for (const each of [a, b]) {
      const { endTurn } = each.engine
      each.engine.endTurn = nowMs => {
        turns++
        endTurn.call(each.engine, nowMs)
      }
    }
    story.run(200)
    expect(turns).toBeLessThan(100)
  })
})

describe('what a safe message rests on', () => {
  test('is its causal past: that of another, which one alone has, may be lost (C8 i)', () => {
    // 1. a's question reaches b alone. 2. b answers, safe; all hold the answer. 3. a and b die.
    const story = new Story()
    const [a, b, c, d, e] = story.group('a', 'b', 'c', 'd', 'e')
    story.losing(({ from, to, is, rank }) => is === 'data' && rank === 0 && !(from === 'a' && to === 'b'))
    a.send('question', null, causal)
    story.run(3)
    b.send('answer', null, safe(causal))
    story.run(60)
    expect(deliveriesOf(b)).toEqual(['- a: question'])
    story.crash('a')
    story.crash('b')
    story.untilOne('c', 'd', 'e')
    for (const each of [c, d, e]) {
      expect(deliveriesOf(each)).toEqual([])
      expect(each.engine.counters.causalDropped).toBe(1)
    }
    expect(story.faults).toEqual([])
  })

  test('and what its sender had delivered of that one before', () => {
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    const lost = story.losing(({ to, is, rank }) => is === 'data' && rank === 0 && to === 'c')
    a.send('first', null, causal)
    story.run(3)
    b.send('second', null, safe(causal))
    story.run(60)
    expect([a, b, c].map(deliveriesOf)).toEqual([['- a: first'], ['- a: first'], []])
    lost()
    story.run(300)
    for (const each of [a, b, c]) expect(deliveriesOf(each)).toEqual(['- a: first', '- b: second!'])
  })

  test('is every earlier place in total order (C8 ii)', () => {
    // 1. e's message reaches a alone, who orders it before b's, which is safe. 2. All hold b's, and the order.
    const story = new Story()
    const [a, b, c, d, e] = story.group('a', 'b', 'c', 'd', 'e')
    story.losing(({ from, to, is, rank }) => is === 'data' && rank === 4 && !(from === 'e' && to === 'a'))
    e.send('unheard', null, total)
    story.run(3)
    b.send('safe', null, safe(total))
    story.run(60)
    for (const each of [b, c, d]) expect(deliveriesOf(each)).toEqual([])
    expect(deliveriesOf(a)).toEqual(['1 e: unheard'])
    story.crash('a')
    story.crash('e')
    story.untilOne('b', 'c', 'd')
    for (const each of [b, c, d]) expect(deliveriesOf(each)).toEqual(['1 b: safe?'])
    expect(story.faults).toEqual([])
  })

  test('is the announcement of its place (C8)', () => {
    // 1. All hold b's two messages. 2. That the second comes first, a says to b alone.
    const story = new Story()
    const [a, b, c, d] = story.group('a', 'b', 'c', 'd')
    story.losing(({ to, is, rank }) => is === 'data' && rank === 0 && to !== 'b')
    const slow = story.losing(({ from, to, is }) => is === 'data' && from === 'd' && to === 'a')
    d.send('later', null, total)
    b.send('safe', null, safe(total))
    story.run(3)
    slow()
    story.run(60)
    for (const each of [a, b, c, d]) expect(deliveriesOf(each).filter(line => line.endsWith('!'))).toEqual([])
    story.crash('a')
    story.crash('b')
    story.run(2_000)
    expect(story.faults).toEqual([])
  })

  test('is, in the order of one sender, what that sent before', () => {
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    const lost = story.losing(({ to, is }) => is === 'data' && to === 'c')
    a.send('plain', null, fifo)
    a.send('safe', null, safe(fifo))
    a.send('behind', null, fifo)
    story.run(40)
    for (const each of [a, b]) expect(deliveriesOf(each)).toEqual(['- a: plain'])
    lost()
    story.run(60)
    for (const each of [a, b, c]) expect(deliveriesOf(each)).toEqual(['- a: plain', '- a: safe!', '- a: behind'])
  })
})

describe('at the close of a view', () => {
  test('all who go on hold it, though one who died never did, and it says so (C20)', () => {
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    story.losing(({ to, is }) => is === 'data' && to === 'c')
    for (const of of [fifo, causal, total]) a.send('m', null, safe(of))
    story.run(30)
    expect(deliveriesOf(b)).toEqual([])
    story.crash('c')
    story.untilOne('a', 'b')
    for (const each of [a, b]) expect(deliveriesOf(each)).toEqual(['- a: m?', '- a: m?', '1 a: m?'])
    expect(deliveriesOf(c)).toEqual([])
    expect(a.engine.counters).toMatchObject({ safeAtClose: 3, safeDelivered: 0 })
    expect(story.faults).toEqual([])
  })

  test('who has promised says no more what it holds, and nothing is safe by that (C1)', () => {
    // 1. Prepare reaches all but e. 2. They promise: they hold nothing of e. 3. e's safe message reaches them, and they
    // must not say so: e would deliver it, die, and be alone with it.
    const story = new Story()
    const [, , , , e] = story.group('a', 'b', 'c', 'd', 'e', 'f')
    story.losing(({ is, to }) => is === 'prepare' && to === 'e')
    story.member('f').leave(story.nowMs)
    story.until(() =>
      'bcd'.split('').every(name => story.sent.some(({ is, from }) => is === 'promise' && from === name)),
    )
    e.send('m', null, safe(fifo))
    story.run(300)
    expect(deliveriesOf(e)).toEqual([])
  })
})
