import { type Latency, latencyOf } from './figures.js'
import { Forked } from './forked.js'
import { freePort } from './ports.js'
import type { EchoSettings } from './settings.js'

const ADDRESS = '239.77.1.2'

/** Two hops over the bare port: one process multicasts a packet, the other multicasts it back. No protocol is faster. */
export async function runEcho(samples: number): Promise<Latency> {
  const settings = { interface: '127.0.0.1', address: ADDRESS, port: freePort(), samples }
  const start = (isAsking: boolean) =>
    new Forked<'ready' | number[]>('echo-process.js', { ...settings, isAsking } satisfies EchoSettings)
  const answering = start(false)
  const asking = start(true)
  try {
    await Promise.all([answering.next(), asking.next()])
    return latencyOf(Float64Array.from((await asking.ask('begin')) as number[]))
  } finally {
    await Promise.all([answering.stop(), asking.stop()])
  }
}
