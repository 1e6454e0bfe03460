import { describe, expect, test } from 'vitest'
import { causal, fifo, safe, total } from './orders.js'
import { deliveriesOf, Story } from './story.js'

describe('what a message rests on', () => {
  test('may be more than a packet can say, also in the middle of a message', () => {
    // 62 members say something; b, in the middle of a message larger than its window, has to say that it heard all.
    const names = ['a', 'b', ...Array.from({ length: 62 }, (_, i) => `m${i}`)]
    const story = new Story({ config: { receiveBufferBytes: 2_097_152, windowBytesMax: 8 * 512 } })
    const members = story.group(...names)
    const [a, b, ...others] = members
    b.send(new Uint8Array(30_000).fill(7), null, causal)
    for (const other of others) other.send('heard', null, causal)
    story.until(() => members.every(member => deliveriesOf(member).includes('- b: 30000 bytes')))
    const whole = [...a.record].map(({ event }) => event).find(event => 'length' in event && event.length === 30_000)
    expect('data' in whole! && whole.data.every(byte => byte === 7)).toBe(true)
    expect(members.map(({ engine }) => engine.counters.dropped.malformed)).toEqual(members.map(() => undefined))
  })
})

describe('at the cut of a view', () => {
  test('what rests on what nobody has is dropped, with all that rests on it, by all alike (C9)', () => {
    // 1. a's question reaches b alone. 2. b answers, and c, d and e have the answer; what b says next rests on it too.
    // 3. c, who has delivered neither, says something of its own, which rests on nothing. 4. a and b die.
    const story = new Story()
    const [a, b, c, d, e] = story.group('a', 'b', 'c', 'd', 'e')
    story.losing(({ from, to, is, rank }) => is === 'data' && rank === 0 && !(from === 'a' && to === 'b'))
    a.send('question', null, causal)
    story.run(3)
    b.send('answer', null, causal)
    story.run(3)
    b.send('more', null, causal)
    c.send('independent', null, causal)
    story.run(5)
    expect(deliveriesOf(b)).toEqual(['- a: question', '- b: answer', '- b: more', '- c: independent'])
    story.crash('a')
    story.crash('b')
    story.untilOne('c', 'd', 'e')
    for (const each of [c, d, e]) {
      expect(deliveriesOf(each)).toEqual(['- c: independent'])
      expect(each.engine.counters.causalDropped).toBe(2)
    }
    expect(story.faults).toEqual([])
  })

  test('what rests on what one of those who go on has is delivered by all', () => {
    const story = new Story()
    const [a, b, c, d] = story.group('a', 'b', 'c', 'd')
    story.losing(({ from, to, is, rank }) => is === 'data' && rank === 0 && from === 'a' && to !== 'b')
    a.send('question', null, causal)
    story.run(2)
    b.send('answer', null, causal)
    story.crash('a')
    story.untilOne('b', 'c', 'd')
    for (const each of [b, c, d]) expect(deliveriesOf(each)).toEqual(['- a: question', '- b: answer'])
  })
})

describe('a vector', () => {
  test('counts causal packets alone, whatever else its sender has sent and delivered (C21)', () => {
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    // c has nothing of a but for its causal message, whose number comes first.
    a.send('question', null, causal)
    story.run(3)
    const lost = story.losing(({ to, is, rank }) => is === 'data' && rank === 0 && to === 'c')
    for (const of of [fifo, total, safe(fifo)]) a.send('beside', null, of)
    story.run(10)
    b.send('answer', null, causal)
    story.run(10)
    expect(deliveriesOf(c)).toEqual(['- a: question', '- b: answer'])
    lost()
    story.run(60)
    expect(deliveriesOf(c)).toHaveLength(5)
  })

  test('waits for what stands between: numbers span all classes (C21)', () => {
    const story = new Story()
    const [a, , c] = story.group('a', 'b', 'c')
    const lost = story.losing(({ to, is, rank }) => is === 'data' && rank === 0 && to === 'c')
    a.send('plain', null, fifo)
    story.run(1)
    lost()
    const again = story.losing(({ to, from, is, seq }) => is === 'data' && from === 'a' && to === 'c' && seq % 16 === 0)
    a.send('causal', null, causal)
    story.run(3)
    expect(deliveriesOf(c)).toEqual([])
    again()
    story.run(300)
    expect(deliveriesOf(c)).toEqual(['- a: plain', '- a: causal'])
  })

  test('is of what was delivered when the message was taken, not when the packet was opened', () => {
    // 1. b takes a message. 2. In the same turn it delivers a's. 3. What it takes then goes into a packet of its own.
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    story.losing(({ to, is, rank }) => is === 'data' && rank === 0 && to === 'c')
    a.send('question', null, causal)
    const { endTurn } = b.engine
    let isAsked = false
    b.engine.endTurn = nowMs => {
      endTurn.call(b.engine, nowMs)
      if (isAsked || !b.engine.outbox.deliveries.some(each => each.type === 'messages' && each.rank === 0)) return
      isAsked = true
      b.send('answer', null, causal)
    }
    b.send('before', null, causal)
    story.run(10)
    expect(isAsked).toBe(true)
    expect(deliveriesOf(c)).toEqual(['- b: before'])
  })
})
