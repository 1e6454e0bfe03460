import type { Ballot } from '../../src/paxos/ballot.js'
import type { Value } from './synod.js'

export type Fault =
  | 'agreement' // two values were chosen, or taken for chosen
  | 'stability' // after one was chosen, a later ballot proposed another (P2b)
  | 'validity' // something was voted for that nobody had proposed in that ballot
  | 'learning' // a proposer took for chosen what was not
  | 'unbound' // a ballot had two values (B1)
  | 'promise' // a voter's promise or vote fell, or its vote was ahead of its promise
  | 'progress' // a quorum that can talk to a proposer undisturbed came to no decision

/** Sees all that happens in one synod, and knows by other means than the synod what follows from it. */
export class Judge {
  readonly faults = new Set<Fault>()
  readonly seen = {
    chosen: false,
    chosenAgain: false, // in more than one ballot
    rivals: false, // more than one value had votes
    outbid: false,
  }
  readonly #voters: readonly number[]
  /** Values by their serial numbers. */
  readonly #proposals = new Map<Ballot, number>()
  readonly #invented = new Set<number>()
  readonly #votes = new Map<Ballot, { readonly value: number; readonly by: Set<number> }[]>()
  readonly #told = new Set<number>()
  readonly #memories = new Map<number, { promised: Ballot; accepted: Ballot }>()

  constructor(voters: readonly number[]) {
    this.#voters = voters
  }

  report(fault: Fault): void {
    this.faults.add(fault)
  }

  isQuorum(ids: ReadonlySet<number>): boolean {
    const present = this.#voters.filter(id => ids.has(id)).length
    const absent = this.#voters.length - present
    return present > absent || (present === absent && ids.has(this.#voters[0]))
  }

  issued(ballot: Ballot, { serial }: Value, isFree: boolean): void {
    if (isFree) this.#invented.add(serial)
    if (this.#proposals.has(ballot) && this.#proposals.get(ballot) !== serial) this.report('unbound')
    this.#proposals.set(ballot, serial)
  }

  voted(id: number, ballot: Ballot, { serial }: Value): void {
    if (this.#proposals.get(ballot) !== serial || !this.#invented.has(serial)) this.report('validity')
    const votes = this.#votes.get(ballot) ?? []
    this.#votes.set(ballot, votes)
    // A voter that is asked again in the same ballot has voted already.
    if (votes.some(({ by }) => by.has(id))) return
    const same = votes.find(({ value }) => value === serial)
    if (same !== undefined) same.by.add(id)
    else votes.push({ value: serial, by: new Set([id]) })
  }

  outbid(): void {
    this.seen.outbid = true
  }

  /** A proposer takes a value for chosen. */
  told({ serial }: Value): void {
    this.#told.add(serial)
    if (!this.#chosen.some(({ value }) => value === serial)) this.report('learning')
  }

  remembers(id: number, promised: Ballot, accepted: Ballot): void {
    const before = this.#memories.get(id)
    if (before !== undefined && (promised < before.promised || accepted < before.accepted)) this.report('promise')
    if (accepted > promised) this.report('promise')
    this.#memories.set(id, { promised, accepted })
  }

  /** What the schedule has come to so far: whether it is one that could have gone wrong. */
  takeStock(): void {
    this.seen.chosen = this.#chosen.length > 0
    this.seen.chosenAgain = this.#chosen.length > 1
    this.seen.rivals = new Set([...this.#votes.values()].flat().map(({ value }) => value)).size > 1
  }

  /** What can be said once all is over. Votes and proposals are never taken back, so nothing is missed by waiting. */
  conclude(): void {
    const chosen = this.#chosen
    const values = new Set([...chosen.map(({ value }) => value), ...this.#told])
    if (values.size > 1) this.report('agreement')
    for (const { ballot, value } of chosen)
      for (const [later, proposed] of this.#proposals)
        if (later > ballot && proposed !== value) this.report('stability')
  }

  get #chosen(): { readonly ballot: Ballot; readonly value: number }[] {
    return [...this.#votes].flatMap(([ballot, votes]) =>
      votes.filter(({ by }) => this.isQuorum(by)).map(({ value }) => ({ ballot, value })),
    )
  }
}
