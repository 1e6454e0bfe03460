import type { Endpoint } from '../types.js'
import type { ControlBody } from '../wire/control-codec.js'
import type { Value } from '../wire/view-codec.js'
import { Announcement } from './announcement.js'
import { Lingering } from './lingering.js'
import { decideOf, type PastRank, type PastViews } from './past-views.js'
import type { ViewWatch } from './view-watch.js'

/**
 * What a member still has to say of views that are closed, so that what was decided about them goes with nobody (C4): who
 * brought a decision about announces it, who leaves stays until the others can do without it, whoever knows a decision
 * tells it to those who do not.
 */
export class Aftermath {
  readonly #past: PastViews
  readonly #send: (to: Endpoint | null, viewTag: number, rank: number, body: ControlBody) => void
  #announcement: Announcement | null = null
  #lingering: Lingering | null = null

  constructor(past: PastViews, send: (to: Endpoint | null, viewTag: number, rank: number, body: ControlBody) => void) {
    this.#past = past
    this.#send = send
  }

  get deadlineMs(): number {
    const announceAtMs = this.#announcement?.deadlineMs ?? Number.POSITIVE_INFINITY
    return Math.min(announceAtMs, this.#lingering?.askAtMs ?? Number.POSITIVE_INFINITY)
  }

  get isAnnouncing(): boolean {
    return this.#announcement !== null
  }

  /** This member has left, and waits for those who stay. */
  get isLingering(): boolean {
    return this.#lingering !== null
  }

  lingersFor(viewTag: number): boolean {
    return this.#lingering?.tag === viewTag
  }

  linger(closed: PastRank, nowMs: number): void {
    this.#lingering = new Lingering(closed, nowMs)
  }

  announce(closed: PastRank, value: Value, nowMs: number): void {
    this.#announcement = new Announcement(closed, value, nowMs)
  }

  /** Another lineage has begun. */
  stopAnnouncing(): void {
    this.#announcement = null
  }

  /** @param watch  over the view now, or null  @returns whether this member, who waited for the others, may go */
  due(watch: ViewWatch | null, nowMs: number): boolean {
    if (this.#announcement?.due(nowMs)) this.#announce(this.#announcement, watch, nowMs)
    const lingering = this.#lingering
    if (lingering === null) return false
    if (lingering.isOver(nowMs)) return true
    if (lingering.due(nowMs)) this.#send(null, lingering.tag, lingering.rank, { wish: { leave: true } })
    return false
  }

  /** Tells member `rank` of the view with that tag what was decided about it, if that is known and it is time to. */
  answer(viewTag: number, rank: number, watch: ViewWatch | null, nowMs: number): void {
    const answer = this.#past.answer(viewTag, rank, nowMs)
    if (answer === undefined) return
    this.#send(answer.to, viewTag, answer.rank, decideOf(answer, isSettled(answer.value, watch)))
  }

  #announce(announcement: Announcement, watch: ViewWatch | null, nowMs: number): void {
    const { tag, rank, value } = announcement
    const isHeard = watch !== null && watch.view.tag === value.next?.tag && watch.isInstalledByAll
    const isAlone = watch?.view.members.length === 1
    if (announcement.isOver(isAlone, nowMs) || (isHeard && !isAlone)) this.#announcement = null
    else this.#send(null, tag, rank, decideOf(this.#past.decision(tag, value), isSettled(value, watch)))
  }
}

/** Whether those who are not in what `value` decided need not answer for the view before it any more. */
function isSettled({ next }: Value, watch: ViewWatch | null): boolean {
  return watch !== null && (next?.tag !== watch.view.tag || watch.isSettled)
}
