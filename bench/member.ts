import { monitorEventLoopDelay } from 'node:perf_hooks'
import { getHeapSpaceStatistics } from 'node:v8'
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
  // Fields, as in the ceiling: a variable of a closure that outgrows 31 bits is an object more for each message.
  const counted = { messages: 0, bytes: 0, touched: 0 }
  const stalls = monitorEventLoopDelay()
  stalls.enable()
  if (api === 'batch') {
    group.on('batch', batch =>
      batch.forEach((bytes, offset, length) => {
        counted.messages++
        counted.bytes += length
        counted.touched ^= bytes[offset]
      }),
    )
  } else {
    group.on('message', message => {
      counted.messages++
      counted.bytes += message.length
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
      ...counted,
      cpuMicros: user + system,
      rssBytes: process.memoryUsage.rss(),
      youngBytes: getHeapSpaceStatistics().find(space => space.space_name === 'new_space')!.physical_space_size,
      stallMs,
      stats: group.stats(),
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
