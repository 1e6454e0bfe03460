import type { Checker, Violation } from './checker.js'
import { type Answer, ballotText, proposerOf } from './decree.js'
import { historyOf } from './history.js'

/**
 * An acceptor answers no ballot that is lower than one it has answered for the same view; and its promise tells of its
 * latest vote.
 */
export const promisesNeverFall: Checker = {
  name: 'promises-never-fall',
  kind: 'safety',
  check(trace, { decrees } = historyOf(trace)) {
    const violations: Violation[] = []
    for (const { tag, answers } of decrees.values()) {
      for (const [process, list] of answers) {
        for (const what of faults(list)) {
          violations.push({ checker: promisesNeverFall.name, process, what: `${what} (view tag ${tag})` })
        }
      }
    }
    return violations
  },
}

/** @param answers  of one process about one view, in order */
function faults(answers: readonly Answer[]): Set<string> {
  // Each is said again and again.
  const found = new Set<string>()
  let answered = 0
  let voted = 0
  for (const answer of answers) {
    const { event, ballot, rank } = answer
    const text = `${event === 'promised' ? 'promised' : 'voted in'} ballot ${ballotText(ballot)}`
    if (ballot < answered) found.add(`${text} after it had answered ${ballotText(answered)}`)
    answered = Math.max(answered, ballot)
    if (event === 'accepted') voted = Math.max(voted, ballot)
    // A proposer does not tell itself.
    else if (rank !== proposerOf(ballot)) {
      const told = answer.accepted?.ballot ?? 0
      if (told < voted) found.add(`${text} without a word of its vote in ${ballotText(voted)}`)
      if (told > ballot) found.add(`${text} with a vote in ${ballotText(told)}, which is later`)
    }
  }
  return found
}
