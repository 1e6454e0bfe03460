import type { Stats } from '../types.js'

/** What the engine counts; the driver adds what only it sees. */
export type Counters = Omit<Stats, 'path'>

export function newCounters(): Counters {
  return {
    datagramsIn: 0,
    datagramsOut: 0,
    packetsIn: 0,
    packetsOut: 0,
    messagesIn: 0,
    messagesOut: 0,
    nacksSent: 0,
    nacksSuppressed: 0,
    repairsSent: 0,
    duplicates: 0,
    dropped: {},
    views: 0,
    repairsForOthers: 0,
    tailsRecovered: 0,
    fills: 0,
    ballotsOutbid: 0,
    valuesReproposed: 0,
    exclusions: 0,
    merges: 0,
    blocks: 0,
    windowClosings: 0,
    sequenceWraps: 0,
    causalWaits: 0,
    orderRuns: 0,
    orderedAtClose: 0,
    causalDropped: 0,
    safeDelivered: 0,
    safeAtClose: 0,
    fragmentsRepaired: 0,
  }
}

export function countDrop(counters: Counters, cause: string, packets = 1): void {
  counters.dropped[cause] = (counters.dropped[cause] ?? 0) + packets
}
