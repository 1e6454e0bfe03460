import { beforeEach, describe, expect, test } from 'vitest'
import type { Batch, Group, Message, Order } from '../../src/index.js'
import type { Simulation } from '../../src/sim/index.js'
import { membersOf, newWorld } from './world.js'

/** Orders, safe delivery and batches as an application sees them. */

let sim: Simulation

beforeEach(() => {
  sim = newWorld()
})

/** What a member delivers: index, sender, text, and `!` where it was safe. */
function read(group: Group): string[] {
  const log: string[] = []
  group.on('message', message => log.push(lineOf(message)))
  return log
}

const lineOf = (message: Message): string =>
  `${message.index ?? '-'} ${message.from.name} ${message.text().slice(0, 20)}${message.safe === true ? '!' : ''}`

describe('total order', () => {
  test('is one sequence at all members, with indices from 1 without gaps', async () => {
    const members = await membersOf(sim, ['a', 'b', 'c', 'd'])
    const logs = members.map(read)
    for (let i = 0; i < 20; i++) for (const each of members) await each.send(`${i}`, { order: 'total' })
    await sim.run(100)
    expect(logs[0].map(line => Number(line.split(' ')[0]))).toEqual(Array.from({ length: 80 }, (_, i) => i + 1))
    for (const log of logs) expect(log).toEqual(logs[0])
  })

  test('keeps each sender\u2019s own order, messages of many packets among them', async () => {
    const members = await membersOf(sim, ['a', 'b'])
    const logs = members.map(read)
    const sending = members.flatMap(each =>
      Array.from({ length: 12 }, (_, i) => each.send(`${i}`.padEnd(i % 3 === 0 ? 5_000 : 10), { order: 'total' })),
    )
    await sim.until(Promise.all(sending))
    await sim.run(200)
    expect(logs[1]).toEqual(logs[0])
    const ofA = logs[0].filter(line => line.split(' ')[1] === 'a').map(line => Number(line.split(' ')[2]))
    expect(ofA).toEqual(Array.from({ length: 12 }, (_, i) => i))
  })

  test('counts on through later views, also for who joins', async () => {
    const [a] = await membersOf(sim, ['a'])
    const log = read(a)
    for (let i = 0; i < 3; i++) await a.send(`${i}`, { order: 'total' })
    const b = await sim.join('orders', { name: 'b', packetBytes: 512 })
    const joined = read(b)
    await b.send('first of b', { order: 'total' })
    await sim.run(50)
    expect(joined).toEqual(['4 b first of b'])
    expect(log.at(-1)).toBe('4 b first of b')
    await sim.until(a.leave())
    await b.send('alone', { order: 'total' })
    await sim.run(50)
    expect(joined.at(-1)).toBe('5 b alone')
  })
})

describe('causal order', () => {
  test('an answer comes after its question, whoever hears the answer first', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    const log = read(c)
    // The question is slow on its way to c alone.
    sim.impair({ delayMs: [40, 40] }, { from: 'a', to: 'c' })
    b.on('message', message => {
      if (message.text() === 'question') b.send('answer', { order: 'causal' })
    })
    await a.send('question', { order: 'causal' })
    await sim.run(20)
    expect(log).toEqual([])
    await sim.run(100)
    expect(log).toEqual(['- a question', '- b answer'])
    expect(c.stats().causalWaits).toBe(1)
  })

  test('waits for nothing that was sent independently', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    const log = read(c)
    sim.impair({ delayMs: [40, 40] }, { from: 'a', to: 'c' })
    await a.send('slow', { order: 'causal' })
    await b.send('independent', { order: 'causal' })
    await sim.run(20)
    expect(log).toEqual(['- b independent'])
  })
})

