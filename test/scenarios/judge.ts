import { Message } from '../../src/delivery.js'
import type { View } from '../../src/types.js'
import type { Process, Trial } from './play.js'

type Subject = Pick<Process, 'key' | 'member'>

/** One member's time in one view. */
interface Stay {
  readonly view: View
  /** Incarnations of those who came into it together with this one. */
  readonly companions: readonly string[]
  /** Sender's incarnation and number, in the order of their delivery. */
  readonly delivered: string[]
}

interface Life {
  readonly key: string
  readonly incarnation: string
  readonly stays: Stay[]
  end: string | null
}

/** What is wrong with a trial, in sentences. */
export function judge(trial: Trial): string[] {
  const faults = [...trial.unfounded, ...faultsOf(trial.processes)]
  for (const [tag, values] of trial.decided) {
    if (values.size > 1) faults.push(`two decisions about view ${tag}: ${[...values].join(' | ')}`)
  }
  judgeEnd(trial, faults)
  return faults
}

/** What is wrong with what processes were told, the dead ones too; whatever was to come of it. */
export function faultsOf(processes: readonly Subject[]): string[] {
  const faults: string[] = []
  const lives = processes.flatMap(process => livesOf(process, faults))
  judgeViews(lives, faults)
  judgeSynchrony(lives, faults)
  judgeOrder(processes, lives, faults)
  return faults
}

function livesOf({ key, member }: Subject, faults: string[]): Life[] {
  const lives: Life[] = []
  let life: Life | undefined
  for (const { incarnation, event } of member.record) {
    if (life?.incarnation !== incarnation) {
      life = { key, incarnation, stays: [], end: null }
      lives.push(life)
    }
    const stay = life.stays.at(-1)
    if (event instanceof Message) {
      if (event.type === 'told') continue
      const text = new TextDecoder().decode(event.data.subarray(0, 20))
      const number = /^[^:]*/.exec(text)![0]
      if (stay === undefined) faults.push(`${key} delivered ${number} in no view`)
      else if (event.view !== stay.view.id)
        faults.push(`${key} delivered ${number} of view ${event.view} in view ${stay.view.id}`)
      stay?.delivered.push(`${event.from.incarnation} ${number}`)
    } else if (event.type === 'view') {
      const companions = event.change.stayed.map(peer => peer.incarnation)
      life.stays.push({ view: event.view, companions, delivered: [] })
    } else if (event.type === 'closed' || event.type === 'excluded') life.end = event.type
  }
  return lives
}

const nameOf = ({ lineage, id }: View): string => `${id} of ${lineage.slice(0, 4)}`
const membersOf = ({ members }: View): string =>
  members.map(({ name, incarnation, voter }) => `${name}${voter ? '' : '?'}-${incarnation.slice(0, 4)}`).join(' ')

/** One view has one number and one list of members; numbers grow; who is told of a view is in it. */
function judgeViews(lives: readonly Life[], faults: string[]): void {
  const known = new Map<string, string>()
  for (const { key, incarnation, stays } of lives) {
    for (const [i, { view, companions }] of stays.entries()) {
      const name = nameOf(view)
      const members = membersOf(view)
      const other = known.get(name)
      if (other !== undefined && other !== members) faults.push(`view ${name} is ${other} and, at ${key}, ${members}`)
      known.set(name, members)
      if (!view.members.some(member => member.incarnation === incarnation))
        faults.push(`${key} is not in its view ${name}`)
      const before = stays[i - 1]?.view
      if (before?.lineage === view.lineage && before.id >= view.id)
        faults.push(`${key} went from view ${before.id} to ${view.id}`)
      if (
        companions.length > 0 &&
        (before === undefined || (before.lineage === view.lineage && before.id + 1 !== view.id))
      ) {
        faults.push(`${key} came to view ${name} with others, from ${before === undefined ? 'none' : nameOf(before)}`)
      }
    }
  }
}

