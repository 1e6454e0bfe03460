import { Message } from 'tutti'
import { beforeEach, describe, expect, test } from 'vitest'
import { iterate, listen, membersOf, newWorld, votersOf } from './world.js'

let sim: ReturnType<typeof newWorld>
beforeEach(() => {
  sim = newWorld()
})

test('join resolves with the first view that has the member in it', async () => {
  const [a, b] = await membersOf(sim, ['a', 'b'])
  expect(a.view.members.map(({ name }) => name)).toEqual(['a', 'b'])
  expect(b.view).toEqual(a.view)
  expect(b.view.members[1]).toEqual(b.self)
  expect(a.view.primary).toBe(true)
  expect(a.view.lineage).toMatch(/^[0-9a-f]{16}$/)
})

test('a joiner is a member at once, and votes from the next view on', async () => {
  const a = await sim.join('orders', { name: 'a', packetBytes: 512 })
  expect(a.self).toMatchObject({ name: 'a', voter: true })
  const b = await sim.join('orders', { name: 'b', packetBytes: 512 })
  expect(b.view.members.map(({ voter }) => voter)).toEqual([true, false])
  expect(b.view.members[1]).toEqual(b.self)
  const { id } = b.view
  await sim.runUntil(() => b.view.id === id + 1 && a.view.id === id + 1)
  expect(b.view.members.map(({ voter }) => voter)).toEqual([true, true])
  expect(b.view.members[1]).toEqual(b.self)
})

test('`expect` holds join, and the first view event, back until so many are in', async () => {
  const logs: string[][] = []
  let joined = 0
  const joining = ['a', 'b', 'c'].map(async name => {
    const group = await sim.join('orders', { name, expect: 3, packetBytes: 512 })
    joined++
    logs.push(listen(group))
  })
  await sim.run(100)
  expect(joined).toBe(0)
  await Promise.all(joining)
  for (const log of logs) {
    expect(log).toHaveLength(1)
    expect(
      log[0]
        .match(/^view \d: (.*)$/)?.[1]
        .split(' ')
        .toSorted(),
    ).toEqual(['a', 'b', 'c'])
  }
})

