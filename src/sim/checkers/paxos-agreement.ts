import type { Checker, Violation } from './checker.js'
import { ballotText, type Decree, proposalAt } from './decree.js'
import { historyOf } from './history.js'
import { isQuorum } from './quorum.js'

/**
 * Of what may follow a view one value is chosen, and nobody learns another: a ballot has one value, what a quorum voted
 * for in one ballot is chosen, and all that is said to be decided is that.
 */
export const paxosAgreement: Checker = {
  name: 'paxos-agreement',
  kind: 'safety',
  check(trace, { decrees } = historyOf(trace)) {
    const violations: Violation[] = []
    for (const decree of decrees.values()) {
      const report = (process: string, what: string): void => {
        violations.push({ checker: paxosAgreement.name, process, what: `${what} (view tag ${decree.tag})` })
      }
      for (const { process, ballot, value } of decree.proposals) {
        const other = proposalAt(decree, ballot)
        if (other !== value) report(process, `proposed ${value} in ballot ${ballotText(ballot)}, which has ${other}`)
      }
      let known: Choice | undefined
      for (const choice of [...choices(decree), ...decree.decisions.map(decided)]) {
        known ??= choice
        if (choice.value !== known.value) report(choice.process, `${choice.text}; ${known.process} ${known.text}`)
      }
    }
    return violations
  },
}

interface Choice {
  readonly process: string
  readonly value: string
  readonly text: string
}

const decided = ({ process, value }: { process: string; value: string }): Choice => ({
  process,
  value,
  text: `said that ${value} is decided`,
})

/** What a quorum voted for, as far as votes were said: once for each ballot in which that came about. */
function choices(decree: Decree): Choice[] {
  const { votes, proposals, voters } = decree
  if (voters === undefined) return []
  return [...votes].flatMap(([ballot, ranks]) => {
    const proposal = proposals.find(each => each.ballot === ballot)
    if (proposal === undefined || !isQuorum(voters, rank => ranks.has(rank))) return []
    const { process, value } = proposal
    return [{ process, value, text: `had ${value} chosen in ballot ${ballotText(ballot)}` }]
  })
}