/** Who went from one view to the next together has delivered the same in the first. */
function judgeSynchrony(lives: readonly Life[], faults: string[]): void {
  for (const one of lives) {
    for (const [i, { view, companions }] of one.stays.entries()) {
      for (const other of lives) {
        if (other === one || !companions.includes(other.incarnation)) continue
        const at = other.stays.findIndex(stay => nameOf(stay.view) === nameOf(view))
        // It may have died before it got there.
        if (at < 0) continue
        const mine = one.stays[i - 1]
        // From a lineage that ended, each finds its own way into another.
        const isMove = mine?.view.lineage === view.lineage
        const theirs = isMove ? other.stays[at - 1] : other.stays.find(stay => nameOf(stay.view) === nameOf(mine.view))
        if (mine === undefined || theirs === undefined || nameOf(mine.view) !== nameOf(theirs.view)) {
          faults.push(`${one.key} says that ${other.key} came along to view ${nameOf(view)}, which it did not`)
          continue
        }
        const missing = mine.delivered.find(message => !theirs.delivered.includes(message))
        if (missing !== undefined) {
          faults.push(
            `${one.key} delivered ${missing} in view ${nameOf(mine.view)}, and ${other.key}, who went on with it, did not`,
          )
        }
      }
    }
  }
}

/** A sender's messages come in its order, each once, and in one view without a gap. */
function judgeOrder(processes: readonly Subject[], lives: readonly Life[], faults: string[]): void {
  const numberOf = (message: string) => Number(message.split('#')[1])
  for (const { key } of processes) {
    const seen = new Set<string>()
    const last = new Map<string, number>()
    for (const { stays } of lives.filter(life => life.key === key)) {
      for (const { delivered, view } of stays) {
        const here = new Map<string, number>()
        for (const message of delivered) {
          const [incarnation, text] = message.split(' ')
          if (!text.includes('#')) continue
          const [sender] = text.split('#')
          const number = numberOf(message)
          if (seen.has(text)) faults.push(`${key} delivered ${text} twice`)
          seen.add(text)
          if (number <= (last.get(sender) ?? -1)) faults.push(`${key} delivered ${text} after ${last.get(sender)}`)
          last.set(sender, number)
          const before = here.get(incarnation)
          if (before !== undefined && number !== before + 1)
            faults.push(`${key} delivered ${text} right after ${before} in view ${view.id}`)
          here.set(incarnation, number)
        }
      }
    }
  }
}

/** The most views that it may take to put things in order, by member. */
const VIEWS_MAX = 30

function judgeEnd({ processes, isSettled, viewsToSettle, viewsAfter, net }: Trial, faults: string[]): void {
  const living = processes.filter(({ isDead, isLeaving, member }) => !isDead && !isLeaving && !member.isClosed)
  for (const { key, member, isDead, isLeaving } of processes) {
    const { code } = (member.error ?? {}) as { code?: string }
    if (isDead) continue
    if (
      member.isClosed &&
      code !== undefined &&
      !(isLeaving && code === 'ERR_TUTTI_LEAVE_TIMEOUT') &&
      code !== 'ERR_TUTTI_NAME'
    ) {
      faults.push(`${key} was closed: ${member.error}`)
    }
    if (member.isClosed && code === undefined && !isLeaving) faults.push(`${key} was closed`)
    if (!member.isClosed && isLeaving) faults.push(`${key} cannot leave`)
  }
  // Two groups with a live member of one name in each stay apart: neither takes the other's in.
  const isAmbiguous = new Set(living.map(({ name }) => name)).size < living.length
  if (!isSettled && isAmbiguous) return
  if (!isSettled) {
    const where = living.map(
      ({ key, member }) =>
        `${key}: ${member.viewKey} of ${member.view} ${member.voters}${member.engine.isStranded ? ' stranded' : ''}`,
    )
    faults.push(`not settled at ${net.nowMs}: ${where.join('; ')}`)
    return
  }
  if (viewsAfter > 0) faults.push(`${viewsAfter} more views when all was settled`)
  if (viewsToSettle > VIEWS_MAX) faults.push(`${viewsToSettle} views to settle`)
  for (const { key, member } of living) {
    const told = member.log.filter(line => line === 'excluded' || line.includes('blocked ')).at(-1) ?? ''
    if (told.startsWith('blocked')) faults.push(`${key} was told last that it is ${told}`)
    for (const other of living) {
      const last = `${other.key}#${other.sent - 1}`
      if (other.sent > 0 && !member.record.some(({ event }) => event instanceof Message && startsWith(event, last))) {
        faults.push(`${key} never delivered ${last}, sent when all was settled`)
      }
    }
  }
}

const startsWith = (message: Message, text: string): boolean =>
  new TextDecoder().decode(message.data.subarray(0, 20)).startsWith(`${text}:`)
