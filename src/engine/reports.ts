import { BEAT_MS } from '../multicast/announcer.js'
import type { RoundTrip } from '../multicast/round-trip.js'
import type { Endpoint } from '../types.js'
import type { ControlBody } from '../wire/control-codec.js'
import type { tutti } from '../wire/generated/control.js'
import type { AgreedView } from '../wire/view-codec.js'
import { Echoes } from './echoes.js'
import type { Incoming } from './incoming.js'
import type { OrderedDelivery } from './ordered-delivery.js'
import type { Outgoing } from './outgoing.js'
import { SafeWatch } from './safe-watch.js'

/** Up to so many members each tells all others what it has; in a larger group, only whom it concerns. */
const DIGEST_MEMBERS_MAX = 16
/** What rides on a train makes its last packet a full one: of a shorter train that would be too large a part. */
const RIDDEN_PACKETS_MIN = 8

export interface ReportsOptions {
  readonly view: AgreedView
  readonly rank: number
  readonly out: Outgoing
  readonly delivery: OrderedDelivery
  /** By rank; null for this member itself. */
  readonly incoming: readonly (Incoming | null)[]
  readonly random: () => number
  isStable(rank: number, seq: number): boolean
  control(to: Endpoint | null, body: ControlBody): void
}

/**
 * How the others hear what this member has.
 * - When a quarter of a window was consumed, or something safe has come, at the end of the turn. A datagram costs all
 *   processes more than what it says, so who sends a train of its own by then says it there.
 * - Every beat, with stamps from which round trips are measured.
 */
export class Reports {
  readonly safe: SafeWatch
  /** Each tells all others what it has. */
  readonly areToAll: boolean
  readonly #options: ReportsOptions
  readonly #echoes: Echoes
  /** What was due in this turn has left with a train. */
  #hasRidden = false
  #beatAtMs: number

  constructor(options: ReportsOptions, nowMs: number) {
    const size = options.view.members.length
    this.#options = options
    this.areToAll = hearsAll(size)
    this.safe = new SafeWatch(options.out.window.last)
    this.#echoes = new Echoes(size, options.rank, BEAT_MS)
    this.#beatAtMs = nowMs
  }

  get beatAtMs(): number {
    return this.#beatAtMs
  }

  /** A beat of another member came. */
  heard(rank: number, { echoes, stamp, asks }: tutti.Beat.$Properties, roundTrip: RoundTrip, nowMs: number): void {
    if (asks) this.safe.isAsked = true
    if (stamp) this.#echoes.stamped(rank, stamp, nowMs)
    this.#echoes.cameBack(echoes ?? [], roundTrip, nowMs)
  }

  /** Whether what is, or soon will be, due is to leave with a train of so many packets. */
  rides(packets: number): boolean {
    if (!this.areToAll || packets < RIDDEN_PACKETS_MIN) return false
    if (!this.#hasRidden && (this.#options.delivery.hasSafeNews || this.safe.isAsked)) return true
    for (const incoming of this.#options.incoming) if (incoming?.isReportNear) return true
    return false
  }

  /** What rides. */
  rider(): ControlBody {
    this.#hasRidden = true
    return { beat: this.#digest() }
  }

  /** Tells those whom it concerns what this member has, where they wait for it. */
  report(nowMs: number): void {
    const { delivery, incoming, view, isStable, control } = this.#options
    const { safe } = this
    const isSafeNews = safe.due(delivery.hasSafeNews, delivery.isSafeWaiting, nowMs)
    const isSafeDue = isSafeNews && (safe.asks || !this.#hasRidden)
    delivery.hasSafeNews = false
    this.#hasRidden = false
    let due = 0
    for (const each of incoming) if (each?.isReportDue) due++
    if (this.areToAll && (isSafeDue || due > 1)) return control(null, { beat: { ...this.#digest(), asks: safe.asks } })
    if (due === 0 && !isSafeDue) return
    for (const [rank, each] of incoming.entries()) {
      if (each === null) continue
      const { window, reader } = each
      const asks = safe.asks && !isStable(rank, window.received)
      if (!each.isReportDue && !asks && !(isSafeDue && !safe.asks)) continue
      control(view.members[rank].endpoint, { report: { received: window.received, consumed: reader.consumed, asks } })
      each.reported()
    }
  }

  /** Whether it is time for a beat; the next one comes after about BEAT_MS. */
  isBeatDue(nowMs: number): boolean {
    if (nowMs < this.#beatAtMs) return false
    this.#beatAtMs = nowMs + BEAT_MS * (0.75 + this.#options.random() / 2 ** 33)
    return true
  }

  beat(nowMs: number): void {
    this.#options.control(null, { beat: { ...this.#digest(), stamp: nowMs, echoes: this.#echoes.take(nowMs) } })
  }

  /** What this member has received and consumed of every stream, which all are told now. */
  #digest(): tutti.Beat.$Properties {
    const { out, incoming, delivery } = this.#options
    const { last } = out.window
    const received = incoming.map(each => each?.window.received ?? last)
    const consumed = delivery.readers.map(reader => reader.consumed)
    for (const each of incoming) each?.reported()
    return { received, consumed }
  }
}

/** Whether in a view of so many members each tells all others what it has. */
export const hearsAll = (members: number): boolean => members <= DIGEST_MEMBERS_MAX
