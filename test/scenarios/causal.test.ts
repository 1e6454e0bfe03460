import { describe, expect, test } from 'vitest'
import { causal } from './orders.js'
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
