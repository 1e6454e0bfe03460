import { beforeEach, describe, expect, test } from 'vitest'
import { iterate, listen, membersOf, newWorld } from './world.js'

let sim: ReturnType<typeof newWorld>
beforeEach(() => {
  sim = newWorld()
})

test('the others see a view without the leaver; the last event is "left"', async () => {
  const [a, b] = await membersOf(sim, ['a', 'b'])
  const logs = [a, b].map(listen)
  await sim.until(b.leave())
  await sim.runUntil(() => a.view.members.length === 1)
  await sim.run(10)
  expect(logs[0].at(-1)).toBe('view 4: a')
  expect(logs[1].at(-1)).toBe('left')
})

test('what was sent before arrives, also what a closed window held back', async () => {
  const [a, b] = await membersOf(sim, ['a', 'b'])
  listen(b)
  const sends: Promise<unknown>[] = []
  for (let i = 0; i < 500; i++) sends.push(b.send(`${i}`.padEnd(100, '.')))
  const left = b.leave()
  await sim.run(20)
  const heard = listen(a)
  await sim.until(left)
  await Promise.all(sends)
  await sim.runUntil(() => a.view.members.length === 1)
  await sim.run(10)
  const messages = heard.filter(line => line.startsWith('b:'))
  expect(messages).toEqual(Array.from({ length: 500 }, (_, i) => `b: ${`${i}`.padEnd(100, '.')}`))
  expect(heard.at(-1)).toBe('view 4: a')
})

test('who has offered until the window closed, and has nothing else to say, leaves at once', async () => {
  const [a, b] = await membersOf(sim, ['a', 'b'])
  // It does not read, so its senders' windows stay closed.
  b[Symbol.asyncIterator]()
  listen(a)
  let taken = 0
  while (a.offer('x'.repeat(100))) taken++
  expect(taken).toBeGreaterThan(10)
  await sim.run(100)
  await sim.until(a.leave(), 500)
  const heard = listen(b)
  await sim.runUntil(() => b.view.members.length === 1)
  await sim.run(10)
  expect(heard.filter(line => line.startsWith('a: '))).toHaveLength(taken)
})

test('who is put out while it leaves, behind what it sent, says what is lost', async () => {
  const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
  const [ofA, log] = [a, b, c].map(listen)
  sim.partition(['b'], ['a', 'c'])
  await b.send('x')
  const left = b.leave()
  left.catch(() => {})
  await sim.runUntil(() => a.view.members.length === 2)
  sim.heal()
  await sim.runUntil(() => log.includes('left'))
  await sim.run(100)
  expect(ofA).not.toContain('b: x')
  expect(log).toContain('lost ERR_TUTTI_EXCLUDED')
  expect(sim.check()).toEqual([])
})

test('leaving twice is leaving once', async () => {
  const [, b] = await membersOf(sim, ['a', 'b'])
  const log = listen(b)
  const first = b.leave()
  const again = b.leave()
  await sim.until(Promise.all([first, again]))
  await sim.until(b.leave())
  expect(log.filter(line => line === 'left')).toEqual(['left'])
})

test('who is leaving sends nothing more', async () => {
  const [, b] = await membersOf(sim, ['a', 'b'])
  const left = b.leave()
  const code = { code: 'ERR_TUTTI_LEFT' }
  await expect(b.send('late')).rejects.toMatchObject(code)
  await expect(b.tell('a', 'late')).rejects.toMatchObject(code)
  expect(() => b.offer('late')).toThrow(expect.objectContaining(code))
  await sim.until(left)
  await expect(b.send('later')).rejects.toMatchObject(code)
})

test('an iterator gets what came before, and ends', async () => {
  const [a, b] = await membersOf(sim, ['a', 'b'])
  const ended = iterate(b)
  await a.send('last words')
  await sim.run(20)
  await sim.until(b.leave())
  expect(await ended).toEqual(['view 2: a b', 'view 3: a b', 'a: last words'])
})

test('the last member leaves too, and a group of that name can be founded anew', async () => {
  const [a] = await membersOf(sim, ['a'])
  const { lineage } = a.view
  await sim.until(a.leave())
  const [again] = await membersOf(sim, ['a'])
  expect(again.view.id).toBe(1)
  expect(again.view.lineage).not.toBe(lineage)
})

test('disposing of it is leaving it', async () => {
  const [a, b] = await membersOf(sim, ['a', 'b'])
  await sim.until(b[Symbol.asyncDispose]())
  await sim.runUntil(() => a.view.members.length === 1)
})

test('who hears no answer is out after a while all the same, and says so', async () => {
  const [a, b] = await membersOf(sim, ['a', 'b'])
  const log = listen(b)
  sim.partition(['a'], ['b'])
  const left = b.leave()
  await expect(sim.until(left)).rejects.toMatchObject({ code: 'ERR_TUTTI_LEAVE_TIMEOUT' })
  expect(log.at(-1)).toBe('left')
  // The senior of two goes on without the other, who never heard that it may leave.
  await sim.runUntil(() => a.view.members.length === 1)
})

describe('giving up to join', () => {
  test('before there is any group: the signal says why, and nothing is left behind', async () => {
    const controller = new AbortController()
    const joining = sim.join('orders', { name: 'a', packetBytes: 512, expect: 2, signal: controller.signal })
    sim.at(50, () => controller.abort(new Error('changed my mind')))
    await expect(joining).rejects.toMatchObject({ code: 'ERR_TUTTI_ABORTED', cause: { message: 'changed my mind' } })
    await sim.run(6_000)
    const other = await sim.join('orders', { name: 'b', packetBytes: 512 })
    expect(other.view.members.map(({ name }) => name)).toEqual(['b'])
  })

  test('while it waits for others: it leaves in order the view that it was in', async () => {
    const [a] = await membersOf(sim, ['a'])
    const controller = new AbortController()
    const joining = sim.join('orders', { name: 'b', packetBytes: 512, expect: 9, signal: controller.signal })
    const outcome = expect(joining).rejects.toMatchObject({ code: 'ERR_TUTTI_ABORTED' })
    await sim.runUntil(() => a.view.members.length === 2)
    controller.abort()
    await outcome
    await sim.runUntil(() => a.view.members.length === 1)
  })

  test('with a signal that was aborted before: at once', async () => {
    const joining = sim.join('orders', { name: 'a', signal: AbortSignal.abort() })
    await expect(joining).rejects.toMatchObject({ code: 'ERR_TUTTI_ABORTED' })
  })
})

test('a name that a live member has: the second is refused', async () => {
  const [a] = await membersOf(sim, ['a'])
  const second = sim.join('orders', { name: 'a', packetBytes: 512 })
  await expect(second).rejects.toMatchObject({ code: 'ERR_TUTTI_NAME', message: expect.stringContaining('named a') })
  expect(await a.send('still here')).toMatchObject({ view: 1 })
})
