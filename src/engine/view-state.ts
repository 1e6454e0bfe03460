import { NEVER } from '../membership/failure-detector.js'
import { Announcer } from '../multicast/announcer.js'
import { BEYOND, DUPLICATE, type ReceiveWindow } from '../multicast/receive-window.js'
import type { SendWindow } from '../multicast/send-window.js'
import { Stability } from '../multicast/stability.js'
import type { Endpoint, View } from '../types.js'
import { type Control, type ControlBody, encodeControl } from '../wire/control-codec.js'
import type { tutti } from '../wire/generated/control.js'
import { BODY_CHECKED, DATA, kindOf, rankOf } from '../wire/header.js'
import { distance, earlier, plus, serial } from '../wire/seqno.js'
import type { Train } from '../wire/train.js'
import type { AgreedView } from '../wire/view-codec.js'
import { CausalStamp } from './causal-stamp.js'
import { countDrop } from './counters.js'
import { isSame } from './endpoints.js'
import type { Environment } from './environment.js'
import { Incoming } from './incoming.js'
import { OrderedDelivery } from './ordered-delivery.js'
import type { Progress } from './outbox.js'
import { Outgoing } from './outgoing.js'
import { publish } from './published.js'
import { Recovery } from './recovery.js'
import { hearsAll, Reports } from './reports.js'
import { windowOf } from './window-shape.js'

/**
 * Every stream begins close below the wrap of its 32 bits, so that the wrap is part of every member's first second and
 * not a surprise after days.
 */
export const FIRST_SEQ = -16

export interface ViewEnvironment extends Environment {
  /** Sends a control frame of this view. */
  control(to: Endpoint | null, view: ViewState, body: ControlBody): void
}

/** All that a member knows of one view: a stream out, a stream in from every other member, what is missing, who has what. */
export class ViewState {
  readonly view: AgreedView
  /** The same, as the application sees it. */
  readonly published: View
  readonly rank: number
  readonly out: Outgoing
  /** By rank; null for this member itself. */
  readonly incoming: readonly (Incoming | null)[]
  readonly delivery: OrderedDelivery
  isWedged = false
  /** The turn should end before more is read. */
  isTurnDue = false
  /** Delivered up to the cut; kept for those who are not that far. */
  isOver = false
  /** By rank: when the last packet of a member came, and the last of those that go to all. */
  readonly heardAtMs: Float64Array
  readonly toAllAtMs: Float64Array
  readonly #announcer = new Announcer()
  #announced: number
  readonly #stability: Stability
  readonly #reports: Reports
  readonly #recovery: Recovery
  readonly #environment: ViewEnvironment

