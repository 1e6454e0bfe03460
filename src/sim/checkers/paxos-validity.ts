import type { Checker, Violation } from './checker.js'
import { ballotText, type Decree, proposalAt, proposerOf, type Said } from './decree.js'
import { historyOf } from './history.js'
import { isQuorum } from './quorum.js'

/**
 * Only what was proposed is voted for, reported and decided; and what is proposed is what the promises bind it to: the
 * value of the latest vote among those of a quorum, or anything if they had none ("Paxos Made Simple", P2c).
 */
export const paxosValidity: Checker = {
  name: 'paxos-validity',
  kind: 'safety',
  check(trace, { decrees } = historyOf(trace)) {
    const violations: Violation[] = []
    for (const decree of decrees.values()) {
      const report = (process: string, what: string): void => {
        violations.push({ checker: paxosValidity.name, process, what: `${what} (view tag ${decree.tag})` })
      }
      judgeVotes(decree, report)
      judgeReports(decree, report)
      judgeDecisions(decree, report)
      for (const proposal of decree.proposals) judgeProposal(decree, proposal, report)
    }
    return violations
  },
}

type Report = (process: string, what: string) => void

function judgeVotes(decree: Decree, report: Report): void {
  for (const [process, answers] of decree.answers) {
    const ballots = answers.filter(({ event, ballot, rank }) => event === 'accepted' && rank !== proposerOf(ballot))
    for (const ballot of new Set(ballots.map(answer => answer.ballot))) {
      if (proposalAt(decree, ballot) !== undefined) continue
      report(process, `voted in ballot ${ballotText(ballot)}, in which nothing was proposed`)
    }
  }
}

function judgeReports(decree: Decree, report: Report): void {
  for (const [ballot, promises] of decree.promises) {
    for (const [rank, { process, vote }] of promises) {
      if (vote === undefined) continue
      const proposed = proposalAt(decree, vote.ballot)
      // A proposer's own vote may never have been on the wire.
      if (proposed === vote.value || (proposed === undefined && rank === proposerOf(vote.ballot))) continue
      const said = proposed === undefined ? 'nothing was proposed' : `${proposed} was proposed`
      report(
        process,
        `promised ballot ${ballotText(ballot)} with a vote for ${vote.value} in ${ballotText(vote.ballot)}, in which ${said}`,
      )
    }
  }
}

function judgeDecisions({ decisions, proposals, voters }: Decree, report: Report): void {
  // Where one vote is a quorum, whoever has it need not ask anybody.
  if (voters === undefined || voters.length <= 2) return
  for (const { process, value } of decisions) {
    if (!proposals.some(proposal => proposal.value === value))
      report(process, `decided ${value}, which nobody proposed`)
  }
}

function judgeProposal(decree: Decree, { process, ballot, value }: Said, report: Report): void {
  const { voters } = decree
  if (voters === undefined) return
  const reports = reportedTo(decree, ballot)
  const isQuorumUpTo = (latest: number): boolean => isQuorum(voters, rank => (reports.get(rank) ?? Infinity) <= latest)
  if (!isQuorumUpTo(ballot)) {
    return report(process, `proposed ${value} in ballot ${ballotText(ballot)} without the promises of a quorum`)
  }
  // Which promises reached the proposer, the trace does not say: any quorum of them that allows the value will do.
  const votes = new Set(reports.values())
  const isAllowed = [...votes].some(vote => isQuorumUpTo(vote) && (vote === 0 || valueAt(decree, vote) === value))
  if (isAllowed) return
  const latest = Math.max(...votes)
  report(
    process,
    `proposed ${value} in ballot ${ballotText(ballot)}, though its promises told of ${valueAt(decree, latest)} in ${ballotText(latest)}`,
  )
}

/** By rank, the ballot of the latest vote that was told with the promise to a ballot; 0: none. */
function reportedTo({ promises, votes }: Decree, ballot: number): Map<number, number> {
  const reports = new Map<number, number>()
  for (const [rank, { vote }] of promises.get(ballot) ?? []) reports.set(rank, vote?.ballot ?? 0)
  // What a proposer promises to itself is not said; its votes are.
  const own = proposerOf(ballot)
  const earlier = [...votes].filter(([each, ranks]) => each < ballot && ranks.has(own)).map(([each]) => each)
  reports.set(own, Math.max(0, ...earlier))
  return reports
}

function valueAt(decree: Decree, ballot: number): string | undefined {
  const told = [...decree.promises.values()].flatMap(promises => [...promises.values()])
  return proposalAt(decree, ballot) ?? told.find(({ vote }) => vote?.ballot === ballot)?.vote?.value
}
