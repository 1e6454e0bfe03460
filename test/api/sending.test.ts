import { Group, TuttiError } from 'tutti'
import { beforeEach, describe, expect, test } from 'vitest'
import { listen, membersOf, newWorld } from './world.js'

let sim: ReturnType<typeof newWorld>
beforeEach(() => {
  sim = newWorld()
})

/** Offers messages of 100 bytes until one is not taken. */
function fill(group: Group): number {
  let taken = 0
  while (group.offer(new Uint8Array(100))) taken++
  return taken
}

/** A fresh signal each time, and what aborts the last. */
function aborter(): { signal(): AbortSignal; abort(): void } {
  let controller = new AbortController()
  return {
    signal: () => {
      controller = new AbortController()
      return controller.signal
    },
    abort: () => controller.abort(),
  }
}

test('send says in which view the message was sealed', async () => {
  const [a] = await membersOf(sim, ['a', 'b'])
  expect(await a.send('hello')).toMatchObject({ view: 3 })
})

test('strings and bytes both arrive, also empty ones, also at the sender', async () => {
  const groups = await membersOf(sim, ['a', 'b'])
  const logs = groups.map(listen)
  await groups[0].send('grüße')
  await groups[0].send(new TextEncoder().encode('bytes'))
  await groups[0].send('')
  await sim.run(20)
  for (const log of logs) expect(log.slice(-3)).toEqual(['a: grüße', 'a: bytes', 'a: '])
})

test('the caller may use its bytes again once the message was taken', async () => {
  const [a, b] = await membersOf(sim, ['a', 'b'])
  const log = listen(b)
  const bytes = new TextEncoder().encode('original')
  expect(a.offer(bytes)).toBe(true)
  bytes.fill(0x2a)
  await sim.run(20)
  expect(log.at(-1)).toBe('a: original')
})

test('also those of a Buffer, of a message that is larger than the window', async () => {
  const [a, b] = await membersOf(sim, ['a', 'b'])
  listen(a)
  const came: Uint8Array[] = []
  b.on('message', message => came.push(message.data))
  const bytes = Buffer.alloc(1_000_000, 1)
  expect(a.offer(bytes)).toBe(true)
  bytes.fill(2)
  await sim.runUntil(() => came.length > 0)
  expect(came[0].every(byte => byte === 1)).toBe(true)
})

