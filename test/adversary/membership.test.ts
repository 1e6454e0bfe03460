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
  losingFirst(world, isWay('wish', 'b', 'a'))
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
  // One that changes who is in, and one in which d votes.
  expect([a.viewId, b.view, b.voters]).toEqual([viewId + 2, 'a b d', 3])
})

test('a leaver that did not hear the last word asks again, and the next change does not make it wait', () => {
  const world = new World(1)
  const [a, b, c] = world.group('a', 'b', 'c')
  losingFirst(world, isWay('decide', 'a', 'c'))
  c.leave()
  world.until(() => a.view === 'a b')
  const d = world.start('d')
  expect(world.until(() => c.end === 'left')).toBeLessThan(100)
  world.until(() => [a, b, d].every(({ view, voters }) => view === 'a b d' && voters === 3))
  expect(faults(world)).toEqual([])
})

test('the last to leave stays until the others have heard that they may', () => {
  const world = new World(1)
  const [a, b] = world.group('a', 'b')
  losingFirst(world, isWay('decide', 'a', 'b'))
  a.leave()
  b.leave()
  expect(world.until(() => a.end === 'left' && b.end === 'left')).toBeLessThan(400)
})

test('a leaver that is heard no more once the view is decided is not waited for for ever', () => {
  const world = new World(1)
  const [a, b, c] = world.group('a', 'b', 'c')
  let isDecided = false
  world.fate = ({ is, from }) => {
    isDecided ||= is === 'decide'
    return isDecided && from === 'c' ? [] : [0]
  }
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
  // Who stands still for so long is put out, and comes back; the others go on with the lineage that there is.
  world.until(() => c.end === 'left' && [a, b, d].every(({ view, voters }) => view === 'b d a' && voters === 3))
  expect(
    new Set([a, b, c, d].flatMap(({ log }) => log.flatMap(seen => ('lineage' in seen ? [seen.lineage] : [])))).size,
  ).toBe(1)
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

test('the junior of two whose senior is dead is no storm of probes, however quick its host is to refuse them', () => {
  const world = new World(1)
  const [a, b] = world.group('a', 'b')
  a.crash()
  world.run(1_000)
  const { probes, turns } = b
  world.run(10_000)
  expect(b.events.filter(({ type }) => type === 'blocked')).toHaveLength(1)
  expect(b.probes - probes).toBeLessThan(10 * 25)
  expect(b.turns - turns).toBeLessThan(10 * 100)
})

test('a packet of the dead that comes to one member alone, and after its promise, is delivered by nobody', () => {
  const world = new World(1)
  const [a, b, c, d] = world.group('a', 'b', 'c', 'd')
  let late: Flight | null = null
  world.fate = flight => {
    if (flight.is === 'data' && flight.from === 'd') {
      if (flight.to === 'c') late ??= flight
      return []
    }
    if (flight.is === 'promise' && flight.from === 'c') world.in(0.01, () => late!.deliver())
    return [0]
  }
  d.send(1)
  world.in(0.05, () => d.crash())
  world.until(() => [a, b, c].every(({ view }) => view === 'a b c'))
  expect(late).not.toBeNull()
  expect([a, b, c].flatMap(player => player.messages())).toEqual([])
  expect(faults(world)).toEqual([])
})

test('a packet of the dead that one member alone holds is filled, though that one dies in the middle of it', () => {
  for (const is of ['promise', 'fill', 'filled', 'accept', 'accepted', 'decide']) {
    const world = new World(1)
    const [a, b, c, d, e] = world.group('a', 'b', 'c', 'd', 'e')
    let isDead = false
    world.fate = flight => {
      if (flight.is === 'data' && flight.from === 'e' && flight.to !== 'c') return []
      if (flight.is !== is || isDead) return [0]
      isDead = true
      c.crash()
      return [0]
    }
    e.send(1)
    world.in(0.15, () => e.crash())
    world.until(() => [a, b, d].every(({ view, voters }) => view === 'a b d' && voters === 3))
    world.run(500)
    expect(isDead).toBe(true)
    expect(faults(world)).toEqual([])
  }
})

test('one whom nobody hears is told which of its messages are lost, and comes back without them', () => {
  const world = new World(1)
  const [a, b, c] = world.group('a', 'b', 'c')
  b.send(2)
  world.run(100)
  world.fate = ({ from }) => (from === 'b' ? [] : [0])
  b.send(3)
  world.until(() => [a, c].every(({ view }) => view === 'a c'))
  world.run(500)
  world.fate = null
  world.until(() => [a, b, c].every(({ view, voters }) => view === 'a c b' && voters === 3))
  b.send(1)
  world.run(500)
  expect(b.lost).toEqual([2, 3, 4].map(nth => ({ nth, code: 'ERR_TUTTI_EXCLUDED' })))
  expect(a.messages()).toEqual(['b0', 'b1', 'b5'])
  expect(faults(world)).toEqual([])
})

test('all leave, and the one that stays to see the others out was not the one who decided so', () => {
  const world = new World(1)
  const [a, b, c] = world.group('a', 'b', 'c')
  // So b is in the next view, alone, and a has decided it.
  losingFirst(world, isWay('wish', 'b', 'a'))
  for (const player of [a, b, c]) player.leave()
  expect(world.until(() => [a, b, c].every(({ end }) => end === 'left'))).toBeLessThan(300)
})
