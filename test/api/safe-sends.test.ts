import type { Order } from 'tutti'
import type { Simulation } from 'tutti/sim'
import { beforeEach, describe, expect, test } from 'vitest'
import { iterate, listen, membersOf, newWorld } from './world.js'

/** What the promise of a safe send means, and when it is kept or broken. */

let sim: Simulation

beforeEach(() => {
  sim = newWorld()
})

const orders: readonly Order[] = ['fifo', 'causal', 'total']
const large = 'x'.repeat(60_000)

/** What becomes of a promise: 'sent', an error's code, or null while nothing has. */
function fateOf(promise: Promise<unknown>): { fate: string | null } {
  const watched: { fate: string | null } = { fate: null }
  promise.then(
    () => {
      watched.fate = 'sent'
    },
    error => {
      watched.fate = error.code
    },
  )
  return watched
}

const messagesOf = (log: readonly string[]) => log.filter(line => /^\w: /.test(line))

describe.each(orders)('a safe message, %s', order => {
  test('larger than the window of one who is alone', async () => {
    const [a] = await membersOf(sim, ['a'])
    const log = listen(a)
    await sim.until(a.send(large, { order, safe: true }))
    expect(log).toContain(`a: ${large}`)
  })

  test('larger than the window is safe once its last packet is, whatever is sent behind it', async () => {
    const members = await membersOf(sim, ['a', 'b', 'c'])
    const logs = members.map(listen)
    const other = order === 'fifo' ? 'total' : 'fifo'
    const sending = members[1].send(large, { order, safe: true })
    members[1].on('drain', () => members[1].offer('behind it', { order: other }))
    members[1].offer('', { order: other })
    await sim.until(sending)
    expect(logs[1]).toContain(`b: ${large}`)
  })

  test('of which a part was sent when all others died', async () => {
    const [a, b] = await membersOf(sim, ['a', 'b'])
    const log = listen(a)
    listen(b)
    sim.cut('a', 'b')
    const sending = a.send(large, { order, safe: true })
    await sim.run(5)
    sim.crash('b')
    await sim.until(sending)
    expect(log.filter(line => line === `a: ${large}`)).toHaveLength(1)
  })

  test('is sent when the view is closed with it in the cut, and was delivered then', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    const log = listen(b)
    sim.cut('a', 'c')
    const sending = fateOf(a.send('m', { order, safe: true }))
    await sim.run(60)
    expect([sending.fate, messagesOf(log)]).toEqual([null, []])
    sim.crash('c')
    await sim.runUntil(() => sending.fate !== null)
    await sim.run(100)
    expect([sending.fate, messagesOf(log)[0]]).toEqual(['sent', 'a: m'])
    expect(b.stats()).toMatchObject({ safeAtClose: 1, safeDelivered: 0 })
    expect(c.view.members).toHaveLength(3)
  })

  test('beyond the cut is refused to who was left out, and nobody has it', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    const logs = [a, b].map(listen)
    const lost = listen(c)
    sim.partition(['a', 'b'], ['c'])
    const sending = fateOf(c.send('m', { order, safe: true }))
    await sim.runUntil(() => a.view.members.length === 2)
    expect(sending.fate).toBe(null)
    sim.heal()
    await sim.runUntil(() => a.view.members.length === 3)
    expect(sending.fate).toBe('ERR_TUTTI_EXCLUDED')
    for (const log of [...logs, lost]) expect(log).not.toContain('c: m')
    // Who waits for the promise needs no event besides.
    expect(lost.filter(line => line.startsWith('lost'))).toEqual([])
  })

  test('is settled by leaving: delivered, and sent', async () => {
    const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
    const log = listen(b)
    sim.cut('a', 'c')
    const sending = fateOf(a.send('m', { order, safe: true }))
    await sim.run(5)
    const leaving = a.leave()
    await sim.run(20)
    sim.heal()
    await sim.until(leaving)
    expect([sending.fate, messagesOf(log)[0]]).toEqual(['sent', 'a: m'])
    expect(c.stats().safeAtClose + c.stats().safeDelivered).toBe(1)
  })
})

test('nobody can say of a safe message what became of it where the lineage is given up', async () => {
  // a and b hold it, c's word is missing; then a and b stand alone, each for itself.
  const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
  sim.crash('c')
  sim.cut('b', 'a')
  sim.cut('a', 'b')
  const sending = fateOf(a.send('m', { order: 'total', safe: true }))
  await sim.run(3_000)
  expect(sending.fate).toBe(null)
  a.reform()
  await sim.run(50)
  expect(sending.fate).toBe('ERR_TUTTI_FATE_UNKNOWN')
  expect([b, c].map(({ view }) => view.members.length)).toEqual([3, 3])
})

test('nor of one in total order whose place nobody has heard', async () => {
  const [a, b, c] = await membersOf(sim, ['a', 'b', 'c'])
  const log = listen(b)
  // The sequencer is deaf to b, whose message c receives; then both others die.
  sim.cut('b', 'a')
  await b.send('m', { order: 'total' })
  await sim.run(2)
  sim.crash('a')
  sim.crash('c')
  await sim.run(3_000)
  expect(log).not.toContain('b: m')
  b.reform()
  await sim.run(50)
  expect(log).toContain('lost ERR_TUTTI_FATE_UNKNOWN')
  expect([a, c]).toHaveLength(2)
})

test.each(orders)('who is alone and goes has delivered what it took, %s', async order => {
  const [a] = await membersOf(sim, ['a'])
  const reading = iterate(a)
  const sending = fateOf(a.send('m', { order }))
  const safe = fateOf(a.send('safe', { order, safe: true }))
  await sim.until(a.leave())
  const log = await sim.until(reading)
  expect(log.slice(-2)).toEqual(['a: m', 'a: safe'])
  expect([sending.fate, safe.fate]).toEqual(['sent', 'sent'])
})
