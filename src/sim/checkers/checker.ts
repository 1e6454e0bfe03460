import type { TraceLine } from '../trace.js'
import type { History } from './history.js'

/** A sentence about what a process did and should not have done, or did not do and should have. */
export interface Violation {
  readonly checker: string
  readonly process: string
  readonly what: string
}

export interface Checker {
  readonly name: string
  /**
   * `safety`: nothing bad happened; holds for every trace. `liveness`: something good happened at last; can be asked of
   * a trace only if it ends after the network was whole again and long enough for all to be repaired.
   */
  readonly kind: 'safety' | 'liveness'
  /**
   * In time and memory linear in the trace. Crashed processes' lines count like all others.
   * @param history  of the trace, where the caller has it already
   */
  check(trace: readonly TraceLine[], history?: History): Violation[]
}
