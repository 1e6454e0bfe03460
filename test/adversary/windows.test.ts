import { expect, test } from 'vitest'
import { Delivery } from '../../src/delivery.js'
import { faults } from './judge.js'
import { World } from './world.js'

/** Schedules that broke flow control, and what memory and waiting it allows. */

test('a window closed by the number of its packets is not offered again and again', () => {
  const world = new World(1)
  const [a, b] = world.group('a', 'b')
  b.isReading = false
  for (let ms = 0; ms < 200; ms++) world.in(ms, () => a.send(1, 0))
  world.run(300)
  const { turns } = a
  world.run(1_000)
  // What there are is beats and probes and their answers.
  expect(a.turns - turns).toBeLessThan(150)
  b.read()
  world.until(() => b.messages().length === 200)
  expect(faults(world)).toEqual([])
})

test.each(['a', 'b'])('members may choose windows of different sizes, and %s sends', sender => {
  const world = new World(1)
  const engine = { receiveBufferBytes: 4_194_304 }
  const a = world.start('a', { engine: { ...engine, windowBytesMax: 1_048_576 } })
  world.until(() => a.view === 'a')
  const b = world.start('b', { engine: { ...engine, windowBytesMax: 16_384 } })
  world.until(() => a.view === 'a b' && b.view === a.view)
  world.fate = ({ is, index }) => (is === 'data' && index % 7 === 3 ? [] : [0])
  ;(sender === 'a' ? a : b).send(500, 450)
  world.until(() => a.messages().length === 500 && b.messages().length === 500)
  expect(faults(world)).toEqual([])
})

test('a whole window that is lost is asked for, though nothing came that says how far the last one is stable', () => {
  const world = new World(1)
  // A window of 100 packets, in a ring of 128.
  const engine = { receiveBufferBytes: 204_800 }
  const a = world.start('a', { engine })
  world.until(() => a.view === 'a')
  const b = world.start('b', { engine })
  world.until(() => a.view === 'a b' && b.view === a.view)
  world.run(100)
  a.send(1, 44_000)
  world.until(() => b.messages().length === 1)
  world.run(20)
  let isHealed = false
  world.fate = ({ is }) => (is === 'data' && !isHealed ? [] : [0])
  a.send(1, 44_000)
  world.run(50)
  isHealed = true
  world.until(() => b.messages().length === 2)
})

test('a slow consumer holds a window from each sender, and loses nothing', () => {
  const world = new World(1)
  const [a, b, c, d] = world.group('a', 'b', 'c', 'd')
  d.isReading = false
  for (const player of [a, b, c]) player.send(4, 200_000)
  world.run(10_000)
  // The first message of each is larger than the window: it is taken whole, and with it what fits the window behind it.
  const heldBytes = d.unread.reduce((sum, event) => sum + (event instanceof Delivery ? bytesOf(event) : 0), 0)
  expect(heldBytes).toBeLessThanOrEqual(3 * 200_000)
  d.read()
  world.until(() => [a, b, c, d].every(player => player.messages().length === 12))
  expect(faults(world)).toEqual([])
})

test('a message of no bytes arrives, in windows that wrap', () => {
  const world = new World(1)
  const [a, b] = world.group('a', 'b')
  world.fate = ({ index }) => (index % 5 === 0 ? [] : [0])
  a.send(300, 0)
  b.send(300, 0)
  for (let ms = 0; ms < 50; ms++) world.in(ms, () => a.send(1, 0))
  world.until(() => [a, b].every(player => player.messages().length === 650))
  expect(faults(world)).toEqual([])
})

test('a leaver waits for what a closed window holds back, but does not desert the group over it', () => {
  const world = new World(1)
  const [a, b, c] = world.group('a', 'b', 'c')
  c.isReading = false
  b.send(2_000, 400)
  world.run(100)
  b.leave()
  world.until(() => b.end !== null)
  expect(b.end).toBe('ERR_TUTTI_LEAVE_TIMEOUT')
  world.until(() => a.view === 'a c' && c.view === 'a c')
  c.read()
  a.send(3)
  world.until(() => c.messages().filter(label => label.startsWith('a')).length === 3)
  expect(faults(world)).toEqual([])
})

test('what waits behind a message larger than the window is sent before its sender leaves', () => {
  const world = new World(1)
  const [a, b] = world.group('a', 'b')
  b.send(12, 70_000)
  b.leave()
  world.until(() => b.end !== null)
  expect(b.end).toBe('left')
  expect(a.messages()).toHaveLength(12)
})

function bytesOf(delivery: Delivery): number {
  let bytes = 0
  delivery.forEach((_bytes, _offset, length) => {
    bytes += length
  })
  return bytes
}
