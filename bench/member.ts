import { monitorEventLoopDelay } from 'node:perf_hooks'
import { join } from 'tutti'
import type { RunSettings, Sample } from './settings.js'

/** A member process of a benchmark: on 'send' it sends as fast as flow control lets it, on 'sample' it says how it goes. */
async function main(settings: RunSettings & { readonly rank: number }): Promise<void> {
  const { members, senders, bytes, trains, order, safe, api, rank, port } = settings
  const group = await join(settings.group, {
    name: `member-${rank}`,
    interface: settings.interface,
    expect: members,
    port,
    trains,
    order,
    safe,
  })
  let messages = 0
  let bytesDelivered = 0
  let touched = 0
  const stalls = monitorEventLoopDelay()
  stalls.enable()
  if (api === 'batch') {
    group.on('batch', batch =>
      batch.forEach((bytes, offset, length) => {
        messages++
        bytesDelivered += length
        touched ^= bytes[offset]
      }),
    )
  } else {
    group.on('message', message => {
      messages++
      bytesDelivered += message.length
    })
  }
  const payload = new Uint8Array(bytes).fill(rank + 1)
  const sendOn = () => {
    while (group.offer(payload));
  }
  const sample = (): Sample & { readonly touched: number } => {
    const { user, system } = process.cpuUsage()
    const stallMs = stalls.max / 1e6
    stalls.reset()
    return {
      atMs: performance.now(),
      messages,
      bytes: bytesDelivered,
      cpuMicros: user + system,
      rssBytes: process.memoryUsage.rss(),
      stallMs,
      stats: group.stats(),
      touched,
    }
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
