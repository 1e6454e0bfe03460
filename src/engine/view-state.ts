import { NEVER } from '../membership/failure-detector.js'
import { Announcer, BEAT_MS } from '../multicast/announcer.js'
import { windowBytesFor } from '../multicast/flow-control.js'
import { NackScheduler } from '../multicast/nack-scheduler.js'
import { BEYOND, DUPLICATE, type ReceiveWindow } from '../multicast/receive-window.js'
import { MULTICAST, Repair, SENDER_ROUNDS } from '../multicast/repair.js'
import { RoundTrip } from '../multicast/round-trip.js'
import type { SendWindow } from '../multicast/send-window.js'
import { type Endpoint, Message, type View } from '../types.js'
import type { Control, ControlBody } from '../wire/control-codec.js'
import type { tutti } from '../wire/generated/control.js'
import { BODY_CHECKED, DATA, kindOf, lengthOf, rankOf, seqOf, stableOf } from '../wire/header.js'
import { NACK_RANGES_MAX } from '../wire/limits.js'
import { distance, plus } from '../wire/seqno.js'
import type { AgreedView } from '../wire/view-codec.js'
import { type Counters, countDrop } from './counters.js'
import { Incoming } from './incoming.js'
import type { Outbox } from './outbox.js'
import { Outgoing } from './outgoing.js'
import { publish } from './published.js'
import { Reader } from './reader.js'
import { RepairTrains } from './repair-trains.js'

/**
 * Every stream begins close below the wrap of its 32 bits, so that the wrap is part of every member's first second and
 * not a surprise after days.
 */
export const FIRST_SEQ = 0xfffffff0

export interface ViewEnvironment {
  readonly groupTag: number
  readonly windowBytesMax: number
  readonly counters: Counters
  readonly outbox: Outbox
  random(): number
  /** Sends a control frame of this view. */
  control(to: Endpoint | null, view: ViewState, body: ControlBody): void
}

/** A round trip counts as at most so many times the one known. */
const OUTLIER = 4

/** All that a member knows of one view: a stream out, a stream in from every other member, what is missing, who has what. */
export class ViewState {
  readonly view: AgreedView
  /** The same, as the application sees it. */
  readonly published: View
  readonly rank: number
  readonly out: Outgoing
  readonly own: Reader
  /** By rank; null for this member itself. */
  readonly incoming: readonly (Incoming | null)[]
  readonly roundTrip: RoundTrip
  readonly nacks: NackScheduler
  readonly repair: Repair
  isWedged = false
  /** The turn should end before more is read. */
  isTurnDue = false
  /** Delivered up to the cut; kept for those who are not that far. */
  isOver = false
  /** By rank: when the last packet of a member came, and the last of those that go to all. */
  readonly heardAtMs: Float64Array
  readonly toAllAtMs: Float64Array
  #beatAtMs: number
  readonly #announcer = new Announcer()
  #announced: number
  /** By rank: the stamp of the last beat, and when it came. */
  readonly #stamps: Float64Array
  readonly #stampedAtMs: Float64Array
  readonly #environment: ViewEnvironment
  readonly #repairs: RepairTrains

