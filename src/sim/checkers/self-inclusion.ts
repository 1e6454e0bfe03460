import type { Checker, Violation } from './checker.js'
import { historyOf } from './history.js'
import { namesOf } from './life.js'

/** A member is in every view that it installs, as the incarnation that it is. */
export const selfInclusion: Checker = {
  name: 'self-inclusion',
  kind: 'safety',
  check(trace, { lives } = historyOf(trace)) {
    const violations: Violation[] = []
    for (const { process, incarnation, stays } of lives) {
      if (!process.isNamed) continue
      for (const { id, members } of stays) {
        if (members.some(member => member.incarnation === incarnation && member.name === process.name)) continue
        const isOther = members.some(member => member.name === process.name)
        const whom = isOther ? `another incarnation of ${process.name}` : namesOf(members)
        violations.push({
          checker: selfInclusion.name,
          process: process.id,
          what: `installed view ${id} of ${whom}, and is not in it`,
        })
      }
    }
    return violations
  },
}
