import { expect, test } from 'vitest'
import { faults } from './judge.js'
import { type Flight, World } from './world.js'

/** Schedules that broke the membership protocol, each as it happened. */

/** Loses the first packet that `is` says, and no other. */
function losingFirst(world: World, is: (flight: Flight) => boolean): void {
  let isLost = false
  world.fate = flight => {
    if (isLost || !is(flight)) return [0]
    isLost = true
    return []
  }
}

const isWay = (is: string, from: string, to: string) => (flight: Flight) =>
  flight.is === is && flight.from === from && flight.to === to

test('a leaver whose request the leaving coordinator did not hear leaves as the next coordinator', () => {
  const world = new World(1)
  const [a, b, c] = world.group('a', 'b', 'c')
  losingFirst(world, isWay('leave', 'b', 'a'))
  a.leave()
  world.in(1, () => b.leave())
  world.until(() => a.end === 'left' && b.end === 'left' && c.view === 'c')
  expect(faults(world)).toEqual([])
})

test('a request to join that arrives when its sender has gone brings in no ghost', () => {
  const world = new World(1)
  const [a, b] = world.group('a', 'b')
  world.fate = ({ is }) => (is === 'join' ? [0, 1_000] : [0])
  const c = world.start('c')
  world.until(() => a.view === 'a b c')
  c.leave()
  world.until(() => c.end === 'left')
  world.run(1_500)
  expect([a.view, b.view]).toEqual(['a b', 'a b'])
  const d = world.start('d')
  world.until(() => d.view === 'a b d')
})

test('a joiner that gives up while the coordinator stands still is not taken in', () => {
  const world = new World(1)
  const [a, b] = world.group('a', 'b')
  const c = world.start('c')
  world.in(0.26, () => a.pause(3_000))
  world.in(4, () => c.leave())
  world.until(() => c.end === 'left')
  world.run(3_000)
  expect([a.view, b.view]).toEqual(['a b', 'a b'])
})

test('one that asks but cannot hear is not taken in, and holds up nobody', () => {
  const world = new World(1)
  const [a, b] = world.group('a', 'b')
  world.fate = ({ to }) => (to === 'deaf' ? [] : [0])
  world.start('deaf')
  const c = world.start('c')
  world.until(() => c.view === 'a b c')
  world.run(5_000)
  expect([a.viewId, b.view]).toEqual([c.viewId, 'a b c'])
})

test('requests that were repeated while the view changed do not change it again', () => {
  const world = new World(1)
  const [a, b, c] = world.group('a', 'b', 'c')
  const { viewId } = a
  const healsMs = world.nowMs + 150
  world.fate = ({ is, from, atMs }) => (is === 'promise' && from === 'b' && atMs < healsMs ? [] : [0])
  world.start('d')
  c.leave()
  world.until(() => a.view === 'a b d')
  world.run(1_000)
  expect([a.viewId, b.view]).toEqual([viewId + 1, 'a b d'])
})

test('a leaver that did not hear the last word asks again, and the next change does not make it wait', () => {
  const world = new World(1)
  const [a, b, c] = world.group('a', 'b', 'c')
  losingFirst(world, isWay('settled', 'a', 'c'))
  c.leave()
  world.until(() => a.view === 'a b')
  world.start('d')
  expect(world.until(() => c.end === 'left')).toBeLessThan(100)
  world.until(() => b.view === 'a b d')
  expect(faults(world)).toEqual([])
})

test('the last to leave stays until the others have heard that they may', () => {
  const world = new World(1)
  const [a, b] = world.group('a', 'b')
  losingFirst(world, isWay('settled', 'a', 'b'))
  a.leave()
  b.leave()
  expect(world.until(() => a.end === 'left' && b.end === 'left')).toBeLessThan(400)
})

test('a leaver that is heard no more once the view is decided is not waited for for ever', () => {
  const world = new World(1)
  const [a, b, c] = world.group('a', 'b', 'c')
  world.fate = ({ is, from }) => (from === 'c' && is === 'installed' ? [] : [0])
  c.leave()
  world.until(() => c.end === 'left')
  const d = world.start('d')
  world.until(() => d.view === 'a b d' && b.view === d.view && a.view === d.view)
})

test('a joiner does not take a group for gone whose coordinator stands still in the middle of a view change', () => {
  const world = new World(1)
  const [a, b, c] = world.group('a', 'b', 'c')
  world.fate = ({ is }) => {
    if (is === 'prepare') a.pause(4_000)
    return [0]
  }
  c.leave()
  world.run(100)
  world.fate = null
  const d = world.start('d')
  world.until(() => c.end === 'left' && [a, b, d].every(({ view }) => view === 'a b d'))
  expect(faults(world)).toEqual([])
})

test.each([1, 2, 3, 4])('ten start, and the one that is to found stands still before it does (seed %i)', seed => {
  const world = new World(seed)
  const players = [...'abcdefghij'].map(name => world.start(name))
  const [founder] = players.toSorted((p, q) => (p.incarnation < q.incarnation ? -1 : 1))
  world.in(250, () => founder.pause(10_000))
  world.until(() => players.every(({ view }) => view.split(' ').length === 10))
  expect(faults(world)).toEqual([])
})

test.each([1, 2, 3, 4])('ten that start at once are together after at most three views (seed %i)', seed => {
  const world = new World(seed)
  const players = [...'abcdefghij'].map(name => world.start(name))
  world.until(() => players.every(({ view }) => view.split(' ').length === 10))
  expect(players[0].viewId).toBeLessThanOrEqual(3)
  expect(faults(world)).toEqual([])
})

test('a leaver that stands still for ten seconds in the middle still leaves in order', () => {
  for (const atMs of [0.01, 3, 5.6, 5.8, 6.1]) {
    const world = new World(1)
    const [a, b, c] = world.group('a', 'b', 'c')
    c.leave()
    world.in(atMs, () => c.pause(10_000))
    world.until(() => c.end !== null)
    expect(c.end).toBe('left')
    world.until(() => a.view === 'a b' && b.view === a.view)
    const d = world.start('d')
    world.until(() => d.view === 'a b d')
  }
})