  constructor(view: AgreedView, incarnation: string, environment: ViewEnvironment, nowMs: number) {
    const { members, packetBytes, messageBytesMax, checkBodies, tag } = view
    const { groupTag, counters, outbox, windowBytesMax } = environment
    const size = members.length
    this.view = view
    this.published = publish(view)
    this.rank = members.findIndex(member => member.incarnation === incarnation)
    this.#environment = environment
    this.#beatAtMs = nowMs
    this.#announced = plus(FIRST_SEQ, -1)
    this.heardAtMs = new Float64Array(size).fill(NEVER)
    this.toAllAtMs = this.heardAtMs.slice()
    this.#stamps = new Float64Array(size)
    this.#stampedAtMs = new Float64Array(size)

    const receiveBufferBytes = Math.min(...members.map(member => member.receiveBufferBytes))
    const windowBytes = windowBytesFor(size, receiveBufferBytes, packetBytes, windowBytesMax)
    const windowPackets = windowBytes / packetBytes
    // How small its window is, is each sender's own choice: the rings of all have room for what any may choose.
    const sharePackets = windowBytesFor(size, receiveBufferBytes, packetBytes, Number.POSITIVE_INFINITY) / packetBytes
    const capacity = 2 ** Math.ceil(Math.log2(Math.max(64, sharePackets * 1.25)))
    const sink = {
      message: (bytes: Uint8Array, offset: number, length: number, rank: number, seq: number) => {
        const incoming = this.incoming[rank]
        if (incoming === null) this.own.delivered()
        else {
          incoming.reader.delivered()
          // A message that lies elsewhere than its last packet was put together.
          if (incoming.wasRepaired && incoming.window.bytesOf(seq) !== bytes) {
            incoming.wasRepaired = false
            counters.fragmentsRepaired++
          }
        }
        counters.messagesIn++
        outbox.deliveries.push(
          new Message('message', this.published.members[rank], view.id, 'fifo', rank, seq, bytes, offset, length),
        )
      },
    }
    this.own = new Reader(this.rank, FIRST_SEQ, messageBytesMax, sink)
    const flags = checkBodies ? BODY_CHECKED : 0
    const frame = { kind: DATA, groupTag, tag, rank: this.rank, packetBytes, flags }
    this.out = new Outgoing(
      { frame, firstSeq: FIRST_SEQ, receivers: size, windowBytes, capacity, to: null, own: this.own },
      outbox,
    )
    const reportPackets = Math.max(1, Math.floor(windowPackets / 4))
    this.incoming = members.map((_, rank) =>
      rank === this.rank
        ? null
        : new Incoming({ rank, firstSeq: FIRST_SEQ, capacity, messageBytesMax, reportPackets }, sink),
    )
    this.roundTrip = new RoundTrip(size, environment.random)
    this.nacks = new NackScheduler(this.roundTrip)
    this.repair = new Repair(this.rank, this.roundTrip)
    this.#repairs = new RepairTrains(packetBytes, outbox)
  }