describe('listeners and iterators', () => {
  test('see one and the same sequence of views and messages', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const heard = listen(a)
    const iterated: string[] = []
    const ended = iterate(b, iterated)
    await a.send('one')
    await sim.run(10)
    const c = await sim.join('orders', { name: 'c', packetBytes: 512 })
    await sim.runUntil(() => votersOf(b.view) === 3 && votersOf(a.view) === 3)
    await b.send('two')
    await sim.run(10)
    await sim.until(c.leave())
    await sim.until(b.leave())
    await ended
    const joins = ['view 2: a b', 'view 3: a b', 'a: one', 'view 4: a b c', 'view 5: a b c']
    const views = [...joins, 'b: two', 'view 6: a b']
    expect(iterated).toEqual(views)
    expect(heard).toEqual(['view 1: a', ...views, 'view 7: a'].slice(heard[0] === 'view 1: a' ? 0 : 1))
  })

  test('get what happened before the first of them was there, from the view on', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    for (const text of ['one', 'two', 'three']) await a.send(text)
    await sim.run(50)
    const log = listen(b)
    await sim.run(1)
    expect(log).toEqual(['view 2: a b', 'view 3: a b', 'a: one', 'a: two', 'a: three'])
  })

  test('added in one go miss nothing, whichever came first', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    await a.send('held')
    await sim.run(50)
    const log: string[] = []
    b.on('message', message => log.push(message.text()))
    b.on('view', view => log.push(`view ${view.id}`))
    await sim.run(1)
    expect(log).toEqual(['view 2', 'view 3', 'held'])
  })

  test('the first view says that all in it have joined, a later one who joined, who left and who came along', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const changes: string[] = []
    const names = (members: readonly { name: string }[]) => members.map(({ name }) => name).join(' ')
    b.on('view', (view, { joined, left, stayed }) =>
      changes.push(`${view.id} +${names(joined)} -${names(left)} =${names(stayed)}`),
    )
    const c = await sim.join('orders', { name: 'c', packetBytes: 512 })
    await sim.runUntil(() => votersOf(b.view) === 3)
    await sim.until(c.leave())
    await sim.runUntil(() => b.view.members.length === 2)
    await sim.run(1)
    expect(changes).toEqual(['2 +a b - =', '3 + - =a b', '4 +c - =a b', '5 + - =a b c', '6 + -c =a b'])
    expect(a.view.id).toBe(6)
  })

  test('an iterator that is left early hands over to listeners where it stood', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    for (const text of ['one', 'two', 'three']) await a.send(text)
    await sim.run(50)
    const seen: string[] = []
    for await (const event of b) {
      if (!('text' in event)) continue
      seen.push(event.text())
      if (event.text() === 'two') break
    }
    b.on('message', message => seen.push(`heard ${message.text()}`))
    await sim.run(1)
    expect(seen).toEqual(['one', 'two', 'heard three'])
  })

  test('and to listeners of batches, in the middle of what was delivered together', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    listen(a)
    for (let i = 0; i < 10; i++) a.offer(`m${i}`, { order: 'total' })
    await sim.run(100)
    const seen: string[] = []
    for await (const event of b) {
      if (event.type === 'message') seen.push(`${event.index} ${event.text()}`)
      if (seen.length === 3) break
    }
    b.on('batch', batch => {
      for (const message of batch.messages()) seen.push(`${message.index} ${message.text()}`)
    })
    a.offer('m10', { order: 'total' })
    await sim.run(100)
    expect(seen).toEqual(Array.from({ length: 11 }, (_, i) => `${i + 1} m${i}`))
  })

  test('and leaves nothing behind where it was left after the last of them', async () => {
    const [a] = await membersOf(sim, ['a'])
    const batches: number[] = []
    a.on('batch', batch => batches.push(batch.length))
    // As many as fill the window for what a member tells itself, several times over.
    for (let i = 0; i < 20; i++) {
      const taking = (async () => {
        for await (const event of a) if (event.type === 'told') break
      })()
      await sim.until(a.tell('a', 'x'.repeat(100_000)))
      await sim.until(taking)
      const hearing = (async () => {
        for await (const event of a) if (event.type === 'message') break
      })()
      a.offer('hello')
      await sim.until(hearing)
    }
    expect(batches).toEqual([])
  })

  test('a second iterator beside the first is refused', async () => {
    const [a] = await membersOf(sim, ['a'])
    const first = a[Symbol.asyncIterator]()
    await first.next()
    await expect(a[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'ERR_TUTTI_OPTION' })
  })

  test('a message stays as it was delivered for as long as it is kept', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    listen(a)
    const kept: Message[] = []
    b.on('message', message => kept.push(message))
    for (let i = 0; i < 300; i++) await sim.until(a.send(new Uint8Array(50 + i).fill(i)))
    await sim.run(50)
    expect(kept).toHaveLength(300)
    for (const [i, message] of kept.entries()) {
      expect(message).toBeInstanceOf(Message)
      expect(Buffer.compare(message.data, new Uint8Array(50 + i).fill(i)), `message ${i}`).toBe(0)
      expect(message).toMatchObject({ type: 'message', order: 'fifo', view: 3, length: 50 + i, from: { name: 'a' } })
    }
  })
})

describe('a listener that throws', () => {
  test('is the caller’s affair: an error event, and everything goes on', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const causes: unknown[] = []
    const bang = new Error('bang')
    b.on('error', ({ code, cause }) => causes.push([code, cause]))
    b.once('message', () => {
      throw bang
    })
    await a.send('one')
    await sim.run(20)
    expect(causes).toEqual([['ERR_TUTTI_LISTENER', bang]])
    const log: string[] = []
    b.on('message', message => log.push(message.text()))
    await a.send('two')
    await sim.run(20)
    expect(log).toEqual(['two'])
  })

  test('later than its call, by a promise, too', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const causes: unknown[] = []
    const late = new Error('late')
    b.on('error', ({ code, cause }) => causes.push([code, cause]))
    b.on('message', async () => {
      await Promise.resolve()
      throw late
    })
    await a.send('one')
    await sim.run(20)
    expect(causes).toEqual([['ERR_TUTTI_LISTENER', late]])
  })
})

test('several groups live in one process, each with views and messages of its own', async () => {
  const join = (group: string, name: string) => sim.join(group, { name, packetBytes: 512 })
  const groups = [await join('red', 'a'), await join('blue', 'a'), await join('red', 'b'), await join('blue', 'b')]
  await sim.runUntil(() => groups.every(({ view }) => votersOf(view) === 2))
  const logs = groups.map(listen)
  const [red, blue] = groups
  await red.send('to red')
  await blue.send('to blue')
  await sim.run(50)
  expect(logs.map(log => log.filter(line => line.startsWith('a:')))).toEqual([
    ['a: to red'],
    ['a: to blue'],
    ['a: to red'],
    ['a: to blue'],
  ])
  expect(red.view.lineage).not.toBe(blue.view.lineage)
  await sim.until(red.leave())
  await blue.send('still here')
  await sim.run(50)
  expect(logs[3].at(-1)).toBe('a: still here')
})
