/** How long leaving in order may take. */
export const LEAVE_MS_MAX = 5_000
/** A leaver waits so long for what a closed window holds back. */
const DRAIN_MS_MAX = 2_500
/** What it says then. */
export const CURTAILED = `left, but what the closed window held back for ${DRAIN_MS_MAX} ms was not sent`
/** A timer this late means that the process itself stood still. */
const ASLEEP_MS = 500

/**
 * When a member that wants to leave does: once what was taken has been sealed and told (the view change sees to it that
 * all receive it), or after a bound.
 */
export class Departure {
  #atMs = Number.POSITIVE_INFINITY
  /** It leaves with messages that a closed window holds back. */
  isCurtailed = false
  /** Some of what a closed window refused waits to be sent. */
  doSendsWait = (): boolean => true

  /** @param isUnderWay  the others have been asked for their consent */
  deadlineMs(isUnderWay: boolean): number {
    return this.#atMs + (isUnderWay ? LEAVE_MS_MAX : DRAIN_MS_MAX)
  }

  begin(nowMs: number, doSendsWait: () => boolean): void {
    this.doSendsWait = doSendsWait
    if (this.#atMs === Number.POSITIVE_INFINITY) this.#atMs = nowMs
  }

  /** What to do now. @param isHeld  something that was taken is not sealed, or not told */
  due(isUnderWay: boolean, isHeld: () => boolean, nowMs: number): 'wait' | 'ask' | 'give up' {
    if (this.#atMs === Number.POSITIVE_INFINITY) return 'wait'
    const overdueMs = nowMs - this.#atMs - LEAVE_MS_MAX
    // To go because this process slept, with the others' answers unread, would leave them waiting for this member.
    if (overdueMs >= ASLEEP_MS) this.#atMs = nowMs
    else if (overdueMs >= 0) return 'give up'
    if (isUnderWay) return 'wait'
    this.isCurtailed = isHeld()
    return !this.isCurtailed || nowMs >= this.#atMs + DRAIN_MS_MAX ? 'ask' : 'wait'
  }
}
