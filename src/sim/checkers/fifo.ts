import type { Checker, Violation } from './checker.js'
import { beginningAt, historyOf, type Life, senderOf, shown } from './history.js'

/**
 * Per sender and order class, what a member delivers is what was sent, in the order in which it was sent, without gaps:
 * one piece of the sender's sequence, which begins where the two first share a view. The same for what one tells another.
 */
export const fifo: Checker = {
  name: 'fifo',
  kind: 'safety',
  check(trace) {
    const { lives, bySender, livesOf } = historyOf(trace)
    const violations: Violation[] = []
    for (const life of lives) {
      const report = (what: string): void => {
        violations.push({ checker: fifo.name, process: life.process, what })
      }
      for (const [sender, delivered] of grouped(life.deliveries, item => bySender.get(senderOf(item)))) {
        const beginning = beginningAt(life, sender) ?? { from: 0, certain: false }
        for (const order of new Set(delivered.map(item => item.order))) {
          const earlier = new Set(sender.sends.slice(0, beginning.from).map(send => send.key))
          const sent = sender.sends.slice(beginning.from).filter(send => send.order === order)
          const keys = delivered.filter(item => item.order === order).map(item => item.key)
          follow(keys, earlier, sent, beginning.certain, sender.name, report)
        }
      }
      for (const [sender, told] of grouped(life.told, item => bySender.get(senderOf(item)))) {
        const keys = told.map(item => item.key)
        // A name that was restarted may have missed what its earlier life was told.
        const certain = livesOf.get(life.name) === 1
        follow(
          keys,
          new Set(),
          sender.tells.filter(tell => tell.to === life.name),
          certain,
          sender.name,
          report,
        )
      }
    }
    return violations
  },
}

function grouped<T>(items: readonly T[], senderOfItem: (item: T) => Life | undefined): Map<Life, T[]> {
  const groups = new Map<Life, T[]>()
  for (const item of items) {
    const sender = senderOfItem(item)
    // From nobody in the trace: integrity reports that.
    if (sender === undefined) continue
    const group = groups.get(sender)
    if (group === undefined) groups.set(sender, [item])
    else group.push(item)
  }
  return groups
}

/**
 * @param earlier  what was sent before the first that this member should see
 * @param certain  whether `sent[0]` must be the first; else the first that was delivered says where it begins
 */
function follow(
  delivered: readonly string[],
  earlier: ReadonlySet<string>,
  sent: readonly { readonly key: string; readonly refused: boolean }[],
  certain: boolean,
  from: string,
  report: (what: string) => void,
): void {
  const places = new Map<string, number[]>()
  for (let i = sent.length - 1; i >= 0; i--) {
    const list = places.get(sent[i].key)
    if (list === undefined) places.set(sent[i].key, [i])
    else list.push(i)
  }
  let next = 0
  let begun = certain
  for (const key of delivered) {
    const list = places.get(key)
    if (list === undefined) {
      if (earlier.has(key)) report(`delivered ${shown(key)} from ${from}, sent before both were in one view`)
      // Else it was never sent: integrity reports that.
      continue
    }
    while (list.length > 0 && list[list.length - 1] < next) list.pop()
    if (list.length === 0) {
      report(`delivered ${shown(key)} from ${from} after what was sent later, or twice`)
      continue
    }
    const at = list.pop() as number
    const missed = begun ? sent.slice(next, at).filter(send => !send.refused) : []
    if (missed.length > 0) {
      report(
        `delivered ${shown(key)} from ${from} without the ${missed.length} before it, first ${shown(missed[0].key)}`,
      )
    }
    begun = true
    next = at + 1
  }
}