  get deadlineMs(): number {
    const beat = this.#isQuiet ? Number.POSITIVE_INFINITY : this.#beatAtMs
    return Math.min(beat, this.#announcer.deadlineMs, this.nacks.deadlineMs, this.repair.deadlineMs)
  }

  /**
   * A packet of a member came, and from there. What another repairs for it bears its rank, but comes from
   * elsewhere, and is no sign of life.
   */
  heard(bytes: Uint8Array, from: Endpoint, nowMs: number): void {
    const rank = rankOf(bytes, 0)
    const endpoint = this.view.members[rank]?.endpoint
    if (endpoint === undefined || !isSame(endpoint, from)) return
    this.heardAtMs[rank] = nowMs
    if (kindOf(bytes, 0) === DATA) this.toAllAtMs[rank] = nowMs
  }

  /** The judged data packet at `at`, of this view. */
  data(bytes: Uint8Array, at: number, nowMs: number): void {
    const { counters } = this.#environment
    const rank = rankOf(bytes, at)
    const incoming = this.incoming[rank]
    if (incoming === undefined || incoming === null) return countDrop(counters, incoming === null ? 'own' : 'rank')
    // Nobody could resend it: it fits into no train of this view.
    if (lengthOf(bytes, at) > this.view.packetBytes) return countDrop(counters, 'malformed')
    const seq = seqOf(bytes, at)
    incoming.stable(stableOf(bytes, at))
    const isLate = distance(incoming.window.last, seq) >= 0
    const fate = incoming.window.insert(seq, bytes, at)
    if (fate === DUPLICATE) {
      counters.duplicates++
      this.repair.seen(rank, seq, nowMs)
    } else if (fate === BEYOND) {
      countDrop(counters, 'window')
    } else {
      if (seq === 0) counters.sequenceWraps++
      if (isLate) {
        incoming.wasRepaired = true
        this.nacks.filled(rank, seq, nowMs)
        this.repair.seen(rank, seq, nowMs)
      }
      if (incoming.window.hasGap) this.nacks.gap(rank, incoming.window)
      if (this.isWedged) return
      this.#deliver(incoming, incoming.window.received)
      if (incoming.isTurnDue) this.isTurnDue = true
    }
  }

  /** A control frame of the reliable multicast. Returns false if it is of another kind. */
  control(rank: number, { nack, report, announce, beat }: Control, nowMs: number): boolean {
    if (announce || beat) this.toAllAtMs[rank] = nowMs
    if (nack) this.#nacked(rank, nack, nowMs)
    else if (report) this.#acknowledge(rank, report.received ?? 0, report.consumed ?? 0)
    else if (announce) this.#told(rank, announce.last ?? 0, announce.waiting ?? [])
    else if (beat) this.#heardBeat(rank, beat, nowMs)
    else return false
    return true
  }

  /** Member `rank` misses packets. */
  #nacked(rank: number, nack: tutti.Nack.$Properties, nowMs: number): void {
    for (const { rank: origin, round, ranges } of nack.gaps ?? []) {
      if (origin == null || ranges == null || origin >= this.incoming.length || ranges.length > 2 * NACK_RANGES_MAX) {
        countDrop(this.#environment.counters, 'malformed')
        continue
      }
      if (this.nacks.heard(origin, round ?? 0, ranges, nowMs)) this.#environment.counters.nacksSuppressed++
      if (!this.#leavesToOthers(origin, round ?? 0)) {
        this.repair.requested(origin, this.#windowOf(origin), rank, round ?? 0, ranges, nowMs)
      }
    }
  }

  /**
   * Who asks a sender so often may be cut off from it alone. Others wait before they repair and keep silent if anybody
   * was faster, as the sender always is: so it stands back in every other round.
   */
  #leavesToOthers(origin: number, round: number): boolean {
    return origin === this.rank && this.view.members.length > 2 && round >= SENDER_ROUNDS && round % 2 === 0
  }

  /** Member `rank` has sent up to `last`; members of `waiting` hold its window closed. */
  #told(rank: number, last: number, waiting: readonly number[]): void {
    const incoming = this.incoming[rank]
    if (incoming == null) return
    const { window } = incoming
    const before = window.last
    if (!incoming.announce(last)) return countDrop(this.#environment.counters, 'window')
    if (window.last !== before) this.#environment.counters.tailsRecovered++
    if (window.hasGap) this.nacks.gap(rank, window)
    if (waiting.includes(this.rank)) incoming.isReportWanted = true
  }

  #heardBeat(rank: number, beat: tutti.Beat.$Properties, nowMs: number): void {
    const { received, consumed, echoes, stamp } = beat
    const size = this.view.members.length
    if (received?.length !== size || consumed?.length !== size)
      return countDrop(this.#environment.counters, 'malformed')
    // What one member holds exists: who is cut off from its sender hears of it here, and from whom to get it.
    for (const [origin, last] of received.entries()) this.#told(origin, last, [])
    this.#acknowledge(rank, received[this.rank], consumed[this.rank])
    this.#stamps[rank] = stamp ?? 0
    this.#stampedAtMs[rank] = nowMs
    for (const echo of echoes ?? []) {
      if (echo.rank !== this.rank) continue
      const roundTripMs = nowMs - (echo.stamp ?? 0) - (echo.held ?? 0)
      // Waits are many times the group's round trip, so it must not follow one that stands out: more than a beat is no
      // network but a process that stood still, and a network that has become slower says so more than once.
      if (roundTripMs < 0 || roundTripMs > BEAT_MS) continue
      this.roundTrip.measured(Math.min(roundTripMs, OUTLIER * this.roundTrip.groupMs))
    }
  }

  /** The end of a turn: what was packed leaves, what is missing is asked for, what was asked for is sent again. */
  endTurn(nowMs: number): void {
    const { out, own } = this
    this.isTurnDue = false
    if (!this.isWedged) {
      // What this member consumes of its own may open its window for the rest of a message: alone, it waits for nobody.
      for (let last = Number.NaN; last !== out.window.last; ) {
        out.flush()
        last = out.window.last
        this.#acknowledge(this.rank, last, own.consumed)
      }
      if (out.window.last !== this.#announced) {
        this.#announced = out.window.last
        if (this.view.members.length > 1) this.#announcer.sent(nowMs)
      }
    }
    this.#ask(nowMs)
    this.repair.due(nowMs, (origin, seq, to) => this.#repair(origin, seq, to))
    this.#repairs.flush()
    if (this.#announcer.due(nowMs)) {
      if (out.received.min === out.window.last && !out.isHeld) this.#announcer.stop()
      else this.#environment.control(null, this, { announce: { last: out.window.last, waiting: this.#holders } })
    }
    if (!this.#isQuiet) this.#reportAndBeat(nowMs)
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

  /** Delivers up to the cut. What lies beyond it, and messages of which only a part lies within, are not delivered. */
  close(cut: readonly number[]): void {
    for (const [rank, incoming] of this.incoming.entries()) if (incoming !== null) this.#deliver(incoming, cut[rank])
    this.isOver = true
  }

  /** The application has taken a message of this view. */
  consume(rank: number, seq: number): void {
    const reader = this.incoming[rank]?.reader ?? this.own
    reader.consume(seq)
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

  get #isQuiet(): boolean {
    return this.isOver || this.view.members.length === 1
  }

  #deliver(incoming: Incoming, limit: number): void {
    for (let malformed = incoming.deliver(limit); malformed > 0; malformed--) {
      countDrop(this.#environment.counters, 'malformed')
    }
  }

  #acknowledge(rank: number, received: number, consumed: number): void {
    if (!this.out.acknowledge(rank, received, consumed)) return
    this.#environment.outbox.events.push({ type: 'sealed', view: this.view.id, to: null })
  }

  #ask(nowMs: number): void {
    const gaps: tutti.Gap.$Properties[] = []
    this.nacks.due(nowMs, (rank, round, ranges) => {
      const gap = { rank, round, ranges }
      // Where nobody listens for others' NACKs, only the sender need hear the first ones.
      if (round < SENDER_ROUNDS && !this.roundTrip.suppresses) this.#nack(this.view.members[rank].endpoint, [gap])
      else gaps.push(gap)
    })
    if (gaps.length > 0) this.#nack(null, gaps)
  }

  #nack(to: Endpoint | null, gaps: tutti.Gap.$Properties[]): void {
    this.#environment.counters.nacksSent++
    this.#environment.control(to, this, { nack: { gaps } })
  }

  /** @param to  rank of the one member that asked, or MULTICAST */
  #repair(origin: number, seq: number, to: number): void {
    const { counters } = this.#environment
    const window = this.#windowOf(origin)
    const bytes = window.bytesOf(seq)
    if (bytes === undefined) return
    counters.repairsSent++
    if (origin !== this.rank) counters.repairsForOthers++
    this.#repairs.add(to, to === MULTICAST ? null : this.view.members[to].endpoint, bytes, window.offsetOf(seq))
  }

