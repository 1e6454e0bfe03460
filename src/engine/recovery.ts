import { type GapSource, NackScheduler } from '../multicast/nack-scheduler.js'
import type { ReceiveWindow } from '../multicast/receive-window.js'
import { MULTICAST, Repair, SENDER_ROUNDS } from '../multicast/repair.js'
import { RoundTrip } from '../multicast/round-trip.js'
import type { SendWindow } from '../multicast/send-window.js'
import type { SlabPool } from '../slab.js'
import type { Endpoint } from '../types.js'
import type { tutti } from '../wire/generated/control.js'
import { gapsOf } from '../wire/nack-gaps.js'
import type { AgreedView } from '../wire/view-codec.js'
import { type Counters, countDrop } from './counters.js'
import type { Outbox } from './outbox.js'
import { RepairTrains } from './repair-trains.js'

export interface RecoveryOptions {
  readonly view: AgreedView
  readonly rank: number
  readonly counters: Counters
  readonly outbox: Outbox
  /** Memory for what is sent. */
  readonly pool: SlabPool
  readonly random: () => number
  /** By rank: the packets of that member. */
  readonly windowOf: (rank: number) => ReceiveWindow | SendWindow
  /** Asks one member, or all. */
  readonly nack: (to: Endpoint | null, gaps: tutti.Gap.$Properties[]) => void
}

/** What is missing in one view is asked for, and what others miss is sent again: docs/feedback-suppression.md. */
export class Recovery {
  readonly roundTrip: RoundTrip
  readonly #nacks: NackScheduler
  readonly #repair: Repair
  readonly #trains: RepairTrains
  readonly #options: RecoveryOptions

  constructor(options: RecoveryOptions) {
    const { view, rank, random, outbox, pool } = options
    this.#options = options
    this.roundTrip = new RoundTrip(view.members.length, random)
    this.#nacks = new NackScheduler(this.roundTrip)
    this.#repair = new Repair(rank, this.roundTrip)
    this.#trains = new RepairTrains(view.packetBytes, outbox, pool)
  }

  get deadlineMs(): number {
    return Math.min(this.#nacks.deadlineMs, this.#repair.deadlineMs)
  }

  /** Something of `rank` is missing. */
  gap(rank: number, window: GapSource): void {
    this.#nacks.gap(rank, window)
  }

  /** A packet came that was missing. */
  filled(rank: number, seq: number, nowMs: number): void {
    this.#nacks.filled(rank, seq, nowMs)
    this.#repair.seen(rank, seq, nowMs)
  }

  /** A packet came again: somebody has repaired it. */
  seen(rank: number, seq: number, nowMs: number): void {
    this.#repair.seen(rank, seq, nowMs)
  }

  /** Member `rank` misses packets. */
  nacked(rank: number, nack: tutti.Nack.$Properties, nowMs: number): void {
    const { view, counters, windowOf } = this.#options
    const gaps = gapsOf(nack)
    if (gaps === null) return countDrop(counters, 'malformed')
    for (const { rank: origin, round, ranges } of gaps) {
      if (origin == null || ranges == null || origin >= view.members.length) {
        countDrop(counters, 'malformed')
        continue
      }
      if (this.#nacks.heard(origin, round ?? 0, ranges, nowMs)) counters.nacksSuppressed++
      if (!this.#leavesToOthers(origin, round ?? 0)) {
        this.#repair.requested(origin, windowOf(origin), rank, round ?? 0, ranges, nowMs)
      }
    }
  }

  /** To be called at the end of every turn, and once `deadlineMs` has passed. */
  due(nowMs: number): void {
    if (nowMs >= this.#nacks.deadlineMs) this.#ask(nowMs)
    if (nowMs >= this.#repair.deadlineMs) this.#answer(nowMs)
    this.#trains.flush()
  }

  #answer(nowMs: number): void {
    const again: (() => void)[] = []
    this.#repair.due(nowMs, (origin, seq, to, round) => {
      this.#resend(origin, seq, to)
      if (round > 0) again.push(() => this.#resend(origin, seq, to))
    })
    // What was lost twice holds up all that comes after it, in total order of all senders: twice as many copies of these
    // few cost little, and leave one in ten times as few to be asked for again.
    for (const resend of again) resend()
  }

  /**
   * Who asks a sender so often may be cut off from it alone. Others wait before they repair and keep silent if anybody
   * was faster, as the sender always is: so it stands back in every other round.
   */
  #leavesToOthers(origin: number, round: number): boolean {
    const { rank, view } = this.#options
    return origin === rank && view.members.length > 2 && round >= 2 * SENDER_ROUNDS && round % 2 === 0
  }

  #ask(nowMs: number): void {
    const toAll: tutti.Gap.$Properties[] = []
    this.#nacks.due(nowMs, (rank, gaps) => {
      const toSender: tutti.Gap.$Properties[] = []
      for (const { round, ranges } of gaps) {
        // Where nobody listens for others' NACKs, only the sender need hear the first ones.
        const isForSender = round < SENDER_ROUNDS && !this.roundTrip.suppresses
        ;(isForSender ? toSender : toAll).push({ rank, round, ranges })
      }
      if (toSender.length > 0) this.#nack(this.#options.view.members[rank].endpoint, toSender)
    })
    if (toAll.length > 0) this.#nack(null, toAll)
  }

  #nack(to: Endpoint | null, gaps: tutti.Gap.$Properties[]): void {
    this.#options.counters.nacksSent++
    this.#options.nack(to, gaps)
  }

  /** @param to  rank of the one member that asked, or MULTICAST */
  #resend(origin: number, seq: number, to: number): void {
    const { counters, rank, view, windowOf } = this.#options
    const window = windowOf(origin)
    const bytes = window.bytesOf(seq)
    if (bytes === undefined) return
    counters.repairsSent++
    if (origin !== rank) counters.repairsForOthers++
    this.#trains.add(to, to === MULTICAST ? null : view.members[to].endpoint, bytes, window.offsetOf(seq))
  }
}
