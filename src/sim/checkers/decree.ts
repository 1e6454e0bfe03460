import type { AgreementEvent, TraceLine, TraceVote } from '../trace.js'

/** What the voters of one closing view said about the view that follows it. */
export interface Decree {
  readonly tag: number
  /** In order of seniority, as the first proposer had them; undefined if nobody says. */
  voters: readonly number[] | undefined
  readonly proposals: Said[]
  readonly decisions: Said[]
  /** By ballot, the ranks that voted in it. */
  readonly votes: Map<number, Set<number>>
  /** By ballot and rank, the first promise: only that one was made before any vote in the same ballot. */
  readonly promises: Map<number, Map<number, Promised>>
  /** What each process answered, in order. */
  readonly answers: Map<string, Answer[]>
}

/** One value that one process put forward, once for each that is different. */
export interface Said {
  readonly process: string
  /** 0 for a decision. */
  readonly ballot: number
  readonly value: string
}

export interface Promised {
  readonly process: string
  readonly vote: TraceVote | undefined
}

export type Answer = Extract<AgreementEvent, { event: 'promised' | 'accepted' }>

/** Rank of the member whose ballot it is. */
export const proposerOf = (ballot: number): number => ballot % 65_536

/** The value that was proposed at a ballot, if that is in the trace. */
export const proposalAt = ({ proposals }: Decree, ballot: number): string | undefined =>
  proposals.find(proposal => proposal.ballot === ballot)?.value

/** A ballot for a sentence. */
export const ballotText = (ballot: number): string => `${Math.floor(ballot / 65_536)}.${proposerOf(ballot)}`

type AgreementLine = Extract<TraceLine, AgreementEvent>

const isAgreement = (line: TraceLine & { event: string }): line is AgreementLine =>
  line.event === 'promised' || line.event === 'proposed' || line.event === 'accepted' || line.event === 'decided'

/** Returns false if the line is not about an agreement. */
export function noteAgreement(decrees: Map<number, Decree>, line: Extract<TraceLine, { event: string }>): boolean {
  if (!isAgreement(line)) return false
  const { process } = line
  let decree = decrees.get(line.tag)
  if (decree === undefined) {
    decree = {
      tag: line.tag,
      voters: undefined,
      proposals: [],
      decisions: [],
      votes: new Map(),
      promises: new Map(),
      answers: new Map(),
    }
    decrees.set(line.tag, decree)
  }
  switch (line.event) {
    case 'proposed':
      if (line.voters.length > 0) decree.voters ??= line.voters
      say(decree.proposals, { process, ballot: line.ballot, value: line.value })
      break
    case 'decided':
      say(decree.decisions, { process, ballot: 0, value: line.value })
      break
    case 'promised':
      promise(decree, process, line)
      answer(decree, process, line)
      break
    case 'accepted': {
      const ranks = decree.votes.get(line.ballot)
      if (ranks === undefined) decree.votes.set(line.ballot, new Set([line.rank]))
      else ranks.add(line.rank)
      answer(decree, process, line)
    }
  }
  return true
}

/** Repeated again and again on the wire; noted once. */
function say(list: Said[], said: Said): void {
  const { process, ballot, value } = said
  if (list.some(each => each.process === process && each.ballot === ballot && each.value === value)) return
  list.push(said)
}

function promise(
  { promises }: Decree,
  process: string,
  { ballot, rank, accepted }: Answer & { event: 'promised' },
): void {
  let ranks = promises.get(ballot)
  if (ranks === undefined) {
    ranks = new Map()
    promises.set(ballot, ranks)
  }
  if (!ranks.has(rank)) ranks.set(rank, { process, vote: accepted })
}

function answer({ answers }: Decree, process: string, line: Answer): void {
  const list = answers.get(process)
  if (list === undefined) answers.set(process, [line])
  else list.push(line)
}
