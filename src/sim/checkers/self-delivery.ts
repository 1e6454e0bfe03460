import type { Checker, Violation } from './checker.js'
import { historyOf, shown } from './history.js'

/** Whoever did not crash delivers what it sent, unless it was told that it was not sent. */
export const selfDelivery: Checker = {
  name: 'self-delivery',
  kind: 'liveness',
  check(trace) {
    const violations: Violation[] = []
    for (const life of historyOf(trace).lives) {
      if (life.fate === 'crashed') continue
      const own = new Map<string, number>()
      for (const item of life.deliveries) {
        if (item.incarnation === life.incarnation) own.set(item.key, (own.get(item.key) ?? 0) + 1)
      }
      for (const send of life.sends) {
        const times = own.get(send.key) ?? 0
        if (times > 0) own.set(send.key, times - 1)
        else if (!send.refused) {
          violations.push({
            checker: selfDelivery.name,
            process: life.process,
            what: `sent ${shown(send.key)} and never delivered it`,
          })
        }
      }
    }
    return violations
  },
}
