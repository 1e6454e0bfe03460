import type { Checker, Violation } from './checker.js'
import { historyOf } from './history.js'
import { type Delivery, type Life, type Stay, saidOnce, senderOf, shown } from './life.js'

/**
 * A message is delivered in the view in which its sender sealed it: that is the view that the receiver is in, the sender
 * is in it, it is the same at all receivers, and it is the one that `sent` and the sender's own delivery name.
 */
export const sendingViewDelivery: Checker = {
  name: 'sending-view-delivery',
  kind: 'safety',
  check(trace, { lives, bySender } = historyOf(trace)) {
    const violations: Violation[] = []
    const once = new Map<Life, Set<string>>()
    for (const life of lives) once.set(life, saidOnce(life.process))
    const first = new Map<string, Stay>()
    for (const life of lives) {
      const report = (what: string): void => {
        violations.push({ checker: sendingViewDelivery.name, process: life.process.id, what })
      }
      // A trace without views has nothing to be judged by.
      if (life.process.lives.every(({ stays }) => stays.length === 0)) continue
      for (const delivery of life.deliveries) {
        const { stay, key, name } = delivery
        const fault = misplaced(delivery)
        if (fault !== undefined) report(`delivered ${shown(key)} from ${name} ${fault}`)
        const sender = bySender.get(senderOf(delivery))
        // What was said twice may have been sealed in two views.
        if (stay === undefined || sender === undefined || !once.get(sender)!.has(key)) continue
        const id = `${senderOf(delivery)}\0${key}`
        const elsewhere = first.get(id) ?? sealedIn(sender, key)
        if (elsewhere === undefined) first.set(id, stay)
        else if (elsewhere.view !== stay.view) {
          report(`delivered ${shown(key)} from ${name} in ${text(stay)}; others have it in ${text(elsewhere)}`)
        }
      }
      for (const { key, seal, sentView, refused } of life.sends) {
        if (refused || sentView === undefined || seal === undefined || seal.id === sentView) continue
        if (!once.get(life)!.has(key)) continue
        report(`was told that ${shown(key)} was sealed in view ${sentView}, and delivered it in ${text(seal)}`)
      }
    }
    return violations
  },
}

/** What is wrong with the place of a delivery, whatever others say. */
function misplaced({ stay, view, incarnation }: Delivery): string | undefined {
  if (stay === undefined) return `in view ${view}, before any view`
  if (stay.id !== view) return `as of view ${view}, in view ${stay.id}`
  return stay.incarnations.has(incarnation) ? undefined : `in view ${view}, which its sender is not in`
}

function sealedIn(sender: Life, key: string): Stay | undefined {
  return sender.sends.find(send => send.key === key)?.seal
}

const text = ({ lineage, id }: Stay): string => `view ${id} of ${lineage.slice(0, 8)}`
