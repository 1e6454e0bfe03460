import { join } from 'tutti'
import type { RunSettings, Sample } from './settings.js'

/** A member process of a benchmark: on 'send' it sends as fast as flow control lets it, on 'sample' it says how it goes. */
async function main(settings: RunSettings & { readonly rank: number }): Promise<void> {
  const { members, senders, bytes, trains, rank, port } = settings
  const group = await join(settings.group, {
    name: `member-${rank}`,
    interface: settings.interface,
    expect: members,
    port,
    trains,
  })
  let messages = 0
  let bytesDelivered = 0
  const take = (_bytes: Uint8Array, _offset: number, length: number) => {
    messages++
    bytesDelivered += length
  }
  if (process.env.MSG) group.on('message', message => take(new Uint8Array(0), 0, message.length))
  else group.on('batch', batch => batch.forEach(take))
  const options = process.env.ORDER
    ? { order: process.env.ORDER as 'total', safe: process.env.SAFE === '1' }
    : undefined
  const payload = new Uint8Array(bytes).fill(rank + 1)
  const sendOn = () => {
    while (group.offer(payload, options));
  }
  const sample = (): Sample => {
    const { user, system } = process.cpuUsage()
    return { atMs: performance.now(), messages, bytes: bytesDelivered, cpuMicros: user + system, stats: group.stats() }
  }
  process.on('message', command => {
    if (command === 'sample') process.send!(sample())
    else if (rank < senders) {
      group.on('drain', sendOn)
      sendOn()
    }
  })
  process.on('disconnect', () => process.exit())
  process.send!(sample())
}

await main(JSON.parse(process.argv[2]))
