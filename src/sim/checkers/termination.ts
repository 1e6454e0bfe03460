import type { Checker, Violation } from './checker.js'
import { beginningAt, type History, historyOf, type Life, senderOf, shown } from './history.js'

/**
 * Once the network is whole again, a member that lives to the end of the trace has delivered everything that members
 * which did not crash sent while it was in the view with them, and everything that they told it.
 */
export const termination: Checker = {
  name: 'termination',
  kind: 'liveness',
  check(trace) {
    const history = historyOf(trace)
    const violations: Violation[] = []
    for (const receiver of history.lives) {
      if (receiver.fate !== 'live') continue
      const delivered = counted(receiver.deliveries)
      const told = counted(receiver.told)
      for (const sender of history.lives) {
        if (sender.fate === 'crashed') continue
        const missing = [
          ...absent(sentTo(receiver, sender), sender, delivered),
          ...absent(toldTo(receiver, sender, history), sender, told),
        ]
        if (missing.length === 0) continue
        violations.push({
          checker: termination.name,
          process: receiver.process,
          what: `never delivered ${missing.length} of ${sender.name}'s messages, first ${shown(missing[0])}`,
        })
      }
    }
    return violations
  },
}

/** What was sealed in a view that has both; of what was not even sealed, self-delivery speaks. */
function sentTo(receiver: Life, sender: Life): string[] {
  const beginning = beginningAt(receiver, sender)
  if (beginning === undefined) return []
  const sealed = sender.sends.slice(beginning.from).filter(send => send.view !== undefined && !send.refused)
  return sealed.map(send => send.key)
}

function toldTo(receiver: Life, sender: Life, history: History): string[] {
  // Of two lives of one name, the trace does not say which was meant.
  if (history.livesOf.get(receiver.name) !== 1) return []
  return sender.tells.filter(tell => tell.to === receiver.name && !tell.refused).map(tell => tell.key)
}

type Counts = Map<string, number>

const idOf = (sender: { name: string; incarnation: string }, key: string): string => `${senderOf(sender)}\0${key}`

function counted(items: readonly { key: string; name: string; incarnation: string }[]): Counts {
  const counts: Counts = new Map()
  for (const item of items) {
    const id = idOf(item, item.key)
    counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

function absent(keys: readonly string[], sender: Life, delivered: Counts): string[] {
  return keys.filter(key => {
    const id = idOf(sender, key)
    const times = delivered.get(id) ?? 0
    if (times > 0) delivered.set(id, times - 1)
    return times === 0
  })
}
