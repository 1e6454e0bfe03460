import { type Group, type Sent, TuttiError } from 'tutti'
import { Simulation } from 'tutti/sim'
import { beforeEach, describe, expect, test } from 'vitest'
import { iterate, listen, membersOf, newWorld, votersOf } from './world.js'

/** What an application sees when members die, stand still, or cannot hear each other. */

let sim: ReturnType<typeof newWorld>
beforeEach(() => {
  sim = newWorld()
})

const namesOf = ({ view }: Group) => view.members.map(({ name }) => name).join(' ')

/** Lets time pass until all of these are in one view of all of them, as voters. */
const together = (...groups: Group[]) =>
  sim.runUntil(() => groups.every(({ view }) => view.id === groups[0].view.id && votersOf(view) === groups.length))

describe('a member that crashes', () => {
  test('is put out by a view without it, in which all who stayed have the same', async () => {
    const [a, , c] = await membersOf(sim, ['a', 'b', 'c'])
    const logs = [a, c].map(listen)
    const changes: string[] = []
    c.on('view', (view, { left, stayed }) => {
      changes.push(`${view.id} -${left.map(({ name }) => name)} =${stayed.map(({ name }) => name)}`)
    })
    const { id } = a.view
    sim.crash('b')
    await sim.runUntil(() => namesOf(a) === 'a c' && namesOf(c) === 'a c')
    await sim.run(10)
    for (const log of logs) expect(log.at(-1)).toBe(`view ${id + 1}: a c`)
    expect(changes.at(-1)).toBe(`${id + 1} -b =a,c`)
  })

  test.each([false, true])('is found out within a second, also with its host (silent: %j)', async isSilent => {
    const [, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    // Who was never heard in a view is given more time.
    await sim.run(500)
    const startMs = sim.nowMs
    sim.crash('a', { isSilent })
    await sim.runUntil(() => namesOf(b) === 'b c' && namesOf(c) === 'b c')
    expect(sim.nowMs - startMs).toBeLessThan(isSilent ? 1_000 : 250)
  })

  test('may come back under its name at once', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b', 'c'])
    const { incarnation } = a.view.members[2]
    sim.crash('c')
    const again = await sim.join('orders', { name: 'c', packetBytes: 512 })
    await together(a, b, again)
    expect(a.view.members.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    expect(a.view.members[2].incarnation).toBe(again.self.incarnation)
    expect(again.self.incarnation).not.toBe(incarnation)
  })

  test('has told what it sent last to all of the others or to none', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    const logs = [a, c].map(listen)
    sim.cut('b', 'c')
    await b.send('last words')
    await sim.run(2)
    sim.crash('b')
    sim.heal()
    await sim.runUntil(() => namesOf(a) === 'a c' && namesOf(c) === 'a c')
    await sim.run(10)
    for (const log of logs) expect(log.slice(-2)).toEqual(['b: last words', `view ${a.view.id}: a c`])
  })
})

describe('a member that stands still for too long', () => {
  test('is told that it is excluded, and comes back by itself as another incarnation', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    const log = listen(b)
    const incarnations: string[] = []
    b.on('excluded', incarnation => incarnations.push(incarnation))
    const before = b.self.incarnation
    const { id, lineage } = a.view
    sim.pause('b', 5_000)
    await sim.runUntil(() => namesOf(a) === 'a c' && namesOf(c) === 'a c')
    await a.send('without b')
    await together(a, b, c)
    await sim.run(10)
    expect(incarnations).toEqual([b.self.incarnation])
    expect(b.self.incarnation).not.toBe(before)
    expect(b.view.lineage).toBe(lineage)
    expect(namesOf(b)).toBe('a c b')
    // The next view is not of those that came along from the last: what happened between, b never learns.
    expect(log.slice(log.indexOf('excluded'))).toEqual(['excluded', `view ${id + 2}: a c b`, `view ${id + 3}: a c b`])
    await b.send('back')
    await sim.run(50)
    expect(log.at(-1)).toBe('b: back')
  })

  test('gets `excluded` from its iterator too, between the views', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    const log: string[] = []
    const ended = iterate(b, log)
    sim.pause('b', 5_000)
    await sim.runUntil(() => namesOf(a) === 'a c')
    await together(a, b, c)
    await sim.until(b.leave())
    await ended
    expect(log.filter(line => !line.startsWith('view'))).toEqual(['excluded'])
    const at = log.indexOf('excluded')
    expect(log[at - 1]).toMatch(/: a b c$/)
    expect(log[at + 1]).toMatch(/: a c b$/)
  })

  test('its first view after that says that nobody came along', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    const stayed: number[] = []
    b.on('excluded', () => b.once('view', (_, change) => stayed.push(change.stayed.length)))
    sim.pause('b', 5_000)
    await sim.runUntil(() => namesOf(a) === 'a c')
    await together(a, b, c)
    await sim.run(1)
    expect(stayed).toEqual([0])
  })

  test('sends what waited, in its new life', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    listen(a)
    listen(b)
    while (b.offer(new Uint8Array(100))) await sim.run(0)
    const waiting = b.send('waited')
    sim.pause('b', 5_000)
    await sim.runUntil(() => namesOf(a) === 'a c')
    const heard = listen(c)
    expect(await sim.until(waiting)).toMatchObject({ view: b.view.id })
    await together(a, b, c)
    await sim.run(50)
    expect(heard).toContain('b: waited')
  })
})

