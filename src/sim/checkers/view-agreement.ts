import type { Checker, Violation } from './checker.js'
import { historyOf } from './history.js'
import { composition, type Life, namesOf, type Stay } from './life.js'

/** One id of a lineage is one list of members, in one order, with the same incarnations and voters, everywhere. */
export const viewAgreement: Checker = {
  name: 'view-agreement',
  kind: 'safety',
  check(trace, { lives } = historyOf(trace)) {
    const violations: Violation[] = []
    const first = new Map<string, { readonly stay: Stay; readonly life: Life }>()
    for (const life of lives) {
      for (const stay of life.stays) {
        const known = first.get(stay.view)
        if (known === undefined) first.set(stay.view, { stay, life })
        else if (composition(known.stay) !== composition(stay)) {
          violations.push({
            checker: viewAgreement.name,
            process: life.process.id,
            what: `installed view ${stay.id} as ${described(stay, known.stay)}; at ${known.life.process.id} it is ${described(known.stay, stay)}`,
          })
        }
      }
    }
    return violations
  },
}

/** Names where they tell the two apart, else everything. */
function described(stay: Stay, other: Stay): string {
  const names = namesOf(stay.members)
  if (names !== namesOf(other.members)) return names
  return stay.members
    .map(({ name, incarnation, voter }) => `${name} (${incarnation}${voter ? ', votes' : ''})`)
    .join(' ')
}
