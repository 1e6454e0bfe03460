import type { Checker, Violation } from './checker.js'
import { type History, historyOf } from './history.js'
import { composition, type Life, namesOf, type Stay } from './life.js'
import { isQuorum } from './quorum.js'

/**
 * Of two views of one lineage that exclude each other, because they have one id or come from one view, at most one is
 * primary; and a view is followed by another only where a quorum of its voters can have had a part in that. A trace does
 * not say who voted: who can not have is only who never was in the view, though its trace goes on beyond it.
 */
export const primaryComponent: Checker = {
  name: 'primary-component',
  kind: 'safety',
  check(trace, history = historyOf(trace)) {
    const violations: Violation[] = []
    const byId = new Map<string, Seen>()
    const byOrigin = new Map<string, Seen>()
    const judged = new Set<string>()
    for (const life of history.lives) {
      const report = (what: string): void => {
        violations.push({ checker: primaryComponent.name, process: life.process.id, what })
      }
      for (const stay of life.stays.filter(({ primary }) => primary)) {
        const twin = rival(byId, stay.view, stay, life)
        if (twin !== undefined) report(`is in primary ${text(stay)}; ${whereabouts(twin)}`)
        const { before } = stay
        if (before === undefined || !stay.isSuccessor) continue
        const other = twin ?? rival(byOrigin, before.view, stay, life)
        if (other !== undefined && other !== twin) {
          report(`went from view ${before.id} to primary ${text(stay)}; ${whereabouts(other)}`)
        }
        const move = `${composition(before)} ${composition(stay)}`
        if (judged.has(move)) continue
        judged.add(move)
        const able = ableVoters(before, stay, history)
        if (isQuorum(before.members.filter(isVoter), voter => able.includes(voter))) continue
        const voters = namesOf(before.members.filter(isVoter))
        report(
          `went from view ${before.id} to view ${stay.id}, though of its voters ${voters} at most ${namesOf(able)} can have agreed`,
        )
      }
    }
    return violations
  },
}

interface Seen {
  readonly stay: Stay
  readonly life: Life
}

type Member = Stay['members'][number]

const isVoter = ({ voter }: Member): boolean => voter

/** Another primary view in the place of this one. */
function rival(seen: Map<string, Seen>, place: string, stay: Stay, life: Life): Seen | undefined {
  const known = seen.get(place)
  if (known === undefined) seen.set(place, { stay, life })
  else if (known.stay.view !== stay.view || composition(known.stay) !== composition(stay)) return known
  return undefined
}

function ableVoters(before: Stay, { incarnations }: Stay, { byIncarnation }: History): Member[] {
  return before.members.filter(isVoter).filter(({ incarnation }) => {
    const life = byIncarnation.get(incarnation)
    return life === undefined || incarnations.has(incarnation) || !wasNeverIn(life, before)
  })
}

/** Whether a life's trace shows that it was not in a view which has it: it has what was before, and what came after. */
function wasNeverIn({ ordinal, fate, stays }: Life, { lineage, id, view }: Stay): boolean {
  if (stays.some(stay => stay.view === view)) return false
  // Of its process's first life, the application may not have seen the first views.
  const earlier = stays.findLastIndex(stay => stay.lineage === lineage && stay.id < id)
  if (earlier === -1 && ordinal === 0) return false
  return fate === 'excluded' || earlier < stays.length - 1
}

const text = ({ id, members }: Stay): string => `view ${id} of ${namesOf(members)}`

const whereabouts = ({ stay, life }: Seen): string =>
  `${life.process.id} is in primary ${text(stay)}, and delivered ${stay.deliveries.length} messages in it`
