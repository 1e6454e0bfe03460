import { describe, expect, test } from 'vitest'
import { HEADER_BYTES, ORDER, orderOf } from '../../src/wire/header.js'
import type { Packet } from '../engine/harness.js'
import { safe, total } from './orders.js'
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