describe('a closed window', () => {
  test('makes offer return false, and drain follows when it is open', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const log = listen(a)
    const taken = fill(a)
    expect(taken).toBeGreaterThan(50)
    // Nobody listens at b: nothing is consumed there.
    await sim.run(400)
    expect(log).not.toContain('drain')
    expect(a.offer('no')).toBe(false)
    const heard = listen(b)
    await sim.runUntil(() => log.includes('drain'))
    expect(a.offer('yes')).toBe(true)
    await sim.run(50)
    expect(heard.at(-1)).toBe('a: yes')
    expect(heard.filter(line => line.startsWith('a:'))).toHaveLength(taken + 1)
  })

  test('is closed by an iterator that does not read, whose memory stays bounded', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    listen(a)
    const iterator = b[Symbol.asyncIterator]()
    // The view of its join, and the one that made it a voter.
    for (let views = 0; views < 2; views++) expect((await iterator.next()).value.type).toBe('view')
    let taken = 0
    for (let round = 0; round < 50; round++) {
      taken += fill(a)
      await sim.run(20)
    }
    // A window of a quarter of the receive buffer, and a packet.
    expect(taken * 104).toBeLessThan(16_384 + 512)
    for (let i = 0; i < taken; i++) expect((await sim.until(iterator.next())).value.type).toBe('message')
    await sim.runUntil(() => a.offer('on it goes'))
  })

  test('makes send wait its turn', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    fill(a)
    const order: number[] = []
    const sends = [0, 1, 2].map(i => a.send(`${i}`).then(() => order.push(i)))
    await sim.run(300)
    expect(order).toEqual([])
    // What waits goes first.
    expect(a.offer('out of turn')).toBe(false)
    listen(a)
    const heard = listen(b)
    await sim.until(Promise.all(sends))
    expect(order).toEqual([0, 1, 2])
    await sim.run(50)
    expect(heard.slice(-3)).toEqual(['a: 0', 'a: 1', 'a: 2'])
  })

  test('a send that waits can be given up by its signal, and is not sent', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    listen(a)
    fill(a)
    const controller = new AbortController()
    const given = a.send('given up', { signal: controller.signal })
    const kept = a.send('kept')
    await sim.run(20)
    controller.abort(new Error('enough'))
    await expect(given).rejects.toMatchObject({ code: 'ERR_TUTTI_ABORTED', cause: { message: 'enough' } })
    const heard = listen(b)
    await sim.until(kept)
    await sim.run(50)
    expect(heard).toContain('a: kept')
    expect(heard).not.toContain('a: given up')
  })

  test('any number of sends that wait, and of joins, can share one signal', async () => {
    const [a] = await membersOf(sim, ['a', 'b'])
    const controller = new AbortController()
    const { signal } = controller
    const warnings: Error[] = []
    const warn = (warning: Error) => warnings.push(warning)
    process.on('warning', warn)
    await Promise.all(Array.from({ length: 12 }, (_, i) => sim.join(`of ${i}`, { name: `j${i}`, signal })))
    fill(a)
    const sends = Array.from({ length: 20 }, () => a.send('given up', { signal }))
    await sim.run(20)
    process.off('warning', warn)
    expect(warnings).toEqual([])
    controller.abort()
    for (const send of sends) await expect(send).rejects.toMatchObject({ code: 'ERR_TUTTI_ABORTED' })
  })

  test('a signal that comes after the message was taken has no effect', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const heard = listen(b)
    const controller = new AbortController()
    const sent = a.send('taken', { signal: controller.signal })
    controller.abort()
    expect(await sent).toMatchObject({ view: 3 })
    await sim.run(20)
    expect(heard.at(-1)).toBe('a: taken')
  })

  test('a signal that was aborted before sends nothing', async () => {
    const [a] = await membersOf(sim, ['a'])
    await expect(a.send('no', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ERR_TUTTI_ABORTED' })
  })

  test('holds so many sends and no more', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'], { limits: { waitingSendsMax: 3 } })
    fill(a)
    const waiting = [0, 1, 2].map(i => a.send(`${i}`))
    const tooMany = a.send('3')
    await expect(tooMany).rejects.toMatchObject({ code: 'ERR_TUTTI_OVERFLOW' })
    await expect(tooMany).rejects.toThrow('limits.waitingSendsMax')
    listen(a)
    listen(b)
    await sim.until(Promise.all(waiting))
  })

  test('sends that were given up count no more, and are not kept', async () => {
    const small = { limits: { waitingSendsMax: 3 } }
    const [a] = await membersOf(sim, ['a', 'b'], small)
    fill(a)
    const { signal, abort } = aborter()
    a.send('first').catch(() => {})
    for (let i = 0; i < 5; i++) {
      const given = a.send('given up', { signal: signal() })
      abort()
      await expect(given).rejects.toMatchObject({ code: 'ERR_TUTTI_ABORTED' })
    }
    for (let i = 0; i < 2; i++) a.send('waits').catch(() => {})
    await expect(a.send('one too many')).rejects.toMatchObject({ code: 'ERR_TUTTI_OVERFLOW' })
  })

  test('a send is resolved by the end of its own message, not of one that a listener offers meanwhile', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const iterator = b[Symbol.asyncIterator]()
    const reading = (async () => {
      for (let length = 0; length !== 100_000; ) {
        const { value } = await iterator.next()
        length = value.type === 'message' ? value.length : 0
      }
    })()
    let offered = 0
    a.on('message', ({ length }) => {
      // Its end has to wait for b, who reads no more.
      if (length === 100_000 && a.offer(new Uint8Array(200_000))) offered++
    })
    const sent = a.send(new Uint8Array(100_000))
    await sim.until(reading)
    await sim.until(sent, 1_000)
    expect(offered).toBe(1)
  })

  test('is reported with who holds it, once for half a second and again when it is over', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    listen(a)
    const blocked: unknown[] = []
    a.on('blocked', (reason, waiting) => blocked.push([reason, ...waiting]))
    a.on('unblocked', reason => blocked.push(reason))
    fill(a)
    await sim.run(2_000)
    expect(blocked).toEqual([['window', 'b']])
    listen(b)
    await sim.run(500)
    expect(blocked).toEqual([['window', 'b'], 'window'])
  })
})