describe('safe delivery', () => {
  test.each<Order>(['fifo', 'causal', 'total'])('%s: waits until all have it, and so does `send`', async order => {
    const members = await membersOf(sim, ['a', 'b', 'c'])
    const logs = members.map(read)
    sim.cut('b', 'c')
    let isSent = false
    const sending = members[1].send('safe', { order, safe: true }).then(() => {
      isSent = true
    })
    await sim.run(60)
    expect([logs, isSent]).toEqual([[[], [], []], false])
    sim.heal()
    await sim.until(sending)
    await sim.run(100)
    for (const log of logs) expect(log).toEqual([expect.stringMatching(/^[-1] b safe!$/)])
    expect(members[0].stats()).toMatchObject({ safeDelivered: 1, safeAtClose: 0 })
  })

  test('holds back later messages of its order, not those of others', async () => {
    const members = await membersOf(sim, ['a', 'b', 'c'])
    const log = read(members[0])
    sim.cut('b', 'c')
    const sending = members[1].send('safe', { order: 'fifo', safe: true })
    await members[1].send('behind it', { order: 'fifo' })
    await members[1].send('beside it', { order: 'total' })
    await sim.run(60)
    expect(log).toEqual(['1 b beside it'])
    sim.heal()
    await sim.until(sending)
    await sim.run(50)
    expect(log).toEqual(['1 b beside it', '- b safe!', '- b behind it'])
  })

  test('the word that all have it may be lost', async () => {
    const members = await membersOf(sim, ['a', 'b', 'c'])
    sim.impair({ loss: 0.5 })
    for (let i = 0; i < 5; i++) await sim.until(members[i % 3].send(`${i}`, { order: 'total', safe: true }))
    expect(members[0].stats().safeDelivered).toBeGreaterThan(2)
  })

  test('in a group too large for all to hear it of all', async () => {
    const names = Array.from({ length: 18 }, (_, i) => `m${i}`)
    const members = await Promise.all(
      names.map(name => sim.join('orders', { packetBytes: 512, name, expect: names.length })),
    )
    await sim.until(members[7].send('safe', { order: 'total', safe: true }))
    await sim.run(100)
    for (const each of members) expect(each.stats().safeDelivered).toBe(1)
  })

  test('one who is alone need not wait', async () => {
    const [a] = await membersOf(sim, ['a'])
    await sim.until(a.send('safe', { order: 'total', safe: true }))
  })
})

describe('batches', () => {
  const bytesOf = (bytes: Uint8Array, offset: number, length: number) =>
    new TextDecoder().decode(bytes.subarray(offset, offset + length))

  test('bring every message once, in order, with what it has in common with its neighbours', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const seen: string[] = []
    let batches = 0
    b.on('batch', batch => {
      batches++
      const before = seen.length
      batch.forEach((bytes, offset, length, { from, order }) => {
        seen.push(`${from.name} ${order} ${bytesOf(bytes, offset, length)}`)
      })
      expect(batch.length).toBe(seen.length - before)
    })
    for (let i = 0; i < 100; i++) a.offer(`${i}`, { order: i < 50 ? 'fifo' : 'total' })
    await sim.run(50)
    expect(seen.filter(line => line.startsWith('a fifo'))).toEqual(Array.from({ length: 50 }, (_, i) => `a fifo ${i}`))
    expect(seen.filter(line => line.startsWith('a total'))).toHaveLength(50)
    expect(batches).toBeLessThan(10)
  })

  test('a view stands between batches of the old view and of the new', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const seen: string[] = []
    b.on('batch', batch => batch.forEach((_, _at, _length, { view }) => void seen.push(`in ${view}`)))
    b.on('view', view => seen.push(`view ${view.id}`))
    for (let i = 0; i < 10; i++) a.offer('x')
    await sim.join('orders', { name: 'c', packetBytes: 512 })
    for (let i = 0; i < 10; i++) a.offer('x')
    await sim.run(50)
    let view = 0
    for (const line of seen) {
      if (line.startsWith('view')) view = Number(line.slice(5))
      else if (view > 0) expect(line).toBe(`in ${view}`)
    }
    expect(seen.filter(line => line.startsWith('in'))).toHaveLength(20)
  })

  test('messages of a batch may be kept, and so may those of listeners and iterators', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    const kept: Message[][] = [[], [], []]
    a.on('message', message => kept[0].push(message))
    b.on('batch', (batch: Batch) => kept[1].push(...batch.messages()))
    void (async () => {
      for await (const event of c) if (event.type === 'message') kept[2].push(event)
    })()
    // Enough for all memory to be used several times.
    const texts = Array.from({ length: 3_000 }, (_, i) => `${i} `.padEnd(300 + (i % 7) * 100, 'x'))
    for (const text of texts) await sim.until(a.send(text))
    await sim.run(200)
    for (const messages of kept) expect(messages.map(message => message.text())).toEqual(texts)
  })

  test('a listener that throws takes its batch all the same', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const errors: string[] = []
    b.on('error', error => errors.push(error.code))
    b.on('batch', () => {
      throw new Error('the application’s')
    })
    await a.send('x')
    await sim.run(20)
    expect(errors).toEqual(['ERR_TUTTI_LISTENER'])
    await sim.until(a.leave())
  })
})
