import type { Player } from './player.js'
import type { World } from './world.js'

/**
 * What is wrong with what the members saw: safety at any time, and, of a world that has come to rest, whether everybody
 * got everything. Members are told apart by name, so a scenario gives each life its own.
 */
export function faults(world: World): string[] {
  const { players } = world
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
    const what = `${name}: ${type} ${from}${nth} of view ${view}`
    if (type === 'message' && view !== viewId) found.push(`${what} in view ${viewId}`)
    if (!members.includes(from)) found.push(`${what} from a stranger`)
    const key = `${type} ${from}`
    const due = next.get(key)
    if (due === undefined ? type === 'told' && nth !== 0 : nth !== due) found.push(`${what}, expected ${due ?? 0}`)
    next.set(key, nth + 1)
  }
  return found
}

interface Stay {
  readonly who: string
  readonly members: string
  /** By sender. */
  readonly messages: Map<string, number[]>
  /** It went on to the next view, or is in this one now that all is at rest. */
  isWhole: boolean
}

/** One list of members a view, and one set of messages from each sender for all who saw the view to its end. */
function agreement(players: readonly Player[]): string[] {
  const found: string[] = []
  const views = new Map<string, Stay[]>()
  for (const { name, log, end } of players) {
    let stay: Stay | null = null
    for (const seen of log) {
      if (seen.type === 'view') {
        if (stay !== null) stay.isWhole = true
        stay = { who: name, members: seen.members.join(' '), messages: new Map(), isWhole: false }
        const key = `${seen.lineage}.${seen.id}`
        views.set(key, [...(views.get(key) ?? []), stay])
      } else if (seen.type === 'message') {
        const { from, nth } = seen
        stay!.messages.set(from, [...(stay!.messages.get(from) ?? []), nth])
      }
    }
    // Who left in order saw its last view to the cut, like those who stayed.
    if (stay !== null && (end === null || end === 'left')) stay.isWhole = true
  }
  for (const [key, stays] of views) {
    const whole = stays.filter(({ isWhole }) => isWhole)
    for (const other of stays.slice(1)) {
      if (other.members !== stays[0].members) found.push(`view ${key}: ${stays[0].members} and ${other.members}`)
    }
    for (const other of whole.slice(1)) {
      const [a, b] = [whole[0], other].map(({ messages }) => show(messages))
      if (a !== b) found.push(`view ${key}: ${whole[0].who} has ${a}, ${other.who} ${b}`)
    }
  }
  return found
}

const show = (messages: Map<string, number[]>): string =>
  [...messages]
    .map(([from, nths]) => `${from}${nths[0]}..${nths.at(-1)}`)
    .sort()
    .join(' ')

/** All that are in are in one view; what was taken was delivered at its sender, and told to whom it was for. */
function completeness(players: readonly Player[]): string[] {
  const found: string[] = []
  const alive = players.filter(({ end }) => end === null)
  const lineages = new Set(alive.flatMap(({ log }) => log.flatMap(seen => (seen.type === 'view' ? seen.lineage : []))))
  if (lineages.size > 1) found.push(`${lineages.size} groups`)
  for (const { name, view, taken, end, messages, log } of withMessages(players)) {
    if (end === null && view !== alive[0].view)
      found.push(`${name} is in [${view}], ${alive[0].name} in [${alive[0].view}]`)
    const own = messages.filter(label => label.startsWith(name)).length
    const sent = taken.get('') ?? 0
    if ((end === null || end === 'left') && own !== sent)
      found.push(`${name} sent ${sent} and delivered ${own} of them`)
    if (end !== null) continue
    for (const sender of players) {
      const toMe = sender.taken.get(players.find(player => player.name === name)!.incarnation) ?? 0
      const told = log.filter(seen => seen.type === 'told' && seen.from === sender.name).length
      if (sender.end === null && told !== toMe) found.push(`${sender.name} told ${name} ${toMe}, ${told} came`)
    }
  }
  return found
}

function withMessages(players: readonly Player[]) {
  return players.map(player => {
    const { name, view, taken, end, log } = player
    return { name, view, taken, end, log, messages: player.messages() }
  })
}
