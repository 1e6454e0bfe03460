import type { Checker, Violation } from './checker.js'
import { historyOf } from './history.js'
import { counted, type Life, type Process, type SentMessage, shown } from './life.js'

/**
 * Who goes on, or leaves in order, delivers what it sent, unless it was told that it was not sent. What it sent last
 * before it was left out, crashed, or gave up its lineage, it may not have.
 */
export const selfDelivery: Checker = {
  name: 'self-delivery',
  kind: 'liveness',
  check(trace, { processes } = historyOf(trace)) {
    const violations: Violation[] = []
    for (const process of processes) {
      const incarnations = new Set(process.lives.map(({ incarnation }) => incarnation))
      const deliveries = process.lives.flatMap(life => life.deliveries)
      const own = counted(
        deliveries.filter(({ incarnation }) => incarnations.has(incarnation)),
        ({ key }) => key,
      )
      for (const life of process.lives) {
        for (const send of life.sends) {
          if (!isOwed(process, life, send)) continue
          const times = own.get(send.key) ?? 0
          if (times > 0) own.set(send.key, times - 1)
          else {
            violations.push({
              checker: selfDelivery.name,
              process: process.id,
              what: `sent ${shown(send.key)} and never delivered it`,
            })
          }
        }
      }
    }
    return violations
  },
}

function isOwed(process: Process, { fate }: Life, { refused, seal, line, hasId, sentView }: SentMessage): boolean {
  if (refused || (fate !== 'live' && fate !== 'left')) return false
  if (seal !== undefined) return seal.end !== 'broken'
  // Without an id there is no word on what was lost with a view; with one, what has had no answer still waits.
  return line > process.brokenAt || (hasId && sentView === undefined)
}
