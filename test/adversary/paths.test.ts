import { expect, test } from 'vitest'
import { faults } from './judge.js'
import { World } from './world.js'

/** Paths that are dead one way, processes that stand still, and what they do to repairs. */

test.each([4, 12])('what a sender cannot get across to one member of %i, others repair', members => {
  const world = new World(1)
  const players = world.group(...[...'abcdefghijkl'].slice(0, members))
  const [a] = players
  const deaf = players.at(-1)!
  world.fate = ({ from, to }) => (from === a.name && to === deaf.name ? [] : [0])
  // Of two that cannot hear each other for three seconds the junior is put out: until then.
  for (let i = 0; i < 10; i++) world.in(i * 200, () => a.send(2))
  world.until(() => deaf.messages().length === 20)
  expect(world.until(() => players.every(player => player.messages().length === 20))).toBe(0)
  expect(deaf.log.some(({ type }) => type === 'excluded')).toBe(false)
  expect(faults(world)).toEqual([])
})

test.each(['to', 'from'] as const)(
  'a member cut off %s the coordinator for long is put out, and comes back after',
  way => {
    const world = new World(1)
    const [a, b, c] = world.group('a', 'b', 'c')
    const other = way === 'to' ? 'from' : 'to'
    world.fate = flight => (flight[way] === 'a' && flight[other] === 'c' ? [] : [0])
    const d = world.start('d')
    b.send(3)
    world.until(() => [a, b, d].every(({ view, voters }) => view === 'a b d' && voters === 3))
    const { viewId } = a
    world.run(20_000)
    // It does not come and go while the path is dead.
    expect([a.view, a.viewId]).toEqual(['a b d', viewId])
    world.fate = null
    world.until(() => [a, b, c, d].every(({ view, voters }) => view === 'a b d c' && voters === 4))
    world.run(500)
    expect(faults(world)).toEqual([])
  },
)

test('one that stood still for ten seconds does not make everybody wait so long for repairs', () => {
  const world = new World(1)
  const players = world.group(...'abcdefghijkl')
  world.run(1_000)
  players[3].pause(10_000)
  world.run(10_300)
  const loser = players[5]
  let losses = 2
  world.fate = ({ is, to }) => (is === 'data' && to === loser.name && losses-- > 0 ? [] : [0])
  players[0].send(1)
  expect(world.until(() => loser.messages().length === 1)).toBeLessThan(100)
})

test('a straggler is given the end of the old view by those who are in the next', () => {
  const world = new World(1)
  const [a, b, c, d] = world.group('a', 'b', 'c', 'd')
  // What b sends last reaches neither d nor, for a while, does anybody's repair; b itself leaves.
  const healsMs = world.nowMs + 700
  world.fate = ({ is, to }) => (is === 'data' && to === 'd' && world.nowMs < healsMs ? [] : [0])
  b.send(3)
  b.leave()
  world.until(() => [a, c].every(({ view }) => view === 'a c d'))
  a.send(2)
  expect(d.view).toBe('a b c d')
  world.until(() => d.view === 'a c d' && d.messages().length === 5 && b.end === 'left')
  expect(faults(world)).toEqual([])
})

test('tells go through changes of the view, and to one who leaves as long as it is there', () => {
  const world = new World(1)
  const [a, b, c] = world.group('a', 'b', 'c')
  world.fate = ({ index }) => (index % 4 === 0 ? [] : [0])
  for (let ms = 0; ms < 150; ms += 3) {
    world.in(ms, () => a.send(1, 100, b))
    world.in(ms, () => b.send(1, 900, a))
  }
  a.send(5, 300, c)
  world.in(20, () => c.leave())
  world.in(40, () => world.start('d'))
  world.until(() => c.end === 'left' && b.view === 'a b d')
  world.until(() => [a, b].every(player => player.messages('told').length === 50))
  expect(c.messages('told').length).toBeLessThanOrEqual(5)
  world.until(() => world.players.every(({ view, end }) => view === 'a b d' || end !== null))
  expect(faults(world)).toEqual([])
})
