import { type Group, join } from 'tutti'
import type { FailoverSettings, FailoverWord } from './settings.js'

/** A message of steady traffic from each member in so many milliseconds. */
const PERIOD_MS = 2
const PAYLOAD = new Uint8Array(100)

/** On one machine the same clock in every process. */
const nowMs = () => Number(process.hrtime.bigint()) / 1e6

/**
 * A member process of the failover benchmark: joins when told to, sends steadily, says each view as it is installed, and
 * how long it had nothing delivered at most.
 */
async function main({ group: groupName, ...options }: FailoverSettings): Promise<void> {
  let deliveredAtMs = 0
  let gapMs = 0
  const say = (word: FailoverWord) => process.send!(word)
  const begin = async () => {
    const group = await join(groupName, options)
    group.on('view', ({ id, members }) => {
      const names = members.map(({ name }) => name)
      say({ kind: 'view', atMs: nowMs(), id, names, areAllVoters: members.every(({ voter }) => voter) })
    })
    group.on('message', () => {
      const atMs = nowMs()
      if (deliveredAtMs > 0) gapMs = Math.max(gapMs, atMs - deliveredAtMs)
      deliveredAtMs = atMs
    })
    group.on('excluded', () => say({ kind: 'excluded' }))
    keepSending(group)
  }
  process.on('message', command => {
    if (command === 'join') void begin()
    else {
      // What has not ended yet counts as far as it goes.
      const ms = deliveredAtMs === 0 ? 0 : Math.max(gapMs, nowMs() - deliveredAtMs)
      gapMs = 0
      say({ kind: 'gap', ms })
    }
  })
  process.on('disconnect', () => process.exit())
  say({ kind: 'idle' })
}

function keepSending(group: Group): void {
  // A closed window is what the benchmark looks for, not something to wait out.
  setInterval(() => group.offer(PAYLOAD), PERIOD_MS)
}

await main(JSON.parse(process.argv[2]))
