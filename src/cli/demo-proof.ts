import { createHash } from 'node:crypto'
import type { DemoMember } from './demo-member.js'

/** What one member delivered in one view. */
export interface Account {
  readonly count: number
  /** One hash over the hashes of all senders' sequences. */
  readonly digest: string
  readonly senders: Readonly<Record<string, { readonly count: number; readonly sha256: string }>>
}

export interface Proof {
  /** By view, then by member: who was in a view must have delivered the same as all others in it. */
  readonly views: ReadonlyMap<number, ReadonlyMap<string, Account>>
  readonly sent: number
  /** Sentences about what is not as it must be. */
  readonly faults: readonly string[]
}

/**
 * Compares what the members delivered: in every view the same messages of every sender in the same order, and over all
 * views everything that was sent.
 * @param witness  a member that was there from the beginning to the end
 */
export function prove(members: readonly DemoMember[], witness: DemoMember): Proof {
  const faults: string[] = []
  const views = new Map<number, ReadonlyMap<string, Account>>()
  for (const id of [...witness.delivered.keys()].sort((a, b) => a - b)) {
    const inView = members.filter(member => member.views.some(view => view.id === id))
    const accounts = new Map(inView.map(member => [member.name, accountOf(member, id)]))
    views.set(id, accounts)
    const expected = accounts.get(witness.name)!
    for (const [name, account] of accounts) {
      if (account.digest !== expected.digest) faults.push(`${name} and ${witness.name} differ in view ${id}`)
    }
  }
  let sent = 0
  for (const sender of members) {
    sent += sender.sent
    const delivered = witness.deliveredFrom(sender.name)
    if (delivered !== sender.sent) faults.push(`${sender.name} sent ${sender.sent}, ${delivered} were delivered`)
  }
  return { views, sent, faults }
}

function accountOf(member: DemoMember, view: number): Account {
  const sequences = [...(member.delivered.get(view) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
  const all = createHash('sha256')
  const senders: Record<string, { count: number; sha256: string }> = {}
  let count = 0
  for (const [name, sequence] of sequences) {
    const sha256 = sequence.hash.copy().digest('hex')
    all.update(`${name} ${sha256}\n`)
    senders[name] = { count: sequence.count, sha256 }
    count += sequence.count
  }
  return { count, digest: all.digest('hex'), senders }
}
