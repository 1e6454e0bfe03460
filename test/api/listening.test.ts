import { once } from 'node:events'
import type { Message } from 'tutti'
import { beforeEach, describe, expect, test } from 'vitest'
import { listen, membersOf, newWorld } from './world.js'

let sim: ReturnType<typeof newWorld>
beforeEach(() => {
  sim = newWorld()
})

describe('listeners and iterators', () => {
  test('one that begins to iterate within a listener takes all that follows', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const heard: string[] = []
    for (let i = 0; i < 5; i++) await a.send(`m${i}`)
    await sim.run(50)
    b.once('view', async () => {
      for await (const event of b) if ('text' in event) heard.push(event.text())
    })
    await sim.run(50)
    expect(heard).toEqual(['m0', 'm1', 'm2', 'm3', 'm4'])
  })

  test('one that begins to iterate at a message takes all that follow it', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const heard: string[] = []
    for (let i = 0; i < 5; i++) a.offer(`m${i}`)
    await sim.run(50)
    let isIterating = false
    b.on('message', async message => {
      heard.push(`listener ${message.text()}`)
      if (isIterating) return
      isIterating = true
      for await (const event of b) if ('text' in event) heard.push(`iterator ${event.text()}`)
    })
    await sim.run(50)
    a.offer('m5')
    await sim.run(50)
    expect(heard).toEqual(['listener m0', ...[1, 2, 3, 4, 5].map(i => `iterator m${i}`)])
  })

  test('one that ends an iterator is told the rest in order', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const heard: string[] = []
    for (let i = 0; i < 3; i++) a.offer(`m${i}`)
    await sim.run(50)
    a.offer('m3')
    await sim.run(50)
    b.on('message', message => {
      heard.push(message.text())
      const iterator = b[Symbol.asyncIterator]()
      iterator.next()
      iterator.return?.()
    })
    await sim.run(50)
    // Each iterator took one.
    expect(heard).toEqual(['m0', 'm2'])
  })

  test('one that ends an iterator in vain changes nothing', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const heard: string[] = []
    for (let i = 0; i < 3; i++) a.offer(`m${i}`)
    await sim.join('orders', { name: 'c', packetBytes: 512 })
    a.offer('m3')
    await sim.run(50)
    b.on('view', view => heard.push(`view of ${view.members.length}`))
    b.on('message', message => {
      heard.push(message.text())
      b[Symbol.asyncIterator]().return?.()
    })
    await sim.run(50)
    const messages = heard.filter(line => line.startsWith('m'))
    expect(messages).toEqual(['m0', 'm1', 'm2', 'm3'])
    expect(heard.indexOf('m2')).toBeLessThan(heard.indexOf('view of 3'))
    expect(heard.indexOf('m3')).toBeGreaterThan(heard.indexOf('view of 3'))
  })

  test('who removes all listeners is told nothing, and can add others', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const before: string[] = []
    b.on('message', message => before.push(message.text()))
    b.removeAllListeners()
    expect(b.listenerCount('message')).toBe(0)
    const heard: string[] = []
    b.on('message', message => heard.push(message.text()))
    await a.send('hello')
    await sim.run(50)
    expect(before).toEqual([])
    expect(heard).toEqual(['hello'])
  })

  test('one that is added after all were removed, the first of all, is told what was held', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    b.removeAllListeners()
    await a.send('held')
    await sim.run(50)
    const heard: string[] = []
    b.on('message', message => heard.push(message.text()))
    await sim.run(50)
    expect(heard).toEqual(['held'])
  })

  test('an iterator that waits can be ended, and takes nothing with it', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const iterator = b[Symbol.asyncIterator]()
    await iterator.next()
    for (;;) {
      const next = iterator.next()
      let hasCome = false
      void next.then(() => {
        hasCome = true
      })
      await sim.run(10)
      if (hasCome) continue
      expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
      expect(await next).toEqual({ done: true, value: undefined })
      break
    }
    const heard: string[] = []
    b.on('message', message => heard.push(message.text()))
    await a.send('for the listener')
    await sim.run(50)
    expect(heard).toEqual(['for the listener'])
  })
})

test('what is done to the data of a message, or to a view, is nobody else’s affair', async () => {
  const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
  const heard: string[] = []
  const spoil = (message: Message) => message.data.fill(0x2a)
  a.on('message', spoil)
  b.on('message', spoil)
  b.on('view', view => expect(() => (view.members as unknown[]).reverse()).toThrow(TypeError))
  c.on('message', message => heard.push(message.text()))
  const heal = sim.impair({ loss: 0.5 }, { to: 'c' })
  for (let i = 0; i < 40; i++) {
    await sim.until(a.send(`a${i}`))
    await sim.run(1)
  }
  heal()
  await sim.run(1_000)
  expect(heard).toEqual(Array.from({ length: 40 }, (_, i) => `a${i}`))
  expect(sim.check()).toEqual([])
})

test('a text is what was sent, a byte order mark and all', async () => {
  const [a, b] = await membersOf(sim, ['a', 'b'])
  const heard = listen(b)
  await a.send('\ufeffhello')
  await sim.run(50)
  expect(heard.at(-1)).toBe('a: \ufeffhello')
})

describe('drain', () => {
  test('is for whose offer was refused, and for nobody else', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const log = listen(a)
    listen(b)
    await sim.until(Promise.all(Array.from({ length: 500 }, () => a.tell('b', new Uint8Array(1_000)))))
    expect(log).not.toContain('drain')
  })

  test('comes also when the member leaves: to offer again says that it has left', async () => {
    const [a] = await membersOf(sim, ['a', 'b'])
    const log = listen(a)
    while (a.offer(new Uint8Array(100)));
    const drained = once(a, 'drain')
    a.leave().catch(() => {})
    await sim.until(drained)
    expect(() => a.offer('more')).toThrow(expect.objectContaining({ code: 'ERR_TUTTI_LEFT' }))
    await sim.runUntil(() => log.includes('left'))
    expect(log.at(-1)).toBe('left')
  })
})

test('what a member tells itself without a byte is bounded too', async () => {
  const [a] = await membersOf(sim, ['a'])
  let taken = 0
  for (let i = 0; i < 5_000; i++)
    void a.tell('a', '').then(
      () => taken++,
      () => {},
    )
  await sim.run(10)
  expect(taken).toBeGreaterThan(100)
  expect(taken).toBeLessThan(1_000)
})

test('who cannot leave in order is told of all that it had sent what nobody knows, and then that it has left', async () => {
  const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
  const log = listen(c)
  for (const group of [a, b]) listen(group)
  sim.partition(['a', 'b'], ['c'])
  for (let i = 0; i < 5; i++) await c.send(`c${i}`)
  await c.tell('a', 'for you')
  await expect(sim.until(c.leave())).rejects.toMatchObject({ code: 'ERR_TUTTI_LEAVE_TIMEOUT' })
  expect(log.filter(line => line === 'lost ERR_TUTTI_FATE_UNKNOWN')).toHaveLength(6)
  expect(log.at(-1)).toBe('left')
})
