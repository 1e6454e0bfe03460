import type { TraceLine } from '../trace.js'
import type { Checker, Violation } from './checker.js'
import { fifo } from './fifo.js'
import { integrity } from './integrity.js'
import { noDuplication } from './no-duplication.js'
import { selfDelivery } from './self-delivery.js'
import { termination } from './termination.js'

export type { Checker, Violation } from './checker.js'

/** One for each promise that tutti makes, and that a trace can show to be broken. */
export const checkers: readonly Checker[] = [integrity, noDuplication, fifo, selfDelivery, termination]

/**
 * What is wrong with a trace.
 * @param settled  whether it ends healed and at rest, so that liveness can be asked of it. Default: true.
 */
export function checkTrace(trace: readonly TraceLine[], settled = true): Violation[] {
  return checkers.filter(checker => settled || checker.kind === 'safety').flatMap(checker => checker.check(trace))
}
