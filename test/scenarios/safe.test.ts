import { describe, expect, test } from 'vitest'
import { fifo, safe, total } from './orders.js'
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
