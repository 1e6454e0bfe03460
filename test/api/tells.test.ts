import type { Group } from 'tutti'
import { beforeEach, describe, expect, test } from 'vitest'
import { listen, membersOf, newWorld } from './world.js'

/** What members tell each other, while lives and lineages come to an end. */

let sim: ReturnType<typeof newWorld>
beforeEach(() => {
  sim = newWorld()
})

const told = (log: readonly string[]): string[] => log.filter(line => line.includes(' to me: '))

const outcomeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'sent',
    ({ code }) => code,
  )

/** Cuts `one` off until the others have left it out, lets it come back, and waits until it is one of them again. */
async function leaveOut(one: Group, others: readonly Group[]): Promise<void> {
  const { incarnation } = one.self
  const size = others[0].view.members.length
  const names = others.map(({ self }) => self.name)
  sim.partition(names, [one.self.name])
  await sim.runUntil(() => others.every(({ view }) => view.members.length === size - 1))
  sim.heal()
  const isBack = (group: Group) => group.view.members.length === size
  await sim.runUntil(() => one.self.incarnation !== incarnation && [one, ...others].every(isBack))
  await sim.run(500)
}

test('old acquaintances that meet again in another lineage tell each other anew', async () => {
  const [, , c, d] = await membersOf(sim, ['a', 'b', 'c', 'd'])
  const [ofC, ofD] = [c, d].map(listen)
  await c.tell('d', 'one')
  await d.tell('c', 'uno')
  await sim.run(100)
  sim.crash('a')
  sim.crash('b')
  await sim.run(3_000)
  c.reform()
  await sim.runUntil(() => d.view.lineage === c.view.lineage && d.view.members.length === 2)
  await sim.run(500)
  await c.tell('d', 'two')
  await d.tell('c', 'dos')
  await sim.run(1_000)
  expect(told(ofC)).toEqual(['d to me: uno', 'd to me: dos'])
  expect(told(ofD)).toEqual(['c to me: one', 'c to me: two'])
})

test.each([[['a']], [['a', 'b']]])('what a member tells itself it is told before it has left: %j', async names => {
  const [a] = await membersOf(sim, names)
  const log = listen(a)
  const outcomes = Array.from({ length: 200 }, (_, i) => outcomeOf(a.tell('a', `${i}`.padEnd(1_000))))
  await sim.until(a.leave())
  expect(await sim.until(Promise.all(outcomes))).toEqual(outcomes.map(() => 'sent'))
  expect(told(log)).toHaveLength(200)
  expect(log.at(-1)).toBe('left')
})

test('a life that is over is told apart from the one that goes by its name', async () => {
  const [a, b] = await membersOf(sim, ['a', 'b'])
  const before = { ...b.self, incarnation: '0123456789abcdef' }
  await expect(a.tell(before, 'you')).rejects.toMatchObject({
    code: 'ERR_TUTTI_NOT_MEMBER',
    message: expect.stringContaining('b of incarnation 0123456789abcdef'),
  })
})

describe('a member that is left out', () => {
  test('hears what became of what it told: in part, waiting, and not known to have arrived', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    const [ofB, ofC] = [b, c].map(listen)
    sim.partition(['a', 'b'], ['c'])
    const small = outcomeOf(c.tell('b', 'small'))
    const large = outcomeOf(c.tell('b', new Uint8Array(500_000)))
    const behind = outcomeOf(c.tell('b', 'behind'))
    await sim.runUntil(() => a.view.members.length === 2)
    sim.heal()
    await sim.runUntil(() => ofC.includes('excluded') && c.view.members.length === 3)
    await sim.run(500)
    const later = outcomeOf(c.tell('b', 'later'))
    await sim.run(2_000)
    expect(await sim.until(Promise.all([small, large, behind, later]))).toEqual([
      'sent',
      'ERR_TUTTI_FATE_UNKNOWN',
      'sent',
      'sent',
    ])
    expect(ofC.filter(line => line.startsWith('lost'))).toEqual(['lost ERR_TUTTI_FATE_UNKNOWN'])
    expect(told(ofB)).toEqual(['c to me: behind', 'c to me: later'])
  })

  test('reads what it was told in its life before, and that opens no window of the new one', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    for (const group of [a, b]) listen(group)
    const iterator = c[Symbol.asyncIterator]()
    await a.tell('c', 'old')
    await sim.run(20)
    await leaveOut(c, [a, b])
    await a.tell('c', 'new')
    await sim.run(200)
    const log: string[] = []
    const reading = async () => {
      for await (const event of { [Symbol.asyncIterator]: () => iterator })
        if (event.type === 'told') log.push(event.text())
    }
    reading()
    await sim.run(100)
    expect(log).toEqual(['old', 'new'])
    // Many windows more, of a stream whose numbers are those of the one before.
    const telling = (async () => {
      for (let i = 0; i < 2_000; i++) await a.tell('c', 'x'.repeat(400))
    })()
    await sim.until(telling)
    await sim.run(200)
    expect(log).toHaveLength(2_002)
  })
})
