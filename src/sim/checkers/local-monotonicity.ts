import type { Checker, Violation } from './checker.js'
import { historyOf } from './history.js'
import type { Stay } from './life.js'

/** The ids of the views that a process installs only grow within a lineage, through all its lives. */
export const localMonotonicity: Checker = {
  name: 'local-monotonicity',
  kind: 'safety',
  check(trace, { processes } = historyOf(trace)) {
    const violations: Violation[] = []
    for (const process of processes) {
      const last = new Map<string, Stay>()
      for (const stay of process.lives.flatMap(life => life.stays)) {
        const before = last.get(stay.lineage)
        if (before === undefined || stay.id > before.id) last.set(stay.lineage, stay)
        else {
          const what = `installed view ${stay.id} after view ${before.id} of the same lineage`
          violations.push({ checker: localMonotonicity.name, process: process.id, what })
        }
      }
    }
    return violations
  },
}