describe('the size of a message', () => {
  const limits = { messageBytesMax: 10_000 }

  test('may be exactly the maximum', async () => {
    const groups = await membersOf(sim, ['a', 'b'], { limits })
    const lengths: number[] = []
    groups[1].on('message', ({ length }) => lengths.push(length))
    await sim.until(groups[0].send(new Uint8Array(10_000)))
    await sim.run(50)
    expect(lengths).toEqual([10_000])
  })

  test('may not be one over it: an error that names the limit, and nothing is sent', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'], { limits })
    const heard = listen(b)
    const tooLarge = new Uint8Array(10_001)
    await expect(a.send(tooLarge)).rejects.toMatchObject({ code: 'ERR_TUTTI_MESSAGE_SIZE' })
    await expect(a.tell('b', tooLarge)).rejects.toMatchObject({ code: 'ERR_TUTTI_MESSAGE_SIZE' })
    expect(() => a.offer(tooLarge)).toThrow(/10001 bytes .* 10000.* limits\.messageBytesMax/)
    await sim.run(50)
    expect(heard.filter(line => line.startsWith('a'))).toEqual([])
  })

  test('is counted in bytes, not in characters', async () => {
    const [a] = await membersOf(sim, ['a'], { limits })
    await expect(a.send('ü'.repeat(5_001))).rejects.toMatchObject({ code: 'ERR_TUTTI_MESSAGE_SIZE' })
    expect(await sim.until(a.send('ü'.repeat(5_000)))).toMatchObject({ view: 1 })
  })

  test('is the founder’s for all who join', async () => {
    const [, b] = await membersOf(sim, ['a'], { limits }).then(async ([a]) => [
      a,
      await sim.join('orders', { name: 'b', packetBytes: 512 }),
    ])
    await expect(b.send(new Uint8Array(10_001))).rejects.toMatchObject({ code: 'ERR_TUTTI_MESSAGE_SIZE' })
  })

  test('holds for who sends on its way back into the group, too', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'], { limits: { messageBytesMax: 10_000 } })
    const c = await sim.join('orders', { packetBytes: 512, name: 'c' })
    const log = listen(b)
    for (const group of [a, c]) listen(group)
    const { incarnation } = c.self
    sim.partition(['a', 'b'], ['c'])
    await sim.runUntil(() => a.view.members.length === 2)
    sim.heal()
    await sim.runUntil(() => c.self.incarnation !== incarnation)
    const large = c.send(new Uint8Array(20_000))
    const small = c.send('small')
    await expect(sim.until(large)).rejects.toMatchObject({ code: 'ERR_TUTTI_MESSAGE_SIZE' })
    await sim.until(small)
    await sim.run(500)
    expect(log.filter(line => line.startsWith('c: '))).toEqual(['c: small'])
  })

  const ways = (['fifo', 'causal', 'total'] as const).flatMap(order => [{ order }, { order, safe: true }])
  test.each(ways)('may be many windows, also for a member that is alone, who waits for nobody: %j', async how => {
    const [a] = await membersOf(sim, ['a'])
    const lengths: number[] = []
    a.on('message', ({ length }) => lengths.push(length))
    await sim.until(a.send(new Uint8Array(1_000_000), how), 20)
    const last = a.send(new Uint8Array(1_000_000), how)
    await sim.until(a.leave(), 100)
    await last
    expect(lengths).toEqual([1_000_000, 1_000_000])
  })
})