  /** @param index  of the last message of total order before this view */
  constructor(view: AgreedView, incarnation: string, index: number, environment: ViewEnvironment, nowMs: number) {
    const { members, packetBytes, messageBytesMax, checkBodies, tag } = view
    const { groupTag, counters, outbox, windowBytesMax, pool, assembly } = environment
    const size = members.length
    const before = plus(FIRST_SEQ, -1)
    this.view = view
    this.published = publish(view)
    this.rank = members.findIndex(member => member.incarnation === incarnation)
    this.#environment = environment
    this.#announced = before
    this.heardAtMs = new Float64Array(size).fill(NEVER)
    this.toAllAtMs = this.heardAtMs.slice()
    this.#stability = new Stability(size, this.rank, before, hearsAll(size))

    const { windowBytes, capacity, reportPackets } = windowOf(view, windowBytesMax)
    const shape = { firstSeq: FIRST_SEQ, capacity }
    this.delivery = new OrderedDelivery({
      ...shape,
      view: this.published,
      rank: this.rank,
      messageBytesMax,
      index,
      assembly,
      counters,
      outbox,
      source: rank => this.#windowOf(rank),
      isStable: (rank, seq) => this.#isStable(rank, seq),
      assembled: rank => this.#assembled(rank),
    })
    const { readers, causal } = this.delivery
    const flags = checkBodies ? BODY_CHECKED : 0
    const frame = { kind: DATA, groupTag, tag, rank: this.rank, packetBytes, flags }
    this.out = new Outgoing(
      { ...shape, frame, receivers: size, windowBytes, to: null, pool },
      outbox,
      {
        sealed: (seq, slab, at) => this.delivery.packet(this.rank, seq, slab, at),
        consumed: () => readers[this.rank].consumed,
      },
      new CausalStamp(causal, this.rank),
    )
    this.incoming = readers.map((reader, rank) =>
      rank === this.rank ? null : new Incoming({ ...shape, reportPackets }, reader),
    )
    this.#recovery = new Recovery({
      view,
      rank: this.rank,
      counters,
      outbox,
      pool,
      random: environment.random,
      windowOf: rank => this.#windowOf(rank),
      nack: (to, gaps) => environment.control(to, this, { nack: { gaps } }),
    })
    this.#reports = new Reports(
      {
        view,
        rank: this.rank,
        out: this.out,
        delivery: this.delivery,
        incoming: this.incoming,
        random: environment.random,
        isStable: (rank, seq) => this.#isStable(rank, seq),
        control: (to, body) => environment.control(to, this, body),
      },
      nowMs,
    )
  }

  get deadlineMs(): number {
    const beat = this.#isQuiet ? Number.POSITIVE_INFINITY : this.#reports.beatAtMs
    // A wedged view asks for nobody's word.
    const word = this.isWedged ? Number.POSITIVE_INFINITY : this.#reports.safe.deadlineMs
    return Math.min(beat, this.#announcer.deadlineMs, this.#recovery.deadlineMs, word)
  }

  /**
   * A packet of a member came, at `at`, and from there. What another repairs for it bears its rank, but comes from
   * elsewhere, and is no sign of life.
   */
  heard(bytes: Uint8Array, at: number, from: Endpoint, nowMs: number): void {
    const rank = rankOf(bytes, at)
    const endpoint = this.view.members[rank]?.endpoint
    if (endpoint === undefined || !isSame(endpoint, from)) return
    this.heardAtMs[rank] = nowMs
    if (kindOf(bytes, at) === DATA) this.toAllAtMs[rank] = nowMs
  }

  /** Data packets of this view. */
  data(train: Train, nowMs: number): void {
    const { counters } = this.#environment
    const { rank, first, count, stable } = train
    const incoming = this.incoming[rank]
    if (incoming === undefined || incoming === null) {
      return countDrop(counters, incoming === null ? 'own' : 'rank', count)
    }
    // Nobody could resend them: they fit into no train of this view.
    if (train.longest > this.view.packetBytes) return countDrop(counters, 'malformed', count)
    incoming.stable(stable)
    this.#stability.told(rank, stable)
    const appended = incoming.window.append(train)
    for (let i = appended; i < count; i++) this.#insert(incoming, train, i, nowMs)
    if (first <= 0 && first + appended > 0) counters.sequenceWraps++
    if (incoming.window.hasGap) this.#recovery.gap(rank, incoming.window)
    if (this.isWedged) return
    incoming.handOver(rank, incoming.window.received, this.delivery)
    if (incoming.isTurnDue) this.isTurnDue = true
  }

  /** Packet `i` of a train, which does not just go on where the last one ended. */
  #insert(incoming: Incoming, { rank, first, offsets, slab }: Train, i: number, nowMs: number): void {
    const { counters } = this.#environment
    const { window } = incoming
    const seq = plus(first, i)
    const isLate = distance(window.last, seq) >= 0
    const fate = window.insert(seq, slab, offsets[i])
    if (fate === BEYOND) return countDrop(counters, 'window')
    if (fate === DUPLICATE) {
      counters.duplicates++
      return this.#recovery.seen(rank, seq, nowMs)
    }
    if (seq === 0) counters.sequenceWraps++
    if (!isLate) return
    incoming.wasRepaired = true
    this.#recovery.filled(rank, seq, nowMs)
  }

  /** A control frame of the reliable multicast. Returns false if it is of another kind. */
  control(rank: number, { nack, report, announce, beat, suspect }: Control, nowMs: number): boolean {
    if (announce || beat || suspect) this.toAllAtMs[rank] = nowMs
    if (nack) this.#recovery.nacked(rank, nack, nowMs)
    else if (report) {
      this.#acknowledge(rank, serial(report.received ?? 0), serial(report.consumed ?? 0))
      if (report.asks) this.#reports.safe.isWanted = true
    } else if (announce) {
      this.#told(rank, serial(announce.last ?? 0), announce.waiting ?? [])
      if (announce.stable != null) this.#stability.told(rank, serial(announce.stable))
    } else if (beat) this.#heardBeat(rank, beat, nowMs)
    else return false
    return true
  }

  /** Member `rank` has sent up to `last`; members of `waiting` hold its window closed. */
  #told(rank: number, last: number, waiting: readonly number[]): void {
    const incoming = this.incoming[rank]
    if (incoming == null) return
    const { window } = incoming
    const before = window.last
    if (!incoming.announce(last)) return countDrop(this.#environment.counters, 'window')
    if (window.last !== before) this.#environment.counters.tailsRecovered++
    if (window.hasGap) this.#recovery.gap(rank, window)
    if (waiting.includes(this.rank)) incoming.isReportWanted = true
  }

  #heardBeat(rank: number, beat: tutti.Beat.$Properties, nowMs: number): void {
    const { received, consumed } = beat
    const size = this.view.members.length
    const { counters } = this.#environment
    if (received?.length !== size || consumed?.length !== size) return countDrop(counters, 'malformed')
    // What one member holds exists: who is cut off from its sender hears of it here, and from whom to get it.
    for (const [origin, last] of received.entries()) {
      this.#told(origin, serial(last), [])
      this.#stability.holds(rank, origin, serial(last))
    }
    this.#acknowledge(rank, serial(received[this.rank]), serial(consumed[this.rank]))
    this.#reports.heard(rank, beat, this.#recovery.roundTrip, nowMs)
  }

  /** The end of a turn: what was packed leaves, what is missing is asked for, what was asked for is sent again. */
  endTurn(nowMs: number): void {
    const { out, delivery } = this
    this.isTurnDue = false
    for (const incoming of this.incoming) incoming?.turnEnded()
    if (!this.isWedged) {
      // What this member consumes of its own may open its window for the rest of a message: alone, it waits for nobody.
      for (let last = Number.NaN; last !== out.window.last; ) {
        this.#seal()
        delivery.drain()
        last = out.window.last
        this.#acknowledge(this.rank, last, delivery.readers[this.rank].consumed)
      }
      if (out.window.last !== this.#announced) {
        this.#announced = out.window.last
        if (this.view.members.length > 1) this.#announcer.sent(nowMs)
      }
    }
    this.#recovery.due(nowMs)
    if (this.#announcer.due(nowMs)) {
      if (out.received.min === out.window.last && !out.isHeld) this.#announcer.stop()
      else this.#announce()
    }
    if (!this.#isQuiet) this.#reportAndBeat(nowMs)
  }

  /** What was packed, as sequencer the order of what has come, and what the others are to hear leave in one train. */
  #seal(): void {
    const { out } = this
    const { sequencer } = this.delivery
    const rides = !this.#isQuiet && this.#reports.rides(out.trainPackets)
    out.seal(rides || sequencer.hasNews || (this.rank === 0 && out.isOrdered))
    while (sequencer.hasNews && out.mayAnnounce) {
      const { ranks, lasts, isSafe } = sequencer.take(out.runsMax)
      out.announce(ranks, lasts, isSafe, rides || sequencer.hasNews)
      this.#environment.counters.orderRuns += ranks.length
    }
    if (rides) {
      const { groupTag } = this.#environment
      const { tag: viewTag, packetBytes } = this.view
      const frame = { groupTag, viewTag, rank: this.rank, packetBytes }
      for (const packet of encodeControl(this.#reports.rider(), frame)) out.ride(packet)
    }
    out.emit()
  }

  /** Seals and delivers no more. Returns what this member holds in sequence, by rank; its own: what it sealed. */
  wedge(): number[] {
    if (!this.isWedged) {
      this.out.wedge()
      this.isWedged = true
    }
    return this.incoming.map(incoming => incoming?.window.received ?? this.out.window.last)
  }

  /** So far each sender's packets count: fetches what is missing. */
  fill(cut: readonly number[]): void {
    for (const rank of this.incoming.keys()) this.#told(rank, cut[rank], [])
  }

  isFilled(cut: readonly number[]): boolean {
    return this.incoming.every(
      (incoming, rank) => incoming === null || distance(incoming.window.received, cut[rank]) >= 0,
    )
  }

  /** Whether this member holds nothing of others beyond the cut. */
  isWithin(cut: readonly number[]): boolean {
    return this.incoming.every((each, rank) => each === null || distance(each.window.received, cut[rank]) <= 0)
  }

  /**
   * Delivers up to the cut. What lies beyond it, and messages of which only a part lies within, are not delivered.
   * Returns false, and delivers nothing, if this member has gone beyond it: the others did not wait for its promise.
   */
  close(cut: readonly number[]): boolean {
    if (this.delivery.readers.some(({ upTo }, rank) => distance(upTo, cut[rank]) > 0)) return false
    for (const [rank, incoming] of this.incoming.entries()) {
      if (incoming !== null) incoming.handOver(rank, cut[rank], this.delivery)
    }
    this.delivery.close()
    this.isOver = true
    return true
  }

  /** The application has taken a message of this view. */
  consume(rank: number, seq: number): void {
    this.delivery.readers[rank].consume(seq)
  }

  /** Names of the members on whose consumption the closed window waits. */
  get waiting(): string[] {
    return this.#holders.map(rank => this.view.members[rank].name)
  }

  /** Their ranks. */
  get #holders(): number[] {
    const { consumed, isHeld } = this.out
    return isHeld ? [...this.view.members.keys()].filter(rank => consumed.of(rank) === consumed.min) : []
  }

  get progress(): Progress {
    return this.out.progressIn(this.view)
  }

  /** All have this member's packets up to here, and it has delivered them itself. */
  get settled(): number {
    return earlier(this.out.received.min, this.delivery.deliveredUpTo(this.rank))
  }

  get #isQuiet(): boolean {
    return this.isOver || this.view.members.length === 1
  }

  #isStable(rank: number, seq: number): boolean {
    return this.view.members.length === 1 || this.#stability.isStable(rank, seq)
  }

  /** A message of `rank` was put together from several packets. */
  #assembled(rank: number): void {
    const incoming = this.incoming[rank]
    if (incoming === null || !incoming.wasRepaired) return
    incoming.wasRepaired = false
    this.#environment.counters.fragmentsRepaired++
  }

  #acknowledge(rank: number, received: number, consumed: number): void {
    const isSealed = this.out.acknowledge(rank, received, consumed)
    this.#stability.told(this.rank, this.out.received.min)
    if (isSealed) this.#environment.outbox.events.push({ type: 'sealed', progress: this.progress, to: null })
  }

  #windowOf(rank: number): ReceiveWindow | SendWindow {
    return this.incoming[rank]?.window ?? this.out.window
  }

  #reportAndBeat(nowMs: number): void {
    const { out } = this
    const reports = this.#reports
    if (!this.isWedged) {
      reports.report(nowMs)
      if (!reports.areToAll && reports.safe.isToTell(out.received.min, out.lastSafe)) this.#announce()
    }
    if (!reports.isBeatDue(nowMs)) return
    // A wedged view reports no more: every report that was used is covered by the promise that came after it. But it
    // must not fall silent, or who wants to join takes it for gone and founds another group.
    if (this.isWedged) this.#environment.control(null, this, { announce: { last: out.window.last } })
    else reports.beat(nowMs)
  }

  #announce(): void {
    const { window, received } = this.out
    const announce = { last: window.last, waiting: this.#holders, stable: received.min }
    this.#environment.control(null, this, { announce })
  }
}
