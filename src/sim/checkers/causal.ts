import { causalOf, causalPasts, idOf } from './causal-past.js'
import type { Checker, Violation } from './checker.js'
import { historyOf } from './history.js'
import { shown } from './life.js'

/**
 * Where a member had delivered, or sent, one causal message before it sent another, nobody delivers the second without
 * having delivered the first before, in the views that both share.
 */
export const causal: Checker = {
  name: 'causal',
  kind: 'safety',
  check(trace, history = historyOf(trace)) {
    const violations: Violation[] = []
    const pasts = causalPasts(history)
    for (const life of history.lives) {
      for (const stay of life.stays) {
        const past = pasts.get(stay.view)
        const have = new Set<string>()
        for (const item of causalOf(stay)) {
          const id = idOf(item)
          for (const { id: before, key, from, isOwn } of past?.get(id) ?? []) {
            if (have.has(before)) continue
            const how = isOwn ? 'had sent that before' : `had delivered that from ${from} when it sent it`
            const what = `delivered ${shown(item.key)} from ${item.name} without ${shown(key)} before it; ${item.name} ${how}`
            violations.push({ checker: causal.name, process: life.process.id, what })
          }
          have.add(id)
        }
      }
    }
    return violations
  },
}
