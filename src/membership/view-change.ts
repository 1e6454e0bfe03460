import { distance } from '../wire/seqno.js'
import type { AgreedView } from '../wire/view-codec.js'

const RESEND_MS_MIN = 20
const RESEND_MS_MAX = 200
/** After this a leaver that did not answer has given up and gone. */
const LEAVERS_MS_MAX = 5_000

/**
 * The coordinator's side of a change of views among members that do not crash: *prepare* stops every sender of the
 * closing view and asks how far it got; *decide* tells all what comes next and where the closing view ends; when all
 * have installed it, the closing view is over. Each step is resent until the last answer is in.
 */
export class ViewChange {
  readonly round: number
  readonly closing: AgreedView
  readonly next: AgreedView
  deadlineMs: number
  readonly #last: (number | null)[]
  readonly #toInstall: Set<string>
  #leaversUntilMs = Number.POSITIVE_INFINITY
  #intervalMs = RESEND_MS_MIN

  constructor(round: number, closing: AgreedView, next: AgreedView, nowMs: number) {
    this.round = round
    this.closing = closing
    this.next = next
    this.deadlineMs = nowMs
    this.#last = closing.members.map(() => null)
    // Those who leave install nothing, but they too must have heard where the closing view ends.
    this.#toInstall = new Set([...closing.members, ...next.members].map(member => member.incarnation))
  }

  get isPrepared(): boolean {
    return !this.#last.includes(null)
  }

  get isDone(): boolean {
    return this.#toInstall.size === 0
  }

  /** How far each sender's packets count in the closing view; all have promised. */
  get cut(): number[] {
    return this.#last as number[]
  }

  /** Names of the members whose answer is still out. */
  get waiting(): string[] {
    if (!this.isPrepared) return this.closing.members.filter((_, rank) => this.#last[rank] === null).map(m => m.name)
    const all = [...this.closing.members, ...this.next.members]
    return [...new Set(all.filter(m => this.#toInstall.has(m.incarnation)).map(m => m.name))]
  }

  /** Member `rank` has stopped and has sealed up to `last`. Returns true if it was the last one. */
  promised(rank: number, last: number, nowMs: number): boolean {
    if (this.isPrepared) return false
    const known = this.#last[rank]
    if (known === null || distance(last, known) > 0) this.#last[rank] = last
    if (!this.isPrepared) return false
    this.#intervalMs = RESEND_MS_MIN
    this.deadlineMs = nowMs
    this.#leaversUntilMs = nowMs + LEAVERS_MS_MAX
    return true
  }

  /** Returns true if that was the last one. */
  installed(incarnation: string): boolean {
    return this.isPrepared && this.#toInstall.delete(incarnation) && this.isDone
  }

  /** Stops waiting for leavers that must be gone by now. Returns true if nobody else's answer was out. */
  outlasts(nowMs: number): boolean {
    if (nowMs < this.#leaversUntilMs || this.isDone) return false
    const { members } = this.next
    for (const incarnation of this.#toInstall) {
      if (!members.some(member => member.incarnation === incarnation)) this.#toInstall.delete(incarnation)
    }
    return this.isDone
  }

  /** Whether to send the step (again) now. */
  due(nowMs: number): boolean {
    if (nowMs < this.deadlineMs || this.isDone) return false
    this.deadlineMs = nowMs + this.#intervalMs
    this.#intervalMs = Math.min(this.#intervalMs * 2, RESEND_MS_MAX)
    return true
  }
}
