import type { Player, Seen } from './player.js'
import type { World } from './world.js'

/**
 * What is wrong with what the members saw: safety at any time, and, of a world that has come to rest, whether everybody
 * got everything. Members are told apart by name, so a scenario gives each process its own.
 */
export function faults({ players }: World): string[] {
  return [...players.flatMap(oneMember), ...agreement(players), ...completeness(players), ...losses(players)]
}

/** A member by itself: views grow, a message belongs to the view it is delivered in, FIFO without gaps or repetition. */
function oneMember({ name, log }: Player): string[] {
  const found: string[] = []
  /** By sender, and by that sender's life. */
  const next = new Map<string, number>()
  const nextOfLife = new Map<string, number>()
  let viewId = 0
  let lineage = ''
  let members: readonly string[] = []
  let wasExcluded = false
  for (const seen of log) {
    if (seen.type === 'excluded') wasExcluded = true
    if (seen.type === 'excluded' || seen.type === 'merged') continue
    if (seen.type === 'view') {
      const isNext = wasExcluded ? seen.id > viewId : seen.id === viewId + 1
      if (seen.lineage === lineage && !isNext) found.push(`${name}: view ${seen.id} after ${viewId}`)
      if (!seen.members.includes(name)) found.push(`${name} is not in its view ${seen.id}`)
      if (wasExcluded && seen.stayed.length > 0) found.push(`${name} was left out and came along to ${seen.id}`)
      // What a life sent while this member was elsewhere it never gets.
      if (seen.stayed.length === 0) nextOfLife.clear()
      wasExcluded = false
      ;({ id: viewId, lineage, members } = seen)
      continue
    }
    const { type, from, incarnation, nth, view } = seen
    const what = `${name}: ${type} ${nth} from ${from} of view ${view}`
    if (view !== viewId) found.push(`${what} in view ${viewId}`)
    if (wasExcluded) found.push(`${what}, after it was left out`)
    if (!members.includes(from)) found.push(`${what}, a stranger`)
    const key = `${type} ${from}`
    const due = nextOfLife.get(`${key} ${incarnation}`)
    if (due === undefined ? nth < (next.get(key) ?? 0) : nth !== due)
      found.push(`${what}, expected ${due ?? next.get(key)}`)
    next.set(key, nth + 1)
    nextOfLife.set(`${key} ${incarnation}`, nth + 1)
  }
  return found
}

/** What one member saw of one view. */
interface Stay {
  readonly name: string
  readonly members: string
  /** Who came along to it. */
  readonly stayed: readonly string[]
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
        // Who was left out, or gave its lineage up, has not seen the end.
        if (stay !== null) stay.isWhole = seen.stayed.length > 0
        stay = { name, members: seen.members.join(' '), stayed: seen.stayed, messages: [], isWhole: false }
        const key = `${seen.lineage}.${seen.id}`
        views.set(key, [...(views.get(key) ?? []), stay])
      } else if (seen.type === 'message') stay!.messages.push(`${seen.from} ${seen.nth}`)
      else if (seen.type === 'excluded') stay = null
    }
    if (stay !== null && (end === null || end === 'left')) stay.isWhole = true
  }
  for (const [view, stays] of views) {
    for (const { name, members } of stays) {
      if (members !== stays[0].members) found.push(`view ${view}: ${stays[0].members}; at ${name}: ${members}`)
    }
    const came = stays.filter(({ stayed }) => stayed.length > 0)
    for (const { name, stayed } of came) {
      if (`${stayed}` !== `${came[0].stayed}`) found.push(`view ${view}: ${came[0].stayed} came; at ${name}: ${stayed}`)
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
  for (const player of players) {
    const { name, view, viewId, taken, end, log, incarnation } = player
    if (end !== null && end !== 'left') continue
    const own = count(log, 'message', name)
    const sent = taken.get('') ?? 0
    if (own !== sent) found.push(`${name} sent ${sent} and delivered ${own} of them`)
    if (end !== null) continue
    if (view !== alive[0].view || viewId !== alive[0].viewId) {
      found.push(`${name} is in ${viewId} [${view}], ${alive[0].name} in ${alive[0].viewId} [${alive[0].view}]`)
    }
    if (wasOut(player)) continue
    for (const sender of alive) {
      if (wasOut(sender)) continue
      const toMe = sender.taken.get(incarnation) ?? 0
      const told = count(log, 'told', sender.name)
      if (told !== toMe) found.push(`${sender.name} told ${name} ${toMe} messages, ${told} came`)
    }
  }
  return found
}

/** Of one that was left out: what it was told is lost nobody has, and somebody has everything else. */
function losses(players: readonly Player[]): string[] {
  const found: string[] = []
  for (const { name, lost, taken, end, log } of players) {
    if (!log.some(({ type }) => type === 'excluded') || end === 'crashed') continue
    const others = players.filter(other => other.name !== name && !wasOut(other) && other.end === null)
    if (others.length === 0) continue
    const has = new Set(others.flatMap(other => other.log.flatMap(seen => (isFrom(seen, name) ? [seen.nth] : []))))
    const gone = new Map(lost.map(({ nth, code }) => [nth, code]))
    for (let nth = 0; nth < (taken.get('') ?? 0); nth++) {
      const isLost = gone.get(nth) === 'ERR_TUTTI_EXCLUDED'
      if (isLost === has.has(nth) && gone.get(nth) !== 'ERR_TUTTI_FATE_UNKNOWN') {
        found.push(`${name} was ${isLost ? '' : 'not '}told that its message ${nth} is lost`)
      }
    }
  }
  return found
}

const isFrom = (seen: Seen, name: string): seen is Seen & { readonly nth: number } =>
  seen.type === 'message' && 'nth' in seen && seen.from === name

/** It has not seen all views of its lineage from its first one on. */
const wasOut = ({ log }: Player): boolean => log.some(({ type }) => type === 'excluded' || type === 'merged')

const count = (log: readonly Seen[], type: 'message' | 'told', name: string): number =>
  log.filter(seen => seen.type === type && 'nth' in seen && seen.from === name).length
