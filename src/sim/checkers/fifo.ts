import type { Checker, Violation } from './checker.js'
import { type History, historyOf } from './history.js'
import { type Delivery, isUndivided, type Life, type Stay, senderOf, shown, type Told } from './life.js'
import { beginningOf, runOf } from './run.js'

/**
 * Per sender and order class (causal order is the sender's own too, and so is the total one), what a member delivers is what was sent, in the order in which it was sent, without gaps:
 * one piece of the sender's sequence for each run of views that the two share, which begins where that run does. The
 * same for what one tells another.
 */
export const fifo: Checker = {
  name: 'fifo',
  kind: 'safety',
  check(trace, history = historyOf(trace)) {
    const violations: Violation[] = []
    for (const life of history.lives) {
      const report = (what: string): void => {
        violations.push({ checker: fifo.name, process: life.process.id, what })
      }
      for (const { sender, first, items } of pieces(life.deliveries, history)) judge(sender, first, items, report)
      for (const { sender, items } of pieces(life.told, history)) {
        const told = items.map(item => item.key)
        const tells = sender.process.tells.filter(tell => tell.to === life.process.name)
        follow(
          told,
          new Set(),
          tells,
          isUndivided(life, history.livesOf) && isUndivided(sender, history.livesOf),
          sender,
          report,
        )
      }
    }
    return violations
  },
}

interface Piece<T> {
  readonly sender: Life
  /** The view in which their run begins. */
  readonly first: Stay | undefined
  readonly items: T[]
}

/** What came from one sender in one run of views, each. */
function pieces<T extends Delivery | Told>(items: readonly T[], { bySender }: History): Piece<T>[] {
  const all: Piece<T>[] = []
  const open = new Map<Life, Piece<T>>()
  for (const item of items) {
    const sender = bySender.get(senderOf(item))
    // From nobody in the trace: integrity reports that.
    if (sender === undefined) continue
    const first = runOf(item.stay, sender)
    const piece = open.get(sender)
    if (piece !== undefined && piece.first === first) piece.items.push(item)
    else {
      const next = { sender, first, items: [item] }
      open.set(sender, next)
      all.push(next)
    }
  }
  return all
}

function judge(sender: Life, first: Stay | undefined, items: readonly Delivery[], report: (what: string) => void) {
  for (const order of new Set(items.map(item => item.order))) {
    // Two messages in different classes have no promised order: each class begins where it begins.
    const sends = sender.sends.filter(send => send.order === order)
    const { from, certain } = beginningOf(first, sender, sends)
    const earlier = new Set(sends.slice(0, from).map(send => send.key))
    const sent = sends.slice(from)
    const keys = items.filter(item => item.order === order).map(item => item.key)
    follow(keys, earlier, sent, certain, sender, report)
  }
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
  sender: Life,
  report: (what: string) => void,
): void {
  const from = sender.process.name
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