test('a member that may not come back hears why', async () => {
  const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
  const [, , log] = [a, b, c].map(listen)
  sim.pause('c', 5_000)
  await sim.runUntil(() => a.view.members.length === 2)
  await sim.join('orders', { packetBytes: 512, name: 'c' })
  await sim.runUntil(() => log.includes('left'))
  expect(log.slice(-3)).toEqual(['excluded', 'error ERR_TUTTI_NAME', 'left'])
  const cause = { code: 'ERR_TUTTI_NAME' }
  await expect(c.send('late')).rejects.toMatchObject({ code: 'ERR_TUTTI_LEFT', cause })
  await expect(c.leave()).rejects.toMatchObject(cause)
})

describe('what was sent and then lost', () => {
  /** What `send` resolved to, and the error that came after, for each message of which it did. */
  function losses(group: Group): [Sent, TuttiError][] {
    const lost: [Sent, TuttiError][] = []
    group.on('lost', (sent, error) => lost.push([sent, error]))
    return lost
  }

  test('by a member that is left out: ERR_TUTTI_EXCLUDED for what is beyond the cut, and for nothing else', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    const heard = listen(a)
    const lost = losses(b)
    await b.send('arrives')
    await sim.run(50)
    sim.cut('b', 'a')
    sim.cut('b', 'c')
    const sent = await b.send('never arrives')
    await sim.runUntil(() => namesOf(a) === 'a c')
    sim.heal()
    await together(a, b, c)
    expect(lost.map(([which]) => which)).toEqual([sent])
    expect(lost[0][0]).toBe(sent)
    expect(lost[0][1]).toBeInstanceOf(TuttiError)
    expect(lost[0][1].code).toBe('ERR_TUTTI_EXCLUDED')
    await sim.run(50)
    // Nothing is sent again by itself.
    expect(heard.filter(line => line.startsWith('b:'))).toEqual(['b: arrives'])
  })

  test('by one that gives up its lineage: ERR_TUTTI_FATE_UNKNOWN', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const heard = listen(b)
    const lost = losses(b)
    sim.partition(['a'], ['b'])
    const sent = await b.send('to whom?')
    await sim.runUntil(() => heard.includes('blocked no-quorum: a'))
    b.reform()
    await sim.runUntil(() => namesOf(b) === 'b')
    await sim.run(1)
    expect(lost).toEqual([[sent, expect.objectContaining({ code: 'ERR_TUTTI_FATE_UNKNOWN' })]])
    expect(namesOf(a)).toBe('a')
  })

  test('is nothing where all who stay have it', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    const lost = [a, b, c].flatMap(losses)
    for (let i = 0; i < 10; i++) await a.send(`${i}`)
    sim.crash('c')
    await sim.runUntil(() => namesOf(a) === 'a b' && namesOf(b) === 'a b')
    await sim.run(1_000)
    expect(lost).toEqual([])
  })
})

