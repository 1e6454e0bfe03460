import type { TraceLine } from '../trace.js'
import { causal } from './causal.js'
import type { Checker, Violation } from './checker.js'
import { fifo } from './fifo.js'
import { historyOf } from './history.js'
import { indexWithoutGaps } from './index-without-gaps.js'
import { integrity } from './integrity.js'
import { localMonotonicity } from './local-monotonicity.js'
import { membershipPrecision } from './membership-precision.js'
import { noDuplication } from './no-duplication.js'
import { oneSuccessor } from './one-successor.js'
import { paxosAgreement } from './paxos-agreement.js'
import { paxosValidity } from './paxos-validity.js'
import { primaryComponent } from './primary-component.js'
import { promisesNeverFall } from './promises-never-fall.js'
import { safe } from './safe.js'
import { selfDelivery } from './self-delivery.js'
import { selfInclusion } from './self-inclusion.js'
import { sendingViewDelivery } from './sending-view-delivery.js'
import { termination } from './termination.js'
import { totalOrder } from './total-order.js'
import { viewAgreement } from './view-agreement.js'
import { viewSynchrony } from './view-synchrony.js'

export type { Checker, Violation } from './checker.js'

/** One for each promise that tutti makes, and that a trace can show to be broken. */
export const checkers: readonly Checker[] = [
  integrity,
  noDuplication,
  fifo,
  selfDelivery,
  termination,
  sendingViewDelivery,
  viewSynchrony,
  causal,
  totalOrder,
  indexWithoutGaps,
  safe,
  selfInclusion,
  localMonotonicity,
  viewAgreement,
  oneSuccessor,
  primaryComponent,
  membershipPrecision,
  paxosAgreement,
  paxosValidity,
  promisesNeverFall,
]

/**
 * What is wrong with a trace.
 * @param settled  whether it ends healed and at rest, so that liveness can be asked of it. Default: true.
 */
export function checkTrace(trace: readonly TraceLine[], settled = true): Violation[] {
  const history = historyOf(trace)
  return checkers
    .filter(checker => settled || checker.kind === 'safety')
    .flatMap(checker => checker.check(trace, history))
}
