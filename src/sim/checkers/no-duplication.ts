import type { Checker, Violation } from './checker.js'
import { type History, historyOf } from './history.js'
import { counted, type Process, senderOf, shown } from './life.js'

/** What was sent once is delivered once at most, through all lives of its sender and its receiver; what n times, n times. */
export const noDuplication: Checker = {
  name: 'no-duplication',
  kind: 'safety',
  check(trace, history = historyOf(trace)) {
    const sent = new Map<Process, Map<string, number>>()
    const told = new Map<Process, Map<string, number>>()
    for (const process of history.processes) {
      sent.set(
        process,
        counted(process.sends, send => send.key),
      )
      told.set(
        process,
        counted(process.tells, tell => `${tell.to}\0${tell.key}`),
      )
    }
    const violations: Violation[] = []
    for (const { id: process, name, lives } of history.processes) {
      const report = (what: string): void => {
        violations.push({ checker: noDuplication.name, process, what })
      }
      const deliveries = lives.flatMap(life => life.deliveries)
      judge(deliveries, history, (sender, key) => sent.get(sender)?.get(key), report)
      const tells = lives.flatMap(life => life.told)
      judge(tells, history, (sender, key) => told.get(sender)?.get(`${name}\0${key}`), report)
    }
    return violations
  },
}

function judge(
  items: readonly { readonly key: string; readonly name: string; readonly incarnation: string }[],
  { bySender }: History,
  sentBy: (sender: Process, key: string) => number | undefined,
  report: (what: string) => void,
): void {
  const idOf = (item: (typeof items)[number]): string =>
    `${bySender.get(senderOf(item))?.process.id ?? senderOf(item)}\0${item.key}`
  const times = counted(items, idOf)
  const reported = new Set<string>()
  for (const item of items) {
    const id = idOf(item)
    const sender = bySender.get(senderOf(item))?.process
    // What was never sent is integrity's to report; that it came twice is still ours.
    const allowed = (sender && sentBy(sender, item.key)) ?? 1
    if (times.get(id)! <= allowed || reported.has(id)) continue
    reported.add(id)
    const sends = allowed === 1 ? 'once' : `${allowed} times`
    report(`delivered ${shown(item.key)} from ${item.name} ${times.get(id)} times; it was sent ${sends}`)
  }
}
