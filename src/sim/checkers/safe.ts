import { type CausalPasts, causalPasts, idOf } from './causal-past.js'
import type { Checker, Violation } from './checker.js'
import { finalityOf, type IsFinal } from './finality.js'
import { type History, historyOf } from './history.js'
import { type Delivery, type Life, type Process, type Stay, saidOnce, senderOf, shown } from './life.js'

/**
 * Uniform agreement. What any member delivered as safe, even just before it crashed or was left out, and what its sender
 * was told is safe, everyone who goes on from that view has delivered in it; and so all that it rests on: in total order
 * every earlier index, in causal order all that its sender had sent and delivered before. What is sent as safe is
 * delivered as safe, and nothing else.
 */
export const safe: Checker = {
  name: 'safe',
  kind: 'safety',
  check(trace, history = historyOf(trace)) {
    const violations: Violation[] = []
    const report = ({ process }: Life, what: string): void => {
      violations.push({ checker: safe.name, process: process.id, what })
    }
    mark(history, report)
    const debts = new Debts(history)
    for (const life of history.lives) {
      for (const stay of life.stays) {
        const owed = stay.end === 'survived' ? debts.in(stay.view) : undefined
        if (owed === undefined) continue
        const delivered = new Set(stay.deliveries.map(idOf))
        for (const [id, { what, why }] of owed) {
          if (!delivered.has(id)) report(life, `went on from view ${stay.id} without ${what}, ${why}`)
        }
      }
    }
    return violations
  },
}

interface Debt {
  /** The message. */
  readonly what: string
  readonly why: string
}

/** By view, what everyone who goes on from it must have delivered in it, because somebody has relied on that. */
class Debts {
  readonly #byView = new Map<string, Map<string, Debt>>()
  readonly #pasts: CausalPasts
  readonly #isFinal: IsFinal

  constructor(history: History) {
    this.#pasts = causalPasts(history)
    this.#isFinal = finalityOf(history)
    for (const life of history.lives) {
      for (const stay of life.stays) this.#deliveries(life, stay)
      this.#sends(life)
    }
  }

  in(view: string): ReadonlyMap<string, Debt> | undefined {
    return this.#byView.get(view)
  }

  #deliveries(life: Life, stay: Stay): void {
    const finals = stay.deliveries.filter(item => item.safe !== false && this.#isFinal(item, stay, life))
    for (const item of finals) {
      const what = `${shown(item.key)} from ${item.name}`
      this.#add(stay, idOf(item), what, `which ${life.process.id} delivered as safe`)
      if (item.order === 'causal') this.#causalPast(stay, item, `on which ${what} rests, safe at ${life.process.id}`)
    }
    const last = finals.findLast(({ order }) => order === 'total')
    if (last === undefined) return
    for (const item of stay.deliveries) {
      if (item === last) break
      if (item.order !== 'total') continue
      const why = `on whose index ${shown(last.key)} from ${last.name} rests, safe at ${life.process.id}`
      this.#add(stay, idOf(item), `${shown(item.key)} from ${item.name}`, why)
    }
  }

  #causalPast(stay: Stay, item: Delivery, why: string): void {
    const past = this.#pasts.get(stay.view)
    const left = [idOf(item)]
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      for (const before of past?.get(id) ?? []) {
        const isNew = this.#add(stay, before.id, `${shown(before.key)} from ${before.from}`, why)
        if (isNew) left.push(before.id)
      }
    }
  }

  #sends(life: Life): void {
    const once = saidOnce(life.process)
    for (const { key, order, safe, sentView, seal, refused } of life.sends) {
      if (!safe || sentView === undefined || seal === undefined || refused || !once.has(key)) continue
      // Inside the cut, and dropped all the same by all: it may have been sent on the strength of what nobody else has.
      if (order === 'causal' && seal.end === 'broken') continue
      const { name } = life.process
      const id = idOf({ key, name, incarnation: life.incarnation })
      this.#add(seal, id, `${shown(key)} from ${name}`, `which ${life.process.id} was told is safe`)
    }
  }

  #add({ view }: Stay, id: string, what: string, why: string): boolean {
    const owed = this.#byView.get(view) ?? new Map<string, Debt>()
    this.#byView.set(view, owed)
    if (owed.has(id)) return false
    owed.set(id, { what, why })
    return true
  }
}

/** Whether what was sent as safe was delivered so, and never taken back once its sender was told that it is. */
function mark({ lives, processes, bySender }: History, report: (life: Life, what: string) => void): void {
  const asked = new Map<Process, Map<string, boolean>>()
  for (const process of processes) {
    const once = saidOnce(process)
    asked.set(process, new Map(process.sends.filter(({ key }) => once.has(key)).map(send => [send.key, send.safe])))
  }
  for (const life of lives) {
    for (const item of life.deliveries) {
      const sender = bySender.get(senderOf(item))
      const wanted = sender && asked.get(sender.process)!.get(item.key)
      if (wanted === undefined || wanted === (item.safe !== false)) continue
      const how = wanted ? 'as if it were not safe' : 'as safe, which it was not sent as'
      report(life, `delivered ${shown(item.key)} from ${item.name} ${how}`)
    }
    for (const { key, safe, sentView, refused } of life.sends) {
      if (safe && sentView !== undefined && refused)
        report(life, `was told that ${shown(key)} is safe, and later that it is not`)
    }
  }
}
