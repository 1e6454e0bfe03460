/** What was delivered at one receiver, all senders together, its own included, and what that cost all processes. */
export interface Figures {
  readonly messagesPerSecond: number
  readonly megabytesPerSecond: number
  /** CPU time of all processes for one delivered message. */
  readonly cpuMicrosPerMessage: number
}

export function mediansOf(runs: readonly Figures[]): Figures {
  return {
    messagesPerSecond: median(runs.map(run => run.messagesPerSecond)),
    megabytesPerSecond: median(runs.map(run => run.megabytesPerSecond)),
    cpuMicrosPerMessage: median(runs.map(run => run.cpuMicrosPerMessage)),
  }
}

export interface Spread {
  readonly median: number
  readonly worst: number
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), worst: Math.max(...values) }
}

export interface Latency {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly samples: number
}

/** Sorts `ms` in place. */
export function latencyOf(ms: Float64Array): Latency {
  ms.sort()
  const at = (share: number) => ms[Math.min(ms.length - 1, Math.floor(share * ms.length))]
  return { p50Ms: at(0.5), p99Ms: at(0.99), samples: ms.length }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
