import type { Checker, Violation } from './checker.js'
import { type History, historyOf } from './history.js'
import {
  counted,
  type Life,
  type Process,
  type SentMessage,
  type Stay,
  selfOf,
  senderOf,
  shown,
  type Told,
} from './life.js'

/**
 * What a member sealed in a view from which it went on or left in order, everyone who went on from that view has
 * delivered; and so has everyone what a member that was left out, or gave up its lineage, was told is sent and not told
 * is lost, unless that rests on a causal message that nobody has who goes on. Once the network is whole again, the same
 * holds for the view that the trace ends in; and who never had another life has got what it was told and nobody said is
 * lost, by all who are there to the end, whatever became of them and their lineages meanwhile.
 */
export const termination: Checker = {
  name: 'termination',
  kind: 'liveness',
  check(trace, history = historyOf(trace)) {
    const violations: Violation[] = []
    const sealed = sealedIn(history)
    for (const receiver of history.lives) {
      const delivered = counted(receiver.deliveries, item => `${senderOf(item)}\0${item.key}`)
      const told = counted(receiver.told, item => `${tellerOf(item, history)}\0${item.key}`)
      const missing = new Map<Process, string[]>()
      for (const stay of receiver.stays) {
        for (const { sender, end, keys, resting } of sealed.get(stay.view) ?? []) {
          if (!isOwed(stay, end)) continue
          add(missing, sender.process, absent(keys, selfOf(sender), delivered))
          if (resting.length === 0 || isGroundless(stay, sender, history, delivered)) continue
          add(missing, sender.process, absent(resting, selfOf(sender), delivered))
        }
      }
      if (receiver.fate === 'live' && history.livesOf.get(receiver.process.name) === 1) {
        for (const sender of history.processes) {
          if (isThere(sender)) add(missing, sender, absent(toldTo(receiver, sender), sender.id, told))
        }
      }
      for (const [sender, keys] of missing) {
        violations.push({
          checker: termination.name,
          process: receiver.process.id,
          what: `never delivered ${keys.length} of ${sender.name}'s messages, first ${shown(keys[0])}`,
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
  /** Causal messages that its sender did not take to the next view: they may rest on what nobody else has. */
  readonly resting: string[]
}

/** By view, what each of its members sealed in it. Of what was not even sealed, self-delivery speaks. */
function sealedIn({ lives }: History): Map<string, Sealed[]> {
  const sealed = new Map<string, Sealed[]>()
  for (const sender of lives) {
    const stays = new Map<Stay, Sealed>()
    for (const send of sender.sends) {
      const { seal, refused, key, order } = send
      if (seal === undefined || refused || (seal.end === 'broken' && !isConfirmed(send, seal, sender))) continue
      const item = stays.get(seal) ?? { sender, end: seal.end, keys: [], resting: [] }
      stays.set(seal, item)
      if (order === 'causal' && seal.end === 'broken') item.resting.push(key)
      else item.keys.push(key)
    }
    for (const [{ view }, item] of stays) {
      const list = sealed.get(view)
      if (list === undefined) sealed.set(view, [item])
      else list.push(item)
    }
  }
  return sealed
}

/** Whoever lives on after its view was broken has told by then what is lost of what it had said is sent (C19). */
function isConfirmed({ sentView }: SentMessage, { ordinal, isCutShort }: Stay, { fate, stays }: Life): boolean {
  return sentView !== undefined && !isCutShort && (fate === 'excluded' || ordinal < stays.length - 1)
}

/**
 * Whether a receiver must have what was sealed in the view of its stay by a sender whose own stay ended so. Who went on
 * while the receiver is still there may have been out of its reach ever since: membership-precision speaks of that.
 */
function isOwed({ end }: Stay, sendersEnd: Stay['end']): boolean {
  if (end === 'survived') return sendersEnd !== 'open'
  return end === 'open' && (sendersEnd === 'open' || sendersEnd === 'left')
}

/**
 * Whether a receiver may have had to drop causal messages of a sender that did not go on: if another who did not go on
 * either had sent causal messages in the view that are lost, the sender may have had them before it sent its own.
 */
function isGroundless(
  { view, members }: Stay,
  sender: Life,
  { byIncarnation }: History,
  delivered: ReadonlyMap<string, number>,
): boolean {
  return members.some(({ incarnation }) => {
    const other = byIncarnation.get(incarnation)
    if (other === undefined) return true
    const there = other.stays.find(stay => stay.view === view)
    if (other === sender || (there !== undefined && there.end !== 'broken')) return false
    return other.sends.some(({ key, order, seal }) => {
      const isHere = seal === undefined || seal.view === view
      return order === 'causal' && isHere && !delivered.has(`${selfOf(other)}\0${key}`)
    })
  })
}

/** It has had the time to say what is lost of what it told, in whichever of its lives. */
function isThere({ lives }: Process): boolean {
  const fate = lives.at(-1)?.fate
  return fate === 'live' || fate === 'left'
}

const toldTo = (receiver: Life, sender: Process): string[] =>
  sender.tells.filter(tell => tell.to === receiver.process.name && !tell.refused).map(tell => tell.key)

const tellerOf = (item: Told, { byIncarnation }: History): string =>
  byIncarnation.get(item.incarnation)?.process.id ?? senderOf(item)

/** @param sender  what stands for it in `delivered` */
function absent(keys: readonly string[], sender: string, delivered: Map<string, number>): string[] {
  return keys.filter(key => {
    const id = `${sender}\0${key}`
    const times = delivered.get(id) ?? 0
    if (times > 0) delivered.set(id, times - 1)
    return times === 0
  })
}

function add(missing: Map<Process, string[]>, sender: Process, keys: readonly string[]): void {
  if (keys.length === 0) return
  const list = missing.get(sender)
  if (list === undefined) missing.set(sender, [...keys])
  else list.push(...keys)
}
