import type { History } from './history.js'
import { type Delivery, type Life, type Stay, saidOnce, selfOf, senderOf } from './life.js'

/** A causal message that comes before another. */
export interface Predecessor {
  readonly id: string
  readonly key: string
  /** Name of its sender. */
  readonly from: string
  /** It is of the later one's own sender, who had sent it; else had delivered it. */
  readonly isOwn: boolean
}

/** By view, then by message: what its sender had sent and delivered in that view before it, since its message before. */
export type CausalPasts = ReadonlyMap<string, ReadonlyMap<string, readonly Predecessor[]>>

/** Names a message to all who may have delivered it. */
export const idOf = (item: Pick<Delivery, 'name' | 'incarnation' | 'key'>): string => `${senderOf(item)}\0${item.key}`

/**
 * What happened before what, among the causal messages of each view (Lamport's relation, as far as the traces show it).
 *
 * Only the last step is kept: what a sender had delivered before its message before is before that one, which is in the
 * list. So who has delivered every message only after its predecessors has delivered all of their past too, and the
 * whole relation is as long as the trace. Messages of earlier views are no matter: who is in both views has them, by
 * view synchrony. Data that was sent twice is left out: it names no message.
 */
export function causalPasts(history: History): CausalPasts {
  const pasts = new Map<string, Map<string, Predecessor[]>>()
  const delivered = deliveredIn(history)
  const single = new Map(history.processes.map(process => [process, saidOnce(process)]))
  const isSingle = (item: Delivery): boolean => {
    const sender = history.bySender.get(senderOf(item))
    return sender !== undefined && single.get(sender.process)!.has(item.key)
  }
  for (const sender of history.lives) {
    const sends = sender.sends.filter(
      ({ order, key, refused }) => order === 'causal' && !refused && single.get(sender.process)!.has(key),
    )
    for (const stay of sender.stays) {
      const here = sends.filter(({ key, seal }) =>
        seal === undefined ? delivered.get(stay.view)?.has(own(sender, key).id) : seal.view === stay.view,
      )
      const heard = stay.deliveries.filter(
        item => item.order === 'causal' && item.incarnation !== sender.incarnation && isSingle(item),
      )
      const past = pasts.get(stay.view) ?? new Map<string, Predecessor[]>()
      pasts.set(stay.view, past)
      let at = 0
      let before: Predecessor | undefined
      for (const { key, line } of here) {
        const last = at
        while (at < heard.length && heard[at].line < line) at++
        const item = own(sender, key)
        const others = heard.slice(last, at).map(heardOf)
        past.set(item.id, before === undefined ? others : [before, ...others])
        before = item
      }
    }
  }
  return pasts
}

function own(sender: Life, key: string): Predecessor {
  return { id: `${selfOf(sender)}\0${key}`, key, from: sender.process.name, isOwn: true }
}

const heardOf = (item: Delivery): Predecessor => ({ id: idOf(item), key: item.key, from: item.name, isOwn: false })

/** By view: what anybody delivered in it. A sender that crashed may not have come to deliver its own. */
function deliveredIn({ lives }: History): Map<string, Set<string>> {
  const delivered = new Map<string, Set<string>>()
  for (const stay of lives.flatMap(life => life.stays)) {
    const ids = delivered.get(stay.view) ?? new Set<string>()
    delivered.set(stay.view, ids)
    for (const item of causalOf(stay)) ids.add(idOf(item))
  }
  return delivered
}

export const causalOf = ({ deliveries }: Stay): Delivery[] => deliveries.filter(({ order }) => order === 'causal')
