import type { Order } from '../../types.js'
import { counted, type Life, type Process, type SentMessage, type Stay, selfOf, senderOf } from './life.js'

/**
 * Which life of its process sealed a message, and in which view. A command does not say: it may wait, and be sealed only
 * after its process was left out and has come back. But the lives seal in the order of the commands, whoever delivers a
 * message says of which life it is, and `sent` says the view's number.
 */

/** Shares the sends of each process among its lives. */
export function attribute(processes: readonly Process[]): void {
  const divided = processes.filter(process => process.lives.length > 1)
  for (const { lives, sends } of processes) if (lives.length === 1) lives[0].sends.push(...sends)
  if (divided.length === 0) return
  const heard = deliveredMost(processes, new Set(divided.flatMap(({ lives }) => lives.map(life => life.incarnation))))
  for (const { lives, sends } of divided) {
    let now = 0
    for (const send of sends) {
      // What was sent after a life was over, that one did not seal.
      const able = lives.filter(({ endLine }) => send.line < endLine)
      now = Math.max(now, able[0].ordinal)
      const proved = (life: Life) => take(heard.get(life.incarnation), send.key)
      let life = lives.slice(now).find(proved) ?? able.find(proved)
      if (life !== undefined) now = Math.max(now, life.ordinal)
      else life = lives.slice(now).find(({ stays }) => stays.some(({ id }) => id === send.sentView)) ?? lives[now]
      life.sends.push(send)
    }
  }
}

/** By incarnation and data: how often the member that delivered it most often did so. */
function deliveredMost(
  processes: readonly Process[],
  incarnations: ReadonlySet<string>,
): Map<string, Map<string, number>> {
  const most = new Map<string, Map<string, number>>()
  for (const incarnation of incarnations) most.set(incarnation, new Map())
  for (const { lives } of processes) {
    const deliveries = lives.flatMap(life => life.deliveries).filter(item => incarnations.has(item.incarnation))
    const own = new Map<string, Map<string, number>>()
    for (const { incarnation, key } of deliveries) {
      const counts = own.get(incarnation) ?? new Map<string, number>()
      own.set(incarnation, counts.set(key, (counts.get(key) ?? 0) + 1))
    }
    for (const [incarnation, counts] of own) {
      const known = most.get(incarnation)!
      for (const [key, times] of counts) known.set(key, Math.max(times, known.get(key) ?? 0))
    }
  }
  return most
}

function take(counts: Map<string, number> | undefined, key: string): boolean {
  const left = counts?.get(key) ?? 0
  if (left > 0) counts!.set(key, left - 1)
  return left > 0
}

/** What a command does not say of its order, and its group's options do, is the order in which it was delivered. */
export function revealOrders(unsaid: ReadonlyMap<SentMessage, Process>, lives: readonly Life[]): void {
  if (unsaid.size === 0) return
  const processOf = new Map(lives.map(life => [selfOf(life), life.process]))
  const orders = new Map<Process | undefined, Map<string, Order>>()
  for (const delivery of lives.flatMap(life => life.deliveries)) {
    const sender = processOf.get(senderOf(delivery))
    const known = orders.get(sender) ?? new Map<string, Order>()
    orders.set(sender, known.set(delivery.key, delivery.order))
  }
  for (const [send, process] of unsaid) send.order = orders.get(process)?.get(send.key) ?? send.order
}

/** What a life delivered of its own says in which view it was sealed, also where it was sent without an id. */
export function seal(life: Life): void {
  const own = new Map<string, Stay[]>()
  for (const { incarnation, key, order, stay } of life.deliveries) {
    if (incarnation !== life.incarnation || stay === undefined) continue
    const item = `${order} ${key}`
    const stays = own.get(item)
    if (stays === undefined) own.set(item, [stay])
    else stays.push(stay)
  }
  const itemOf = ({ order, key }: SentMessage): string => `${order} ${key}`
  const times = counted(life.sends, itemOf)
  for (const send of life.sends) {
    // Of what was said twice and delivered once, what was refused is the one that is missing.
    const stays = send.refused && (times.get(itemOf(send)) ?? 0) > 1 ? undefined : own.get(itemOf(send))
    send.seal = stays?.shift() ?? named(life, send)
  }
}

/** The view whose number `sent` gave, unless this life was in two of that number. */
function named(life: Life, { sentView }: SentMessage): Stay | undefined {
  if (sentView === undefined) return undefined
  const stays = life.stays.filter(({ id }) => id === sentView)
  return stays.length === 1 ? stays[0] : undefined
}