describe('what is no message', () => {
  test.each([[undefined], [null], [7], [{}], [[1, 2]]])('%j is refused', async data => {
    const [a] = await membersOf(sim, ['a'])
    await expect(a.send(data as never)).rejects.toMatchObject({ code: 'ERR_TUTTI_OPTION' })
    expect(() => a.offer(data as never)).toThrow(TuttiError)
  })

  test.each([
    [{ order: 'random' }, /order is 'fifo', 'causal' or 'total', not 'random'/],
    [{ safe: 1 }, /safe must be true or false, not 1/],
  ])('%j is refused', async (how, why) => {
    const [a] = await membersOf(sim, ['a'])
    const { send, offer } = Group.prototype
    await expect(send.call(a, 'x', how as never)).rejects.toThrow(why)
    expect(() => offer.call(a, 'x', how as never)).toThrow(why)
  })
})

describe('options of one message', () => {
  test.each([
    [{ durable: true }, 'ERR_TUTTI_UNSUPPORTED', 'durable'],
    [{ oder: 'total' }, 'ERR_TUTTI_OPTION', 'oder'],
    [{ order: 'fast' }, 'ERR_TUTTI_OPTION', 'order'],
    [{ signal: {} }, 'ERR_TUTTI_OPTION', 'signal'],
    [5, 'ERR_TUTTI_OPTION', 'options'],
    [null, 'ERR_TUTTI_OPTION', 'options'],
  ])('%j are refused by a sentence that names what is wrong', async (options, code, names) => {
    const [a] = await membersOf(sim, ['a', 'b'])
    const error = expect.objectContaining({ code, message: expect.stringContaining(names) })
    await expect(a.send('x', options as never)).rejects.toEqual(error)
    expect(() => a.offer('x', options as never)).toThrow(error)
  })

  test('a message to one member has no order', async () => {
    const [a] = await membersOf(sim, ['a', 'b'])
    await expect(a.tell('b', 'x', { order: 'total' } as never)).rejects.toMatchObject({ code: 'ERR_TUTTI_OPTION' })
    await expect(a.tell({} as never, 'x')).rejects.toMatchObject({ code: 'ERR_TUTTI_NOT_MEMBER' })
  })
})

describe('tell', () => {
  test('reaches the one who is named, or who stands in the view, or oneself', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    const logs = [a, b, c].map(listen)
    await a.tell('b', 'by name')
    await a.tell(a.view.members[2], 'by member')
    await a.tell('a', 'to myself')
    await sim.run(50)
    const told = logs.map(log => log.filter(line => line.includes('to me')))
    expect(told).toEqual([['a to me: to myself'], ['a to me: by name'], ['a to me: by member']])
  })

  test('reaches nobody who is not in the view', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const { self } = b
    await sim.until(b.leave())
    await sim.runUntil(() => a.view.members.length === 1)
    await expect(a.tell('b', 'too late')).rejects.toMatchObject({ code: 'ERR_TUTTI_NOT_MEMBER' })
    await expect(a.tell(self, 'too late')).rejects.toMatchObject({ code: 'ERR_TUTTI_NOT_MEMBER' })
    await expect(a.tell('nobody', '?')).rejects.toThrow('nobody')
  })

  test('fails when its addressee leaves while it waits', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    listen(a)
    const waiting: Promise<unknown>[] = []
    for (let i = 0; i < 4_000; i++) waiting.push(a.tell('b', new Uint8Array(200)))
    const outcomes = Promise.allSettled(waiting)
    await sim.run(100)
    // b reads nothing, so that its part of the window stays closed; it may leave all the same.
    await sim.until(b.leave())
    await sim.runUntil(() => a.view.members.length === 1)
    const last = (await sim.until(outcomes)).at(-1)!
    expect(last).toMatchObject({ status: 'rejected', reason: { code: 'ERR_TUTTI_NOT_MEMBER' } })
  })
})
