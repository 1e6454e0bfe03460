import type { History } from './history.js'
import type { Delivery, Life, Stay } from './life.js'

/** Whether a delivery stands, or may be of the tail that its receiver has for itself. */
export type IsFinal = (item: Delivery, stay: Stay, life: Life) => boolean

/**
 * What a member delivered that went on from the view, or left in order, stands; so does what was safe. The end of what
 * it delivered last before it crashed or was left out may be its own alone; and who is still in a view from which others
 * went on may have been left out without knowing it. What the close of a view made safe is safe by the decision that
 * closed it: that this member had got so far is all that its trace may lack. Who gives up its lineage closes alone.
 */
export function finalityOf({ lives }: Pick<History, 'lives'>): IsFinal {
  const stays = lives.flatMap(life => life.stays)
  const closed = new Set(stays.filter(({ end }) => end === 'survived').map(({ view }) => view))
  return ({ safe }, stay, { fate, stays }) => {
    if (safe === true || stay.end === 'survived' || stay.end === 'left') return true
    if (safe === 'close' && (fate === 'live' || fate === 'crashed') && stay === stays[stays.length - 1]) return true
    return stay.end === 'open' && !closed.has(stay.view)
  }
}

/** What was delivered in total order, and has a place in it. */
export const totalOf = ({ deliveries }: Stay): Delivery[] =>
  deliveries.filter(({ order, index }) => order === 'total' && index !== undefined)
