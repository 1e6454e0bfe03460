import { writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Forked } from '../../bench/forked.js'
import { HEADLINE_API, type RunSettings, type Sample } from '../../bench/settings.js'

/** How long `npm run real -- --load` wants it. */
const SECONDS = Number(process.env.REAL_LOAD_SECONDS ?? 0)
const SAMPLE_EVERY_SECONDS = 10
const START_MS = 2_000
const MEMBERS = 4
const BYTES = [100, 1_000, 8_000]

/** Who stood still for so long itself has no claim to be heard. */
const STALL_MS_MAX = 300
/** What the collector has not come to yet may come and go. */
const GROWTH_BYTES_MAX = 32 << 20

/**
 * All members at full rate for minutes: busy is not dead, so nobody is to be left out, and no view is to change; and the
 * memory that they need does not grow.
 */
describe.skipIf(SECONDS === 0)('a loaded group (npm run real -- --load)', () => {
  it.each(BYTES)(
    'of four members that all send messages of %i bytes',
    async bytes => {
      const members = start(bytes)
      try {
        await Promise.all(members.map(member => member.next()))
        await delay(START_MS)
        for (const member of members) member.tell('send')
        const first = await sample(members)
        let last = first
        let settled: Sample[] | undefined
        const endMs = performance.now() + (SECONDS / BYTES.length) * 1000
        while (performance.now() < endMs) {
          await delay(Math.min(SAMPLE_EVERY_SECONDS * 1000, endMs - performance.now()))
          const before = last
          last = await sample(members)
          settled ??= last
          say(bytes, first, last)
          // What a member is put out for may have been in the period before.
          const stalled = last.map(({ stallMs }, i) => Math.max(stallMs, before[i].stallMs) >= STALL_MS_MAX)
          const leftOut = last.map(({ stats }, i) => stats.exclusions > before[i].stats.exclusions)
          expect(leftOut.filter((isOut, i) => isOut && !stalled[i])).toEqual([])
          if (stalled.includes(true)) continue
          expect(last.map(({ stats }) => stats.views)).toEqual(before.map(({ stats }) => stats.views))
        }
        for (const [i, each] of last.entries()) {
          expect(each.messages).toBeGreaterThan(first[i].messages)
          expect(heldBytes(each)).toBeLessThan(heldBytes(settled![i]) + GROWTH_BYTES_MAX)
        }
      } finally {
        await Promise.all(members.map(member => member.stop()))
      }
    },
    (SECONDS + 60) * 1000,
  )
})

const WAY = { order: 'fifo', safe: false, api: HEADLINE_API } as const

function start(bytes: number): Forked<Sample>[] {
  const port = 23_000 + (process.pid % 1_000) * 10 + BYTES.indexOf(bytes)
  const group = { group: `load-${process.pid}-${bytes}`, interface: '127.0.0.1', port }
  const settings: RunSettings = { members: MEMBERS, senders: MEMBERS, bytes, trains: true, ...WAY, ...group }
  return Array.from({ length: MEMBERS }, (_, rank) => new Forked<Sample>('member.js', { ...settings, rank }))
}

/** Memory beside what V8 has set aside for what is yet to become garbage. */
const heldBytes = ({ rssBytes, youngBytes }: Sample): number => rssBytes - youngBytes

const sample = (members: readonly Forked<Sample>[]): Promise<Sample[]> =>
  Promise.all(members.map(member => member.ask('sample')))

function say(bytes: number, first: readonly Sample[], last: readonly Sample[]): void {
  const seconds = (last[0].atMs - first[0].atMs) / 1000
  const rate = (last[0].messages - first[0].messages) / seconds
  const views = last.map(({ stats }, i) => stats.views - first[i].stats.views)
  const exclusions = last.map(({ stats }) => stats.exclusions)
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(0)
  const memory = last.map(each => `${mebibytes(heldBytes(each))} + ${mebibytes(each.youngBytes)}`)
  const stalls = last.map(({ stallMs }) => stallMs.toFixed(0))
  const cells = [
    `${bytes} B`,
    `${seconds.toFixed(0)} s`,
    `${rate.toFixed(0)} messages/s at a member`,
    `new views ${views}`,
    `left out ${exclusions}`,
    `stood still ${stalls} ms`,
    `memory ${memory} MiB`,
  ]
  writeSync(1, `${cells.join('  ')}\n`)
}
