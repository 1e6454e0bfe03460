import { expect, it } from 'vitest'
import { Bench } from './host.js'

it('a timer fires on the tick after its deadline, also one that is past', async () => {
  const bench = new Bench()
  const { clock } = bench.host('a').process
  for (const inMs of [-5, 0, 0.2, 0.999, 1, 2.5]) {
    const nowMs = clock.now()
    const atMs = nowMs + inMs
    let firedMs = 0
    clock.arm(atMs, () => {
      firedMs = clock.now()
    })
    await bench.run(10)
    const dueMs = Math.max(atMs, nowMs)
    expect(firedMs).toBeGreaterThan(dueMs)
    expect(firedMs).toBeLessThanOrEqual(dueMs + 1)
    expect(firedMs % 1).toBe(0)
  }
})

it('clocks of two hosts differ', () => {
  const bench = new Bench()
  expect(bench.host('a').process.clock.now()).not.toBe(bench.host('b').process.clock.now())
})

it('one timer is armed at a time, and can be disarmed', async () => {
  const bench = new Bench()
  const { clock } = bench.host('a').process
  const fired: string[] = []
  clock.arm(clock.now() + 5, () => fired.push('first'))
  clock.arm(clock.now() + 10, () => fired.push('second'))
  await bench.run(20)
  clock.arm(clock.now() + 5, () => fired.push('third'))
  clock.disarm()
  await bench.run(20)
  expect(fired).toEqual(['second'])
})

it('a turn is the timer, then the sockets, then what was deferred; what a deferred turn defers is the next', async () => {
  const bench = new Bench()
  const [a, b] = [bench.host('a'), bench.host('b')]
  const { clock } = b.process
  const order: string[] = []
  b.process.pause(20)
  a.multicast(1)
  clock.arm(clock.now() + 1, () => {
    order.push(`timer ${b.arrivals.length}`)
    clock.defer(() => {
      order.push(`deferred ${b.arrivals.length} at ${bench.world.nowMs}`)
      clock.defer(() => order.push(`next ${bench.world.nowMs > 20}`))
    })
  })
  await bench.run(30)
  expect(order).toEqual(['timer 0', 'deferred 1 at 20', 'next true'])
})

it('what is deferred needs nobody to wait for it', async () => {
  const bench = new Bench()
  const { clock } = bench.host('a').process
  await new Promise<void>(resolve => {
    clock.defer(() => clock.defer(resolve))
  })
  expect(bench.world.nowMs).toBeLessThan(1)
})

it('a paused host fires its timer late', async () => {
  const bench = new Bench()
  const { process } = bench.host('a')
  let firedMs = 0
  process.clock.arm(process.clock.now() + 5, () => {
    firedMs = bench.world.nowMs
  })
  process.pause(50)
  await bench.run(100)
  expect(firedMs).toBe(50)
})

it('what throws in a turn ends the run, and says why to all who wait', async () => {
  const bench = new Bench()
  const { clock } = bench.host('a').process
  const waiting = bench.run(100)
  clock.defer(() => {
    throw new Error('broken')
  })
  await expect(waiting).rejects.toThrow('broken')
  await expect(bench.run(1)).rejects.toThrow('broken')
})
