import type { Checker, Violation } from './checker.js'
import { finalityOf, totalOf } from './finality.js'
import { historyOf } from './history.js'
import type { Life } from './life.js'

/**
 * Over the life of a lineage the indices of those who went on are 1, 2, 3, ... without a gap or a repetition, from view
 * to view, whatever became of the members that ordered and delivered them.
 */
export const indexWithoutGaps: Checker = {
  name: 'index-without-gaps',
  kind: 'safety',
  check(trace, { lives } = historyOf(trace)) {
    const violations: Violation[] = []
    for (const views of lineages(lives)) {
      let last = 0
      // Undefined: where nobody's trace goes from the last view to this one, some may be missing in between.
      let next: number | undefined
      for (const [i, { id, by, isWhole }] of views.entries()) {
        if (i === 0 && id === 1) next = 1
        else if (views[i - 1]?.id !== id - 1) next = undefined
        for (const index of [...by.keys()].sort((a, b) => a - b)) {
          const what = fault(index, last, next)
          if (what !== undefined) {
            violations.push({
              checker: indexWithoutGaps.name,
              process: by.get(index)!.process.id,
              what: `delivered index ${index} in view ${id} ${what}`,
            })
          }
          last = Math.max(last, index)
          next = last + 1
        }
        if (!isWhole) next = undefined
      }
    }
    return violations
  },
}

function fault(index: number, last: number, next: number | undefined): string | undefined {
  if (index <= last) return `after index ${last} in an earlier one`
  return next === undefined || index === next ? undefined : `where ${next} was next`
}

/** The indices of one view. */
interface Span {
  readonly id: number
  /** Who delivered each. */
  readonly by: Map<number, Life>
  /** Somebody went on from this view, and so has all that was delivered in it. */
  isWhole: boolean
}

/** The views of each lineage, in order. */
function lineages(lives: readonly Life[]): Span[][] {
  const lineages = new Map<string, Map<number, Span>>()
  const isFinal = finalityOf({ lives })
  for (const life of lives) {
    for (const stay of life.stays) {
      const views = lineages.get(stay.lineage) ?? new Map<number, Span>()
      lineages.set(stay.lineage, views)
      const span = views.get(stay.id) ?? { id: stay.id, by: new Map<number, Life>(), isWhole: false }
      views.set(stay.id, span)
      span.isWhole ||= stay.end === 'survived'
      const items = totalOf(stay)
      // What stands rests on all that has its place before it.
      const upTo = Math.max(0, ...items.filter(item => isFinal(item, stay, life)).map(({ index }) => index!))
      for (const { index } of items) if (index! <= upTo) span.by.set(index!, life)
    }
  }
  return [...lineages.values()].map(views => [...views.values()].sort((a, b) => a.id - b.id))
}
