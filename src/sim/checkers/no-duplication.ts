import type { Checker, Violation } from './checker.js'
import { historyOf, type Life, senderOf, shown } from './history.js'

/** What was sent once is delivered once at most; what was sent n times, n times at most. */
export const noDuplication: Checker = {
  name: 'no-duplication',
  kind: 'safety',
  check(trace) {
    const { lives, bySender } = historyOf(trace)
    const sent = new Map<Life, Map<string, number>>()
    const told = new Map<Life, Map<string, number>>()
    for (const life of lives) {
      sent.set(
        life,
        counted(life.sends, send => send.key),
      )
      told.set(
        life,
        counted(life.tells, tell => `${tell.to}\0${tell.key}`),
      )
    }
    const violations: Violation[] = []
    for (const life of lives) {
      const judge = (
        items: readonly { key: string; name: string; incarnation: string }[],
        known: Map<Life, Map<string, number>>,
        keyOf: (key: string) => string,
      ) => {
        const bySenderAndKey = counted(items, item => `${senderOf(item)}\0${item.key}`)
        const reported = new Set<string>()
        for (const item of items) {
          const id = `${senderOf(item)}\0${item.key}`
          const times = bySenderAndKey.get(id) as number
          const sender = bySender.get(senderOf(item))
          // What was never sent is integrity's to report; that it came twice is still ours.
          const allowed = (sender && known.get(sender)?.get(keyOf(item.key))) ?? 1
          if (times <= allowed || reported.has(id)) continue
          reported.add(id)
          violations.push({
            checker: noDuplication.name,
            process: life.process,
            what: `delivered ${shown(item.key)} from ${item.name} ${times} times; it was sent ${allowed === 1 ? 'once' : `${allowed} times`}`,
          })
        }
      }
      judge(life.deliveries, sent, key => key)
      judge(life.told, told, key => `${life.name}\0${key}`)
    }
    return violations
  },
}

function counted<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) {
    const key = keyOf(item)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}
