import { expect, it } from 'vitest'
import type { Group } from '../../src/group.js'
import { Simulation } from '../../src/sim/simulation.js'

/** What a member delivers from here on. */
function heard(group: Group): string[] {
  const texts: string[] = []
  group.on('message', message => texts.push(`${message.from.name}: ${message.text()}`))
  group.on('told', message => texts.push(`${message.from.name}, to me: ${message.text()}`))
  return texts
}

async function trio(sim: Simulation): Promise<Group[]> {
  const groups = await Promise.all(['a', 'b', 'c'].map(name => sim.join('orders', { name, expect: 3 })))
  return groups
}

it('members find each other and deliver what each of them sends', async () => {
  const sim = new Simulation({ seed: 1 })
  const groups = await trio(sim)
  const lists = groups.map(heard)
  await groups[0].send('one')
  await groups[2].tell('b', 'two')
  await sim.run(100)
  expect(lists).toEqual([['a: one'], expect.arrayContaining(['a: one', 'c, to me: two']), ['a: one']])
  expect(groups[0].view.members.map(member => member.name).sort()).toEqual(['a', 'b', 'c'])
  expect(sim.check()).toEqual([])
})

it('does what the first example of its documentation says', async () => {
  const sim = new Simulation({ seed: 7, loss: 0.01 })
  const [a, b, c] = await trio(sim)
  const [, , ofC] = [a, b, c].map(heard)
  sim.partition(['a'], ['b', 'c'])
  await a.send('hello')
  await sim.run(300)
  expect(ofC).toEqual([])
  sim.heal()
  await sim.run(500)
  expect(ofC).toEqual(['a: hello'])
  expect(sim.check()).toEqual([])
})

it('what is taken in batches is delivered, too', async () => {
  const sim = new Simulation({ seed: 1 })
  const groups = await trio(sim)
  let count = 0
  for (const group of groups)
    group.on('batch', batch => {
      count += batch.length
    })
  await groups[0].send('hello')
  await sim.run(200)
  expect(count).toBe(3)
  expect(sim.check()).toEqual([])
})

it.each([
  [{ los: 0.5 }, 'los'],
  [{ loss: -1 }, 'loss'],
  [{ loss: 'high' }, 'loss'],
  [{ delayMs: 5 }, 'delayMs'],
])('refuses %j: it would test a network on which nothing is wrong', async (impairment, names) => {
  expect(() => new Simulation(impairment as never)).toThrow(names)
  expect(() => new Simulation().impair(impairment as never)).toThrow(names)
})

it('the trace has what a pipe would have said', async () => {
  const sim = new Simulation({ seed: 1 })
  const a = await sim.join('orders', { name: 'a' })
  heard(a)
  await sim.run(1)
  for (const data of ['text', Uint8Array.of(0xff)]) {
    await a.send(data)
    await sim.run(1)
  }
  await sim.until(a.leave())
  const { incarnation } = a.self
  const binary = { base64: '/w==' }
  expect(sim.trace).toMatchObject([
    { process: 'a#1', event: 'ready', name: 'a', incarnation, n: 1 },
    { event: 'view', id: 1, members: [{ name: 'a', incarnation, voter: true }], primary: true, n: 2 },
    { op: 'send', id: '1', data: 'text' },
    { event: 'sent', id: '1', view: 1, n: 3 },
    { event: 'message', from: 'a', incarnation, view: 1, order: 'fifo', data: 'text', n: 4 },
    { op: 'send', id: '2', data: binary },
    { event: 'sent', id: '2', view: 1 },
    { event: 'message', data: binary },
    { op: 'leave' },
    { event: 'left' },
  ])
})

it('a short partition holds back what is sent, and healing lets it through', async () => {
  const sim = new Simulation({ seed: 2 })
  const groups = await trio(sim)
  const lists = groups.map(heard)
  sim.partition(['a'], ['b', 'c'])
  await groups[0].send('cut off')
  await sim.run(300)
  expect(lists[1]).toEqual([])
  sim.heal()
  await sim.runUntil(() => lists[1].length + lists[2].length === 2)
  expect(lists).toEqual([['a: cut off'], ['a: cut off'], ['a: cut off']])
})

it('what one way loses is repaired, at whatever loss', async () => {
  const sim = new Simulation({ seed: 3, loss: 0.2, duplicate: 0.1, reorder: 0.1 })
  const groups = await trio(sim)
  const lists = groups.map(heard)
  for (let i = 0; i < 100; i++) await sim.until(groups[i % 3].send(`message ${i}`))
  await sim.runUntil(() => lists.every(list => list.length === 100))
  expect(sim.check()).toEqual([])
})

it('a paused member catches up', async () => {
  const sim = new Simulation({ seed: 4 })
  const [a, b] = await trio(sim)
  const list = heard(b)
  sim.pause('b', 500)
  await a.send('wait for me')
  await sim.run(499)
  expect(list).toEqual([])
  await sim.run(50)
  expect(list).toEqual(['a: wait for me'])
})

it('a member that crashes goes dead, and its trace says so', async () => {
  const sim = new Simulation({ seed: 5 })
  const [a, b] = await trio(sim)
  const lists = [heard(a), heard(b)]
  sim.crash('b')
  await a.send('anybody?')
  await sim.run(1_000)
  expect(lists).toEqual([['a: anybody?'], []])
  expect(sim.trace.filter(line => line.process === 'b#1').at(-1)).toMatchObject({ event: 'crashed' })
  expect(() => sim.pause('b', 1)).toThrow('no live member is named b')
})

