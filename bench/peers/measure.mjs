import { setTimeout as sleep } from 'node:timers/promises'
import { rates } from '../../dist/bench/throughput.js'

/**
 * Figures of members that obey 'send' and 'sample'. `members`: each a LineProcess, and the processes that work for it.
 */
export async function measure(shape, members, { warmUpSeconds, seconds }) {
  await Promise.all(members.map(({ member }) => member.line(/^ready$/)))
  for (const { member } of members.slice(0, shape.senders)) member.tell('send')
  const sample = () => Promise.all(members.map(({ member, helpers }) => member.sample(helpers)))
  await sleep(warmUpSeconds * 1000)
  const before = await sample()
  await sleep(seconds * 1000)
  return rates(shape, before, await sample())
}
