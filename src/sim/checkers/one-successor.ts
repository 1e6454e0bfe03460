import type { Checker, Violation } from './checker.js'
import { historyOf } from './history.js'
import { composition, type Life, namesOf, type Stay } from './life.js'

/**
 * All who go on from a view within its lineage go on to the same one, the next: its id is one more. Who was left out or
 * changed lineages may skip as many as it likes.
 */
export const oneSuccessor: Checker = {
  name: 'one-successor',
  kind: 'safety',
  check(trace, { lives } = historyOf(trace)) {
    const violations: Violation[] = []
    const successors = new Map<string, { readonly stay: Stay; readonly life: Life }>()
    for (const life of lives) {
      const report = (what: string): void => {
        violations.push({ checker: oneSuccessor.name, process: life.process.id, what })
      }
      for (const stay of life.stays) {
        const { before } = stay
        if (before === undefined || !stay.isSuccessor) continue
        if (stay.id !== before.id + 1) report(`went from view ${before.id} to view ${stay.id}, which is not the next`)
        const known = successors.get(before.view)
        if (known === undefined) successors.set(before.view, { stay, life })
        else if (known.stay.view !== stay.view || composition(known.stay) !== composition(stay)) {
          report(
            `went from view ${before.id} to ${text(stay)}, but ${known.life.process.id} went from it to ${text(known.stay)}`,
          )
        }
      }
    }
    return violations
  },
}

const text = ({ id, members }: Stay): string => `view ${id} of ${namesOf(members)}`