describe('without a quorum', () => {
  test('the junior of two is blocked, with the name waited for; its sends wait', async () => {
    const [, b] = await membersOf(sim, ['a', 'b'])
    const log = listen(b)
    sim.crash('a')
    await sim.runUntil(() => log.includes('blocked no-quorum: a'))
    let isSent = false
    b.send('waits').then(
      () => {
        isSent = true
      },
      () => {},
    )
    expect(b.offer('no')).toBe(false)
    await sim.run(5_000)
    expect(isSent).toBe(false)
    expect(namesOf(b)).toBe('a b')
    expect(log.filter(line => line.includes('blocked'))).toEqual(['blocked no-quorum: a'])
  })

  test('the senior of two goes on', async () => {
    const [a] = await membersOf(sim, ['a', 'b'])
    const log = listen(a)
    sim.crash('b')
    await sim.runUntil(() => namesOf(a) === 'a')
    await sim.run(2_000)
    expect(log.filter(line => line.includes('blocked'))).toEqual([])
  })

  test('who is cut off is blocked, and unblocked when it is heard again', async () => {
    const [, b] = await membersOf(sim, ['a', 'b'])
    const log = listen(b)
    sim.cut('a', 'b')
    await sim.runUntil(() => log.includes('blocked no-quorum: a'))
    const sent = b.send('waited')
    sim.heal()
    await sim.until(sent)
    await sim.run(20)
    expect(log).toContain('unblocked no-quorum')
    expect(log.indexOf('unblocked no-quorum')).toBeGreaterThan(log.indexOf('blocked no-quorum: a'))
    expect(log.at(-1)).toBe('b: waited')
  })

  test('sends can be given up by their signal', async () => {
    const [, b] = await membersOf(sim, ['a', 'b'])
    const log = listen(b)
    sim.crash('a')
    await sim.runUntil(() => log.includes('blocked no-quorum: a'))
    const controller = new AbortController()
    const sent = b.send('in vain', { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(sent).rejects.toMatchObject({ code: 'ERR_TUTTI_ABORTED', cause: { message: 'enough' } })
  })
})

describe('reform', () => {
  test('founds a new lineage from one survivor, whose sends go on', async () => {
    const [, , c] = await membersOf(sim, ['a', 'b', 'c'])
    const log = listen(c)
    const { lineage } = c.view
    sim.crash('a')
    sim.crash('b')
    await sim.runUntil(() => log.includes('blocked no-quorum: a b'))
    const sent = c.send('waited')
    c.reform()
    expect(await sim.until(sent)).toMatchObject({ view: 1 })
    await sim.run(10)
    expect(c.view).toMatchObject({ id: 1, primary: true })
    expect(c.view.lineage).not.toBe(lineage)
    // What was sent in the new lineage is not lost with the old one.
    expect(log.slice(log.indexOf('view 1: c')).sort()).toEqual(['c: waited', 'unblocked no-quorum', 'view 1: c'])
    const d = await sim.join('orders', { name: 'd', packetBytes: 512 })
    expect(namesOf(d)).toBe('c d')
  })

  test('lets others that lost the same quorum join the new lineage', async () => {
    const [, , , d, e] = await membersOf(sim, ['a', 'b', 'c', 'd', 'e'])
    const logs = [d, e].map(listen)
    for (const name of ['a', 'b', 'c']) sim.crash(name)
    await sim.runUntil(() => logs.every(log => log.some(line => line.startsWith('blocked no-quorum'))))
    const { incarnation } = e.self
    d.reform()
    await together(d, e)
    expect(namesOf(d)).toBe('d e')
    expect(e.self.incarnation).toBe(incarnation)
    expect(logs[1]).toContain('merged: lost')
  })

  test('is refused where a quorum is alive', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b', 'c'])
    for (const group of [a, b]) {
      expect(() => group.reform()).toThrow(expect.objectContaining({ code: 'ERR_TUTTI_QUORUM' }))
    }
    sim.crash('c')
    expect(() => b.reform()).toThrow(TuttiError)
    await sim.runUntil(() => namesOf(b) === 'a b')
  })
})

describe('a group that is alive does not give way', () => {
  /** Lets `members` speak, and says who was heard by all. */
  async function heard(members: readonly Group[]): Promise<string[]> {
    const sent = members.map(async member => {
      await member.send('hello')
      return member.self.name
    })
    return sim.until(Promise.all(sent), 5_000)
  }

  // Which of two lineages goes on is a matter of their numbers, so of chance: of some seeds, half have the other one.
  test.each([1, 2, 3, 4])('to one of the dead, who has only slept (seed %j)', async seed => {
    sim = new Simulation({ seed })
    const [a] = await membersOf(sim, ['a', 'b', 'c'])
    listen(a)
    sim.pause('a', 4_000)
    sim.crash('b')
    sim.crash('c')
    const others = await membersOf(sim, ['d', 'e', 'f'])
    const { lineage } = others[0].view
    others.forEach(listen)
    await sim.runUntil(() => a.view.members.length === 4)
    await sim.run(2_000)
    expect(a.view.lineage).toBe(lineage)
    expect(await heard(others)).toEqual(['d', 'e', 'f'])
  })

  test.each([1, 2, 3, 4])('to one without a quorum, who has slept while a cut was healed (seed %j)', async seed => {
    sim = new Simulation({ seed })
    sim.partition(['a', 'b', 'c'], ['d', 'e', 'f'])
    const [a] = await membersOf(sim, ['a', 'b', 'c'])
    const others = await membersOf(sim, ['d', 'e', 'f'])
    const { lineage } = others[0].view
    for (const group of [a, ...others]) listen(group)
    sim.crash('b', { isSilent: true })
    sim.crash('c', { isSilent: true })
    await sim.run(4_000)
    sim.pause('a', 1_000)
    await sim.run(100)
    sim.heal()
    await sim.runUntil(() => a.view.members.length === 4)
    expect(a.view.lineage).toBe(lineage)
    expect(await heard(others)).toEqual(['d', 'e', 'f'])
  })
})

describe('two groups of one name that could not hear each other', () => {
  test('become one: `merged` says which lineage goes on, and whether it was one’s own', async () => {
    sim.partition(['a', 'b'], ['c', 'd'])
    const join = (name: string) => sim.join('orders', { name, packetBytes: 512 })
    const groups = [await join('a'), await join('b'), await join('c'), await join('d')]
    expect(groups.map(namesOf)).toEqual(['a b', 'a b', 'c d', 'c d'])
    const lineages = groups.map(({ view }) => view.lineage)
    const incarnations = groups.map(({ self }) => self.incarnation)
    const logs = groups.map(listen)
    const merged: [string, boolean][] = []
    for (const group of groups) group.on('merged', (lineage, won) => merged.push([lineage, won]))
    sim.heal()
    await together(...groups)
    await sim.run(10)
    const [lineage] = lineages.toSorted()
    expect(groups[0].view.lineage).toBe(lineage)
    // Nobody was left out: they joined as who they were.
    expect(groups.map(({ self }) => self.incarnation)).toEqual(incarnations)
    expect(logs.flat().filter(line => line === 'excluded')).toEqual([])
    for (const [i, log] of logs.entries()) {
      expect(log.filter(line => line.startsWith('merged'))).toEqual([
        lineages[i] === lineage ? 'merged: won' : 'merged: lost',
      ])
    }
    expect(merged.map(([goesOn]) => goesOn)).toEqual(groups.map(() => lineage))
    await groups[3].send('to all')
    await sim.run(50)
    for (const log of logs) expect(log.at(-1)).toBe('d: to all')
  })

  test('lose nothing that was sent in either before they met', async () => {
    sim.partition(['a', 'b'], ['c', 'd'])
    const join = (name: string) => sim.join('orders', { name, packetBytes: 512 })
    const groups = [await join('a'), await join('b'), await join('c'), await join('d')]
    const logs = groups.map(listen)
    for (const group of groups) group.on('lost', (_, { code }) => expect.unreachable(code))
    for (let i = 0; i < 20; i++) for (const group of groups) await group.send(`${i}`)
    sim.heal()
    for (let i = 20; i < 40; i++) {
      await sim.run(50)
      for (const group of groups) await sim.until(group.send(`${i}`))
    }
    await together(...groups)
    await sim.run(100)
    for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) {
      const own = logs[i].filter(line => line.startsWith(`${name}:`))
      expect(own).toEqual(Array.from({ length: 40 }, (_, n) => `${name}: ${n}`))
    }
  })
})

describe('where links are dead one way', () => {
  test('two who hear each other go on, though each has lost one way to or from the third', async () => {
    const [, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    for (const group of [b, c]) listen(group)
    sim.cut('a', 'c')
    sim.cut('b', 'a')
    await sim.runUntil(() => namesOf(b) === 'b c' && namesOf(c) === 'b c')
    await sim.until(b.send('goes on', { safe: true }))
  })

  test('a coordinator that goes deaf in mid-ballot does not go on alone, so that the others can (C13)', async () => {
    const groups = await membersOf(sim, ['a', 'b', 'c', 'd', 'e'])
    for (const group of groups) listen(group)
    // Nobody knows yet that e is gone, and it is waited for as f wants to join.
    sim.crash('e', { isSilent: true })
    void sim.join('orders', { name: 'f', packetBytes: 512 })
    await sim.run(100)
    for (const name of ['b', 'c', 'd', 'f']) sim.cut(name, 'a')
    await sim.run(3_000)
    sim.heal()
    sim.crash('a')
    const rest = groups.slice(1, 4)
    await sim.runUntil(() => rest.every(group => namesOf(group) === 'b c d f'))
    expect(sim.check()).toEqual([])
  })
})
