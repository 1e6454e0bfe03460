import { createHash } from 'node:crypto'
import type { DemoMember } from './demo-member.js'
import type { Stretch } from './demo-sequence.js'

/** What one member delivered in one view. */
export interface Account {
  readonly count: number
  /** One hash over the hashes of all senders' sequences. */
  readonly digest: string
  readonly senders: Readonly<Record<string, { readonly count: number; readonly sha256: string }>>
}

export interface Proof {
  /** By view, then by member: who was in a view to its end must have delivered the same as all others in it. */
  readonly views: ReadonlyMap<number, ReadonlyMap<DemoMember, Account>>
  /** What each has of the one total order, to the end of the last view that it saw to its end. */
  readonly sequences: ReadonlyMap<DemoMember, Stretch>
  readonly sent: number
  /** What died with its sender: delivered nowhere. */
  readonly lost: number
  /** Sentences about what is not as it must be. */
  readonly faults: readonly string[]
}

/**
 * Compares what the members delivered: in every view the same messages of every sender in the same order; over all
 * views one total order, of which who joined late has the end; and everything that was sent, but for the last words of
 * those who were killed or left out.
 * @param witness  a member that was there from the beginning to the end
 */
export function prove(members: readonly DemoMember[], witness: DemoMember): Proof {
  const faults: string[] = []
  const views = new Map<number, ReadonlyMap<DemoMember, Account>>()
  for (const id of [...witness.delivered.keys()].sort((a, b) => a - b)) {
    const inView = members.filter(member => member.views.some(view => view.id === id) && !member.unfinished.has(id))
    const accounts = new Map(inView.map(member => [member, accountOf(member, id)]))
    views.set(id, accounts)
    const expected = accounts.get(witness)?.digest
    for (const [{ name }, { digest }] of accounts) {
      if (expected !== undefined && digest !== expected) faults.push(`${name} and ${witness.name} differ in view ${id}`)
    }
  }
  const sequences = sequencesOf(members, witness, faults)
  let sent = 0
  let lost = 0
  for (const sender of members) {
    sent += sender.sent
    const missing = sender.sent - witness.deliveredFrom(sender)
    const mayMiss = sender.unfinished.size > 0 || witness.unfinished.size > 0
    if (missing < 0 || (missing > 0 && !mayMiss)) {
      faults.push(`${sender.name} sent ${sender.sent}, ${sender.sent - missing} were delivered`)
    } else lost += missing
  }
  return { views, sequences, sent, lost, faults }
}

function sequencesOf(members: readonly DemoMember[], witness: DemoMember, faults: string[]): Map<DemoMember, Stretch> {
  const sequences = new Map<DemoMember, Stretch>()
  for (const member of members) {
    const { name, total, unfinished } = member
    if (total.fault !== undefined) faults.push(`${name} delivered ${total.fault}`)
    const views = total.views.filter(id => !unfinished.has(id) && !witness.unfinished.has(id))
    const own = total.stretch(views)
    if (own === undefined) continue
    sequences.set(member, own)
    const other = witness.total.stretch(views)
    if (own.first !== other?.first || own.last !== other.last || own.sha256 !== other.sha256)
      faults.push(`${name} and ${witness.name} differ in total order, from ${own.first} to ${own.last}`)
  }
  const first = sequences.get(witness)?.first ?? 1
  if (first !== 1) faults.push(`total order begins at ${first}`)
  return sequences
}

function accountOf(member: DemoMember, view: number): Account {
  const sequences = [...(member.delivered.get(view)?.values() ?? [])].sort((a, b) => (a.from < b.from ? -1 : 1))
  const all = createHash('sha256')
  const senders: Record<string, { count: number; sha256: string }> = {}
  let count = 0
  for (const { from: name, count: messages, hash } of sequences) {
    const sha256 = hash.copy().digest('hex')
    all.update(`${name} ${sha256}\n`)
    senders[name] = { count: messages, sha256 }
    count += messages
  }
  return { count, digest: all.digest('hex'), senders }
}
