import type { Checker, Violation } from './checker.js'
import { type History, historyOf } from './history.js'
import { counted, type Life, type Stay, senderOf, shown } from './life.js'

/**
 * Two who are in one view and go on together to the next one have delivered the same messages in the first. And whom a
 * view's `transfer` names did come along.
 */
export const viewSynchrony: Checker = {
  name: 'view-synchrony',
  kind: 'safety',
  check(trace, history = historyOf(trace)) {
    const violations: Violation[] = []
    const report = ({ process }: Life, what: string): void => {
      violations.push({ checker: viewSynchrony.name, process: process.id, what })
    }
    const first = new Map<string, Companion>()
    for (const life of history.lives) {
      for (const stay of life.stays) {
        const { before } = stay
        if (before === undefined || !stay.isShared) continue
        for (const stranger of strangers(stay, before, history)) {
          report(
            life,
            `shares what was before view ${stay.id} with ${stranger}, who did not come from view ${before.id}`,
          )
        }
        const delivered = counted(before.deliveries, item => `${senderOf(item)}\0${item.key}`)
        const move = `${before.view} ${stay.view}`
        const other = first.get(move)
        if (other === undefined) first.set(move, { life, stay: before, delivered })
        else compare({ life, stay: before, delivered }, other, report)
      }
    }
    return violations
  },
}

/** One of those who make a move together, and what it had delivered by then. */
interface Companion {
  readonly life: Life
  readonly stay: Stay
  readonly delivered: ReadonlyMap<string, number>
}

function compare(one: Companion, other: Companion, report: (life: Life, what: string) => void): void {
  judge(one, other, report)
  judge(other, one, report)
}

/** Reports what `one` lacks. */
function judge(one: Companion, other: Companion, report: (life: Life, what: string) => void): void {
  const { stay } = other
  const lacking = stay.deliveries.find(item => {
    const id = `${senderOf(item)}\0${item.key}`
    return (one.delivered.get(id) ?? 0) < (other.delivered.get(id) ?? 0)
  })
  if (lacking === undefined) return
  const what = `${shown(lacking.key)} from ${lacking.name}`
  report(
    one.life,
    `went on from view ${stay.id} with ${other.life.process.id}, who delivered ${what} in it, and did not`,
  )
}

/** Names in `transfer` of those who, by their own traces, came to this view from elsewhere. */
function strangers(stay: Stay, before: Stay, { byIncarnation }: History): string[] {
  if (!stay.isSuccessor || stay.transfer === undefined) return []
  const named = stay.members.filter(({ name }) => stay.transfer!.includes(name))
  return named
    .filter(({ incarnation }) => {
      const there = byIncarnation.get(incarnation)?.stays.find(({ view }) => view === stay.view)
      // The first view that its application saw need not be the first that it was in.
      return there?.before !== undefined && !(there.isShared && there.before.view === before.view)
    })
    .map(({ name }) => name)
}
