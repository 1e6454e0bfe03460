import type { Checker, Violation } from './checker.js'
import { finalityOf, totalOf } from './finality.js'
import { historyOf } from './history.js'
import { type Delivery, type Life, type Stay, senderOf, shown } from './life.js'

/**
 * Total order is one sequence for a lineage: an index names one message at everybody, each member's indices go up by
 * one, and who joins begins where the others are in that view. Not part of it is the tail, not safe, at a member that
 * crashed or was left out: beyond the cut of its last view the others may have another order.
 */
export const totalOrder: Checker = {
  name: 'total-order',
  kind: 'safety',
  check(trace, { lives } = historyOf(trace)) {
    const violations: Violation[] = []
    const report: Report = ({ process }, what) => {
      violations.push({ checker: totalOrder.name, process: process.id, what })
    }
    agree(lives, report)
    const begun = new Map<string, Beginning>()
    const joins: (Beginning & { readonly stay: Stay })[] = []
    for (const life of lives) joins.push(...count(life, begun, report))
    for (const { life, stay, index } of joins) {
      const other = begun.get(stay.view)
      if (other === undefined) begun.set(stay.view, { life, index })
      else if (other.index !== index) {
        report(life, `began view ${stay.id} at index ${index}; ${other.life.process.id} began it at ${other.index}`)
      }
    }
    return violations
  },
}

type Report = (life: Life, what: string) => void

/** At which index a life began a view. */
interface Beginning {
  readonly life: Life
  readonly index: number
}

/** What an index of a lineage names. */
interface Place {
  readonly item: Delivery
  readonly life: Life
  /** The view in which somebody delivered it as safe. */
  safeIn: string | undefined
}

function agree(lives: readonly Life[], report: Report): void {
  const places = new Map<string, Place>()
  const isFinal = finalityOf({ lives })
  const placeOf = (stay: Stay, item: Delivery): string => `${stay.lineage} ${item.index}`
  for (const life of lives) {
    for (const stay of life.stays) {
      for (const item of totalOf(stay)) {
        if (!isFinal(item, stay, life)) continue
        const place = places.get(placeOf(stay, item))
        const safeIn = item.safe === true ? stay.view : undefined
        if (place === undefined) places.set(placeOf(stay, item), { item, life, safeIn })
        else {
          place.safeIn ??= safeIn
          compare(life, item, place, report)
        }
      }
    }
  }
  for (const life of lives) {
    for (const stay of life.stays) {
      const items = totalOf(stay)
      // A safe message rests on every index before it: those cannot be another's any more.
      const lastFinal = items.findLastIndex(item => isFinal(item, stay, life))
      for (const [i, item] of items.entries()) {
        const place = places.get(placeOf(stay, item))
        if (place === undefined || isFinal(item, stay, life)) continue
        if (i < lastFinal || place.safeIn === stay.view) compare(life, item, place, report)
      }
    }
  }
}

function compare(life: Life, item: Delivery, place: Place, report: Report): void {
  if (item.key === place.item.key && senderOf(item) === senderOf(place.item)) return
  report(
    life,
    `delivered ${text(item)} at index ${item.index}; ${place.life.process.id} delivered ${text(place.item)} there`,
  )
}

const text = ({ key, name, safe }: Delivery): string => `${shown(key)} from ${name}${safe === true ? ', safe,' : ''}`

/** Counts through one life. Returns where it began without knowing what was before; where it knew goes to `begun`. */
function count(life: Life, begun: Map<string, Beginning>, report: Report): (Beginning & { stay: Stay })[] {
  const joins: (Beginning & { stay: Stay })[] = []
  let next: number | undefined
  for (const stay of life.stays) {
    // Who founds a lineage is there from its first message on.
    if (!stay.isSuccessor) next = stay.id === 1 ? 1 : undefined
    if (next !== undefined && !begun.has(stay.view)) begun.set(stay.view, { life, index: next })
    for (const item of stay.deliveries) {
      const { index, order, key, name } = item
      if (order !== 'total') {
        if (index !== undefined) report(life, `delivered ${shown(key)} from ${name}, ${order}, with index ${index}`)
        continue
      }
      if (index === undefined) {
        report(life, `delivered ${shown(key)} from ${name} in total order without an index`)
        continue
      }
      if (next === undefined) joins.push({ life, stay, index })
      else if (index !== next)
        report(life, `delivered ${shown(key)} from ${name} at index ${index}, where ${next} was next`)
      next = index + 1
    }
  }
  return joins
}
