import type { Checker, Violation } from './checker.js'
import { type History, historyOf } from './history.js'
import { counted, isUndivided, type Life, type SentMessage, type Stay, selfOf, senderOf, shown } from './life.js'

/**
 * What a member sealed in a view from which it went on or left in order, everyone who went on from that view has
 * delivered; and so has everyone what a member that was left out, or gave up its lineage, was told is sent and not told
 * is lost. Once the network is whole again, the same holds for the view that the trace ends in, and for what members
 * told each other.
 */
export const termination: Checker = {
  name: 'termination',
  kind: 'liveness',
  check(trace, history = historyOf(trace)) {
    const violations: Violation[] = []
    const sealed = sealedIn(history)
    for (const receiver of history.lives) {
      const delivered = counted(receiver.deliveries, item => `${senderOf(item)}\0${item.key}`)
      const told = counted(receiver.told, item => `${senderOf(item)}\0${item.key}`)
      const missing = new Map<Life, string[]>()
      for (const stay of receiver.stays) {
        for (const { sender, end, keys } of sealed.get(stay.view) ?? []) {
          if (isOwed(stay, end)) add(missing, sender, absent(keys, sender, delivered))
        }
      }
      if (receiver.fate === 'live' && isUndivided(receiver, history.livesOf)) {
        for (const sender of history.lives) {
          const isThere = sender.fate === 'live' || sender.fate === 'left'
          if (isThere && isUndivided(sender, history.livesOf))
            add(missing, sender, absent(toldTo(receiver, sender), sender, told))
        }
      }
      for (const [sender, keys] of missing) {
        violations.push({
          checker: termination.name,
          process: receiver.process.id,
          what: `never delivered ${keys.length} of ${sender.process.name}'s messages, first ${shown(keys[0])}`,
        })
      }
    }
    return violations
  },
}

interface Sealed {
  readonly sender: Life
  readonly end: Stay['end']
  readonly keys: string[]
}

/** By view, what each of its members sealed in it. Of what was not even sealed, self-delivery speaks. */
function sealedIn({ lives }: History): Map<string, Sealed[]> {
  const sealed = new Map<string, Sealed[]>()
  for (const sender of lives) {
    const stays = new Map<Stay, string[]>()
    for (const send of sender.sends) {
      const { seal, refused, key } = send
      if (seal === undefined || refused || (seal.end === 'broken' && !isConfirmed(send, seal, sender))) continue
      const keys = stays.get(seal)
      if (keys === undefined) stays.set(seal, [key])
      else keys.push(key)
    }
    for (const [{ view, end }, keys] of stays) {
      const list = sealed.get(view)
      const item = { sender, end, keys }
      if (list === undefined) sealed.set(view, [item])
      else list.push(item)
    }
  }
  return sealed
}

/** Whoever lives on after its view was broken has told by then what is lost of what it had said is sent (C19). */
function isConfirmed({ sentView }: SentMessage, { ordinal }: Stay, { fate, stays }: Life): boolean {
  return sentView !== undefined && (fate === 'excluded' || ordinal < stays.length - 1)
}

/**
 * Whether a receiver must have what was sealed in the view of its stay by a sender whose own stay ended so. Who went on
 * while the receiver is still there may have been out of its reach ever since: membership-precision speaks of that.
 */
function isOwed({ end }: Stay, sendersEnd: Stay['end']): boolean {
  if (end === 'survived') return sendersEnd !== 'open'
  return end === 'open' && (sendersEnd === 'open' || sendersEnd === 'left')
}

const toldTo = (receiver: Life, sender: Life): string[] =>
  sender.process.tells.filter(tell => tell.to === receiver.process.name && !tell.refused).map(tell => tell.key)

function absent(keys: readonly string[], sender: Life, delivered: Map<string, number>): string[] {
  return keys.filter(key => {
    const id = `${selfOf(sender)}\0${key}`
    const times = delivered.get(id) ?? 0
    if (times > 0) delivered.set(id, times - 1)
    return times === 0
  })
}

function add(missing: Map<Life, string[]>, sender: Life, keys: readonly string[]): void {
  if (keys.length === 0) return
  const list = missing.get(sender)
  if (list === undefined) missing.set(sender, [...keys])
  else list.push(...keys)
}
