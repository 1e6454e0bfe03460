import { describe, expect, it } from 'vitest'
import { latencyOf, median } from '../../bench/figures.js'
import { rates } from '../../bench/throughput.js'

const sample = (atMs: number, messages: number, bytes: number, cpuMicros: number) => ({
  atMs,
  messages,
  bytes,
  cpuMicros,
})

describe('figures of a run', () => {
  it('median of an odd and of an even number', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5])
  })

  it('latencies: half, and all but one in a hundred, are not more', () => {
    const ms = Float64Array.from({ length: 1000 }, (_, i) => 1000 - i)
    expect(latencyOf(ms)).toEqual({ p50Ms: 501, p99Ms: 991, samples: 1000 })
  })

  it('rates are the mean of receivers, where all send of all', () => {
    const before = [sample(0, 0, 0, 0), sample(0, 100, 100, 0)]
    const after = [sample(1000, 10, 100, 20), sample(2000, 140, 900, 30)]
    const figures = rates({ members: 2, senders: 2 }, before, after)
    expect(figures).toEqual({ messagesPerSecond: 15, megabytesPerSecond: 250e-6, cpuMicrosPerMessage: 1 })
    expect(rates({ members: 2, senders: 1 }, before, after).messagesPerSecond).toBe(20)
  })
})