it('a member may die in the middle of a turn, when it has sent and delivered nothing of that yet', async () => {
  const sim = new Simulation({ seed: 5 })
  const groups = await trio(sim)
  for (const group of groups) heard(group)
  const dead: string[] = []
  const end = sim.onStep('decide', name => {
    end()
    dead.push(name)
    sim.crash(name)
  })
  void groups[2].leave()
  await sim.run(5_000)
  expect(dead).toHaveLength(1)
  const last = sim.trace.filter(line => line.process === `${dead[0]}#1`).at(-1)
  expect(last).toMatchObject({ event: 'crashed' })
  expect(sim.check()).toEqual([])
})

it('a member that restarts is another life of its name, and knows nothing of the first', async () => {
  const sim = new Simulation({ seed: 5 })
  const first = await sim.join('orders', { name: 'a' })
  heard(first)
  await first.send('before')
  await sim.run(10)
  sim.crash('a')
  const second = await sim.join('orders', { name: 'a' })
  const list = heard(second)
  await second.send('after')
  await sim.run(10)
  expect(list).toEqual(['a: after'])
  expect(second.self.incarnation).not.toBe(first.self.incarnation)
  expect(new Set(sim.trace.map(line => line.process))).toEqual(new Set(['a#1', 'a#2']))
  expect(sim.check()).toEqual([])
})

it('a join that is refused rejects, and leaves no process behind', async () => {
  const sim = new Simulation({ seed: 5 })
  await sim.join('orders', { name: 'a' })
  await expect(sim.join('orders', { name: 'a' })).rejects.toMatchObject({ code: 'ERR_TUTTI_NAME' })
  expect(sim.trace.map(line => line.process)).not.toContain('a#2')
  sim.crash('a')
  expect(() => sim.crash('a')).toThrow('no live member is named a')
})

it('one name may be in several groups, and they do not hear each other', async () => {
  const sim = new Simulation({ seed: 6 })
  const groups = await Promise.all(['orders', 'bills'].map(group => sim.join(group, { name: 'a' })))
  const lists = groups.map(heard)
  await groups[0].send('an order')
  await sim.run(100)
  expect(lists).toEqual([['a: an order'], []])
})

it('an iterator reads at its own pace, in simulated time', async () => {
  const sim = new Simulation({ seed: 7 })
  const a = await sim.join('orders', { name: 'a' })
  const seen: [string, number][] = []
  const reading = (async () => {
    for await (const event of a) {
      seen.push(['text' in event ? event.text() : event.type, Math.floor(sim.nowMs)])
      await sim.sleep(1_000)
    }
  })()
  await a.send('one')
  await a.send('two')
  const startMs = seen[0][1]
  await sim.run(3_500)
  await sim.until(a.leave())
  await sim.until(reading)
  expect(seen.map(([what, atMs]) => [what, atMs - startMs])).toEqual([
    ['view', 0],
    ['one', 1_000],
    ['two', 2_000],
  ])
})

it('says what was waited for in vain, and with which seed', async () => {
  const sim = new Simulation({ seed: 8 })
  await expect(sim.runUntil(() => false, 100)).rejects.toThrow('within 100 simulated ms (seed 8)')
  expect(sim.nowMs).toBe(100)
})

it('a question that throws ends the wait that asks it, and nothing else', async () => {
  const sim = new Simulation()
  const [a, b] = await trio(sim)
  const other = sim.runUntil(() => sim.nowMs > 5_000)
  let asked = 0
  const failing = sim.runUntil(() => {
    if (++asked > 3) throw new Error('no answer')
    return false
  })
  await expect(failing).rejects.toThrow('no answer')
  await other
  const heard: string[] = []
  b.on('message', message => heard.push(message.text()))
  await sim.until(a.send('goes on'))
  await sim.run(50)
  expect(heard).toEqual(['goes on'])
})

it('refuses what is no message as a group does elsewhere', async () => {
  const [a] = await trio(new Simulation())
  await expect(a.send(5 as never)).rejects.toMatchObject({ code: 'ERR_TUTTI_OPTION' })
  await expect(a.tell('b', {} as never)).rejects.toMatchObject({ code: 'ERR_TUTTI_OPTION' })
  await expect(a.tell(undefined as never, 'x')).rejects.toMatchObject({ code: 'ERR_TUTTI_NOT_MEMBER' })
})

it('does not wait for ever for what cannot come about', async () => {
  const sim = new Simulation()
  await expect(sim.runUntil(() => false, Infinity)).rejects.toThrow('nothing left to do')
})

it('refuses a seed that is none', () => {
  expect(() => new Simulation({ seed: -1 })).toThrow('seed must be an integer')
})

it('equal seeds give equal runs, different seeds different ones', async () => {
  const hashOf = async (seed: number) => {
    const sim = new Simulation({ seed, loss: 0.1 })
    const [a, b] = await trio(sim)
    for (let i = 0; i < 20; i++) await sim.until(Promise.all([a.send(`${i}`), b.send(`${i}`)]))
    await sim.run(100)
    return sim.hash
  }
  const [one, again, other] = await Promise.all([hashOf(1), hashOf(1), hashOf(2)])
  expect(again).toBe(one)
  expect(other).not.toBe(one)
})
