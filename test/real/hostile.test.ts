import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Group, join } from 'tutti'
import { expect, test } from 'vitest'
import { hash32 } from '../../src/wire/checksum.js'

const SECONDS = process.env.FULL === '1' ? 10 : 2
/** Far below what the garbage of a second amounts to. */
const GROWTH_BYTES_MAX = 150_000_000

/** Members that send while somebody throws garbage at their multicast port: it is counted, and changes nothing. */
test('garbage and nearly right packets at full rate are dropped, and the group goes on', {
  timeout: 60_000,
}, async () => {
  const group = `hostile-${process.pid}`
  const where = { interface: '127.0.0.1', address: '239.193.77.1', port: 17_601 }
  const members = await Promise.all(['a', 'b', 'c'].map(name => join(group, { name, expect: 3, ...where })))
  const received = members.map(member => {
    const texts: string[] = []
    member.on('message', message => texts.push(`${message.from.name}:${message.text()}`))
    return texts
  })

  const tag = hash32(new TextEncoder().encode(group))
  const script = fileURLToPath(new URL('blaster.mjs', import.meta.url))
  const blaster = fork(script, [where.address, String(where.port), String(tag)])
  await once(blaster, 'message')
  const before = process.memoryUsage()
  const sent = await sendFor(members, SECONDS * 1_000)
  const after = process.memoryUsage()
  blaster.send('stop')
  const [blasted] = await once(blaster, 'message')

  const expected = members.flatMap((member, i) =>
    Array.from({ length: sent }, (_, n) => `${member.self.name}:${i}-${n}`),
  )
  await Promise.all(
    members.map(async (member, i) => {
      while (received[i].length < expected.length) await once(member, 'message')
    }),
  )
  for (const texts of received) expect([...texts].sort()).toEqual([...expected].sort())
  for (const member of members) {
    const { dropped } = member.stats()
    expect(dropped.foreign).toBeGreaterThan(0)
    expect(dropped.corrupt).toBeGreaterThan(0)
    expect(dropped.version + dropped.truncated).toBeGreaterThan(0)
  }
  expect(blasted).toBeGreaterThan(1_000)
  expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(GROWTH_BYTES_MAX)
  await Promise.all(members.map(member => member.leave()))
})

/** Every member sends numbered messages, a few a turn, for a time. Returns how many each has sent. */
async function sendFor(members: Group[], ms: number): Promise<number> {
  const end = performance.now() + ms
  let sent = 0
  while (performance.now() < end) {
    await Promise.all(members.map((member, i) => member.send(`${i}-${sent}`)))
    sent++
    await new Promise(setImmediate)
  }
  return sent
}
