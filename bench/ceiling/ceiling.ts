import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../ports.js'
import type { CeilingSettings, Layout, Sample } from './settings.js'

export interface CeilingOptions {
  readonly members: number
  readonly senders: number
  readonly bytes: number
  readonly seconds: number
  readonly warmUpSeconds?: number
  readonly layout?: Layout
  readonly trains?: boolean
  readonly packetBytes?: number
  readonly trainPackets?: number
  readonly windowBytes?: number
  readonly ackBytes?: number
  readonly receiveBufferBytes?: number
  readonly interface?: string
  readonly address?: string
  readonly port?: number
}

/** What was delivered at one receiver, all senders together, and what a delivery cost all processes. */
export interface CeilingResult {
  readonly messagesPerSecond: number
  readonly megabytesPerSecond: number
  readonly cpuMicrosPerMessage: number
  /** Not 0: the windows were larger than the receive buffers, and the figure is worth little. */
  readonly packetsLost: number
  readonly stalls: number
  readonly bufferDrops: number
  readonly path: 'trains' | 'datagrams'
}

/**
 * Settings that were fastest: full trains; windows that together fit three quarters of the receive buffer with room to
 * spare; four acknowledgements a window. Straddling is 1.4 times as fast as padding for messages just over half a
 * packet, padding 1 to 1.3 times as fast elsewhere.
 */
export const CEILING_DEFAULTS = {
  layout: 'padded',
  trains: true,
  packetBytes: 1400,
  trainPackets: 45,
  windowBytes: 2 << 20,
  ackBytes: 512 << 10,
  receiveBufferBytes: 8 << 20,
  interface: '127.0.0.1',
  address: '239.77.1.1',
} as const

/** Runs the bare port between processes of its own: no protocol can be faster than this. */
export async function runCeiling(options: CeilingOptions): Promise<CeilingResult> {
  const { seconds, warmUpSeconds = 1, ...rest } = options
  const settings: CeilingSettings = { ...CEILING_DEFAULTS, port: freePort(), ...rest }
  const members = Array.from({ length: settings.members }, (_, rank) => start(settings, rank))
  try {
    await Promise.all(members.map(next))
    for (const member of members) member.send('send')
    await sleep(warmUpSeconds * 1000)
    const before = await Promise.all(members.map(sample))
    await sleep(seconds * 1000)
    const after = await Promise.all(members.map(sample))
    return summarize(settings, before, after)
  } finally {
    await Promise.all(members.map(stop))
  }
}

function summarize(settings: CeilingSettings, before: Sample[], after: Sample[]): CeilingResult {
  // Where not all send, those who only receive are the receivers.
  const receivers = [...after.keys()].filter(rank => settings.senders === settings.members || rank >= settings.senders)
  const rate = (of: (sample: Sample) => number) =>
    receivers.reduce((sum, i) => sum + ((of(after[i]) - of(before[i])) * 1000) / (after[i].atMs - before[i].atMs), 0) /
    receivers.length
  const total = (of: (sample: Sample) => number) => after.reduce((sum, each, i) => sum + of(each) - of(before[i]), 0)
  return {
    messagesPerSecond: rate(each => each.messages),
    megabytesPerSecond: rate(each => each.bytes) / 1e6,
    cpuMicrosPerMessage: total(each => each.cpuMicros) / total(each => each.messages),
    packetsLost: after.reduce((sum, each) => sum + each.packetsLost, 0),
    stalls: after.reduce((sum, each) => sum + each.stalls, 0),
    bufferDrops: after.reduce((sum, each) => sum + each.bufferDrops, 0),
    path: after[0].path,
  }
}

function start(settings: CeilingSettings, rank: number): ChildProcess {
  return fork(compiled('member.js'), [JSON.stringify({ settings, rank })], { execArgv: [] })
}

/** A compiled file beside this one, also when this one runs from source. */
function compiled(name: string): string {
  const here = import.meta.url.endsWith('.ts') ? '../../dist/bench/ceiling/' : './'
  return fileURLToPath(new URL(`${here}${name}`, import.meta.url))
}

async function next(member: ChildProcess): Promise<unknown> {
  const ended = new AbortController()
  try {
    return await Promise.race([
      once(member, 'message', { signal: ended.signal }).then(([message]) => message),
      once(member, 'exit', { signal: ended.signal }).then(([code]) => {
        throw new Error(`A process of the ceiling ended with ${code}; what it said is above.`)
      }),
    ])
  } finally {
    ended.abort()
  }
}

function sample(member: ChildProcess): Promise<Sample> {
  const answer = next(member) as Promise<Sample>
  member.send('sample')
  return answer
}

async function stop(member: ChildProcess): Promise<void> {
  if (member.exitCode !== null) return
  const ended = once(member, 'exit')
  member.kill()
  await ended
}
