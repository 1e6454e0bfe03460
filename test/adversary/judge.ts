import type { Player, Seen } from './player.js'
import type { World } from './world.js'

/**
 * What is wrong with what the members saw: safety at any time, and, of a world that has come to rest, whether everybody
 * got everything. Members are told apart by name, so a scenario gives each life its own.
 */
export function faults({ players }: World): string[] {
  return [...players.flatMap(oneMember), ...agreement(players), ...completeness(players)]
}

/** A member by itself: views grow, a message belongs to the view it is delivered in, FIFO without gaps or repetition. */
function oneMember({ name, log }: Player): string[] {
  const found: string[] = []
  const next = new Map<string, number>()
  let viewId = 0
  let members: readonly string[] = []
  for (const seen of log) {
    if (seen.type === 'view') {
      if (viewId !== 0 && seen.id !== viewId + 1) found.push(`${name}: view ${seen.id} after ${viewId}`)
      if (!seen.members.includes(name)) found.push(`${name} is not in its view ${seen.id}`)
      viewId = seen.id
      members = seen.members
      continue
    }
    const { type, from, nth, view } = seen
    const what = `${name}: ${type} ${nth} from ${from} of view ${view}`
    if (view !== viewId) found.push(`${what} in view ${viewId}`)
    if (!members.includes(from)) found.push(`${what}, a stranger`)
    const key = `${type} ${from}`
    const due = next.get(key)
    if (due === undefined ? type === 'told' && nth !== 0 : nth !== due) found.push(`${what}, expected ${due ?? 0}`)
    next.set(key, nth + 1)
  }
  return found
}

/** What one member saw of one view. */
interface Stay {
  readonly name: string
  readonly members: string
  readonly messages: string[]
  /** It went on to the next view, left in order, or is in this one now that all is at rest. */
  isWhole: boolean
}

/** One list of members a view, and one set of messages for all who saw the view to its end. */
function agreement(players: readonly Player[]): string[] {
  const found: string[] = []
  const views = new Map<string, Stay[]>()
  for (const { name, log, end } of players) {
    let stay: Stay | null = null
    for (const seen of log) {
      if (seen.type === 'view') {
        if (stay !== null) stay.isWhole = true
        stay = { name, members: seen.members.join(' '), messages: [], isWhole: false }
        const key = `${seen.lineage}.${seen.id}`
        views.set(key, [...(views.get(key) ?? []), stay])
      } else if (seen.type === 'message') stay!.messages.push(`${seen.from} ${seen.nth}`)
    }
    if (stay !== null && (end === null || end === 'left')) stay.isWhole = true
  }
  for (const [view, stays] of views) {
    for (const { name, members } of stays) {
      if (members !== stays[0].members) found.push(`view ${view}: ${stays[0].members}; at ${name}: ${members}`)
    }
    const [first, ...others] = stays.filter(({ isWhole }) => isWhole)
    for (const { name, messages } of others) {
      const apart = [...missing(first.messages, messages), ...missing(messages, first.messages)]
      if (apart.length > 0) found.push(`view ${view}: ${first.name} and ${name} differ by ${apart.slice(0, 5)}`)
    }
  }
  return found
}

const missing = (from: readonly string[], to: readonly string[]): string[] => {
  const has = new Set(to)
  return from.filter(message => !has.has(message))
}

/** All that are in are in one view; what was taken was delivered at its sender, and told to whom it was for. */
function completeness(players: readonly Player[]): string[] {
  const found: string[] = []
  const alive = players.filter(({ end }) => end === null)
  for (const { name, view, taken, end, log, incarnation } of players) {
    if (end !== null && end !== 'left') continue
    const own = count(log, 'message', name)
    const sent = taken.get('') ?? 0
    if (own !== sent) found.push(`${name} sent ${sent} and delivered ${own} of them`)
    if (end !== null) continue
    if (view !== alive[0].view) found.push(`${name} is in [${view}], ${alive[0].name} in [${alive[0].view}]`)
    for (const sender of alive) {
      const toMe = sender.taken.get(incarnation) ?? 0
      const told = count(log, 'told', sender.name)
      if (told !== toMe) found.push(`${sender.name} told ${name} ${toMe} messages, ${told} came`)
    }
  }
  return found
}

const count = (log: readonly Seen[], type: 'message' | 'told', name: string): number =>
  log.filter(seen => seen.type === type && seen.from === name).length
