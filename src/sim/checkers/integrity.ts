import type { Order } from '../../types.js'
import type { Checker, Violation } from './checker.js'
import { historyOf } from './history.js'
import { type Delivery, type Life, senderOf, shown, type Told } from './life.js'

/** What is delivered was sent, in that order class, by that sender, before its life was over; what is told, to this one. */
export const integrity: Checker = {
  name: 'integrity',
  kind: 'safety',
  check(trace, { processes, lives, bySender } = historyOf(trace)) {
    const sent = new Map<Life, Set<string>>()
    const told = new Map<Life, Set<string>>()
    for (const process of processes) {
      const tells = new Set(process.tells.map(tell => addressed(tell.to, tell.key)))
      for (const life of process.lives) {
        sent.set(life, new Set(process.sends.filter(send => send.line < life.endLine).map(classified)))
        told.set(life, tells)
      }
    }
    const violations: Violation[] = []
    const judge = (life: Life, verb: string, item: Delivery | Told, known: Map<Life, Set<string>>, key: string) => {
      const sender = bySender.get(senderOf(item))
      if (sender !== undefined && known.get(sender)?.has(key)) return
      const who =
        sender === undefined ? `${senderOf(item)}, who is not in the trace` : `${item.name}, who did not send it`
      violations.push({
        checker: integrity.name,
        process: life.process.id,
        what: `${verb} ${shown(item.key)} from ${who}`,
      })
    }
    for (const life of lives) {
      for (const item of life.deliveries) judge(life, 'delivered', item, sent, classified(item))
      for (const item of life.told) judge(life, 'was told', item, told, addressed(life.process.name, item.key))
    }
    return violations
  },
}

const classified = ({ order, key }: { readonly order: Order; readonly key: string }): string => `${order} ${key}`
const addressed = (to: string, key: string): string => `${to}\0${key}`
