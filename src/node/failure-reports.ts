import { TuttiError } from '../errors.js'

const INTERVAL_MS = 1000

/** Tells of failed sends at a bounded rate: the first at once, then at most one report a second that sums up. */
export class FailureReports {
  readonly #report: (error: Error) => void
  #count = 0
  #nextAtMs = Number.NEGATIVE_INFINITY

  constructor(report: (error: Error) => void) {
    this.#report = report
  }

  add(cause: Error): void {
    // A closed port on a live host: what it means is for the failure detector, which asks in its own way.
    if ((cause as NodeJS.ErrnoException).code === 'ECONNREFUSED') return
    this.#count++
    const nowMs = performance.now()
    if (nowMs < this.#nextAtMs) return
    const times = this.#count === 1 ? '' : ` (${this.#count} times)`
    this.#count = 0
    this.#nextAtMs = nowMs + INTERVAL_MS
    this.#report(
      new TuttiError('ERR_TUTTI_NETWORK', `The system refused a datagram${times}: ${cause.message}.`, { cause }),
    )
  }
}
