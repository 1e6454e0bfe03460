import type { Checker, Violation } from './checker.js'
import { historyOf } from './history.js'
import { type Life, namesOf, type Process, type Stay } from './life.js'
import { isQuorum } from './quorum.js'

/**
 * Once the network is whole again, all who live and do not want to leave are in one view, and nobody else is. Nothing is
 * asked where a quorum is lost for good: where of no view the voters that are still in it are enough to go on.
 */
export const membershipPrecision: Checker = {
  name: 'membership-precision',
  kind: 'liveness',
  check(trace, { processes } = historyOf(trace)) {
    const groups = new Map<string, Process[]>()
    for (const process of processes) {
      const isLive = process.isNamed && lifeOf(process).fate === 'live'
      if (isLive) groups.set(process.group, [...(groups.get(process.group) ?? []), process])
    }
    return [...groups.values()].flatMap(judge)
  },
}

const lifeOf = ({ lives }: Process): Life => lives[lives.length - 1]
const stayOf = (process: Process): Stay | undefined => lifeOf(process).stays.at(-1)

/** @param live  processes of one group */
function judge(live: readonly Process[]): Violation[] {
  const staying = live.filter(({ isLeaving }) => !isLeaving)
  const leaving = new Set(live.filter(({ isLeaving }) => isLeaving).map(process => lifeOf(process).incarnation))
  const stays = live.map(stayOf).filter(stay => stay !== undefined)
  const able = stays.filter(stay => canGoOn(stay, live))
  // The view of most of those who can go on is the one that the others should be in.
  const sizes = able.map(({ view }) => able.filter(stay => stay.view === view).length)
  const whole = able[sizes.indexOf(Math.max(...sizes))]
  if (whole === undefined) return []
  const violations: Violation[] = []
  const report = ({ id }: Process, what: string): void => {
    violations.push({ checker: membershipPrecision.name, process: id, what })
  }
  const expected = new Map(staying.map(process => [lifeOf(process).incarnation, process.name]))
  for (const process of staying) {
    const stay = stayOf(process)
    if (stay === undefined) {
      // Nobody may be looking at its views.
      if (!whole.incarnations.has(lifeOf(process).incarnation)) report(process, 'ended in no view')
    } else if (stay.view !== whole.view) {
      report(process, `ended in ${text(stay)}, while others are in ${text(whole)}`)
    } else {
      const strange = stay.members.filter(({ incarnation }) => !expected.has(incarnation) && !leaving.has(incarnation))
      const missing = [...expected].filter(([incarnation]) => !stay.incarnations.has(incarnation))
      if (strange.length > 0) report(process, `ended in ${text(stay)}, though ${namesOf(strange)} had gone`)
      if (missing.length > 0)
        report(process, `ended in ${text(stay)}, without ${missing.map(([, name]) => name).join(' ')}`)
    }
  }
  return violations
}

/** Whether those of a view's voters who live and have not gone on from it are a quorum. */
function canGoOn({ members, view }: Stay, live: readonly Process[]): boolean {
  // Whose application does not look at views counts where the others have it.
  const isThere = (process: Process): boolean => (stayOf(process)?.view ?? view) === view
  const there = new Set(live.filter(isThere).map(process => lifeOf(process).incarnation))
  return isQuorum(
    members.filter(({ voter }) => voter),
    ({ incarnation }) => there.has(incarnation),
  )
}

const text = ({ lineage, id, members }: Stay): string =>
  `view ${id} of ${namesOf(members)} (lineage ${lineage.slice(0, 8)})`