  #windowOf(rank: number): ReceiveWindow | SendWindow {
    return this.incoming[rank]?.window ?? this.out.window
  }

  #reportAndBeat(nowMs: number): void {
    if (!this.isWedged) this.#report()
    if (nowMs < this.#beatAtMs) return
    this.#beatAtMs = nowMs + BEAT_MS * (0.75 + this.#environment.random() / 2 ** 33)
    // A wedged view reports no more: every report that was used is covered by the promise that came after it. But it
    // must not fall silent, or who wants to join takes it for gone and founds another group.
    if (this.isWedged) this.#environment.control(null, this, { announce: { last: this.out.window.last } })
    else this.#beat(nowMs)
  }

  #report(): void {
    const { members } = this.view
    for (const [rank, incoming] of this.incoming.entries()) {
      if (incoming === null || !incoming.isReportDue) continue
      const report = { received: incoming.window.received, consumed: incoming.reader.consumed }
      this.#environment.control(members[rank].endpoint, this, { report })
      incoming.reported()
    }
  }

  #beat(nowMs: number): void {
    const { members } = this.view
    const { last } = this.out.window
    const received = this.incoming.map(incoming => incoming?.window.received ?? last)
    const consumed = this.incoming.map(incoming => (incoming?.reader ?? this.own).consumed)
    const echoes: tutti.Echo.$Properties[] = []
    for (let rank = 0; rank < members.length; rank++) {
      if (this.#stampedAtMs[rank] === 0) continue
      echoes.push({ rank, stamp: this.#stamps[rank], held: nowMs - this.#stampedAtMs[rank] })
      this.#stampedAtMs[rank] = 0
    }
    this.#environment.control(null, this, { beat: { stamp: nowMs, received, consumed, echoes } })
  }
}

function isSame(a: Endpoint, b: Endpoint): boolean {
  // The zone of a link-local address is each host's own.
  return a.port === b.port && (a.address === b.address || hostOf(a.address) === hostOf(b.address))
}

const hostOf = (address: string): string => address.split('%', 1)[0]
