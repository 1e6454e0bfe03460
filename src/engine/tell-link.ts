import { Announcer } from '../multicast/announcer.js'
import { NackScheduler } from '../multicast/nack-scheduler.js'
import { BEYOND, DUPLICATE } from '../multicast/receive-window.js'
import { Repair } from '../multicast/repair.js'
import { RoundTrip } from '../multicast/round-trip.js'
import type { Slab } from '../slab.js'
import type { Endpoint } from '../types.js'
import { fromHex } from '../wire/bytes.js'
import { hash32 } from '../wire/checksum.js'
import type { ControlBody } from '../wire/control-codec.js'
import type { DeliverySink } from '../wire/fragments.js'
import type { tutti } from '../wire/generated/control.js'
import { BODY_CHECKED, FIFO, NO_RANK, seqOf, stableOf, TELL, viewTagOf } from '../wire/header.js'
import { gapsOf } from '../wire/nack-gaps.js'
import { distance, plus, serial } from '../wire/seqno.js'
import type { AgreedView, Peer } from '../wire/view-codec.js'
import { countDrop } from './counters.js'
import type { Environment } from './environment.js'
import { Incoming } from './incoming.js'
import type { Progress } from './outbox.js'
import { Outgoing } from './outgoing.js'
import { Reader } from './reader.js'
import { RepairTrains } from './repair-trains.js'
import { FIRST_SEQ } from './view-state.js'

/** A link's window: messages to one member are few and are not what a group is fast for. */
export const TELL_WINDOW_BYTES = 262_144
const WINDOW_PACKETS = 1_024

export interface TellEnvironment extends Environment {
  readonly self: Peer
  readonly packetBytes: number
  readonly messageBytesMax: number
  /** The view now. */
  readonly view: () => AgreedView
  readonly control: (to: Endpoint, tag: number, body: ControlBody) => void
}

/**
 * What names the stream of messages from one life of a process to one life of another, while both are in one lineage:
 * who meets again in another begins anew, and what is still on its way from before is not taken for it.
 */
export function streamTag(from: string, to: string, lineage: string): number {
  return hash32(fromHex(from + to + lineage)) || 1
}

/**
 * Reliable FIFO messages to and from one other member: a stream each way, like the group's own but with one receiver.
 * It lasts as long as both are in the group together, whatever views come and go.
 */
export class TellLink {
  readonly peer: Peer
  readonly outTag: number
  readonly inTag: number
  readonly out: Outgoing
  readonly incoming: Incoming
  readonly #nacks: NackScheduler
  readonly #repair: Repair
  readonly #repairs: RepairTrains
  readonly #announcer = new Announcer()
  #announced: number
  readonly #environment: TellEnvironment

  constructor(peer: Peer, environment: TellEnvironment, sink: DeliverySink) {
    const { self, groupTag, packetBytes, messageBytesMax, outbox, pool, assembly, random } = environment
    this.peer = peer
    const { lineage } = environment.view()
    this.outTag = streamTag(self.incarnation, peer.incarnation, lineage)
    this.inTag = streamTag(peer.incarnation, self.incarnation, lineage)
    this.#environment = environment
    const frame = { kind: TELL, groupTag, tag: this.outTag, rank: NO_RANK, packetBytes, flags: BODY_CHECKED }
    const shape = { firstSeq: FIRST_SEQ, capacity: WINDOW_PACKETS }
    this.out = new Outgoing(
      { ...shape, frame, receivers: 1, windowBytes: TELL_WINDOW_BYTES, to: peer.endpoint, pool },
      outbox,
      { sealed: () => {}, consumed: () => this.out.window.last },
      null,
    )
    const reportPackets = Math.floor(TELL_WINDOW_BYTES / packetBytes / 4)
    const reader = new Reader({ ...shape, rank: 0, messageBytesMax, assembly }, sink)
    this.incoming = new Incoming({ ...shape, reportPackets }, reader)
    this.#announced = this.out.window.last
    const roundTrip = new RoundTrip(2, random)
    this.#nacks = new NackScheduler(roundTrip)
    this.#repair = new Repair(0, roundTrip)
    this.#repairs = new RepairTrains(packetBytes, outbox, pool)
  }

  get progress(): Progress {
    return this.out.progressIn(this.#environment.view())
  }

  get deadlineMs(): number {
    return Math.min(this.#announcer.deadlineMs, this.#nacks.deadlineMs, this.#repair.deadlineMs)
  }

  data(slab: Slab, at: number, nowMs: number): void {
    const { bytes } = slab
    const { counters } = this.#environment
    const { window } = this.incoming
    // What this member sent itself may come back by a network that loops.
    if (viewTagOf(bytes, at) !== this.inTag) return countDrop(counters, 'own')
    const seq = seqOf(bytes, at)
    this.incoming.stable(stableOf(bytes, at))
    const isLate = distance(window.last, seq) >= 0
    const fate = window.insert(seq, slab, at)
    if (fate === DUPLICATE) counters.duplicates++
    else if (fate === BEYOND) countDrop(counters, 'window')
    else {
      if (isLate) this.#nacks.filled(0, seq, nowMs)
      if (window.hasGap) this.#nacks.gap(0, window)
      this.#read()
    }
  }

  /** A control frame that speaks of one of the two streams. */
  control(tag: number, body: tutti.Control, nowMs: number): void {
    if (tag === this.inTag) {
      const { window } = this.incoming
      if (body.announce == null || !this.incoming.announce(serial(body.announce.last ?? 0))) return
      if (window.hasGap) this.#nacks.gap(0, window)
      this.incoming.isReportWanted = true
    } else if (body.report != null) {
      const { received, consumed } = body.report
      if (this.out.acknowledge(0, serial(received ?? 0), serial(consumed ?? 0))) this.#sealed()
    } else {
      for (const { ranges, round } of (body.nack && gapsOf(body.nack)) ?? []) {
        this.#repair.requested(0, this.out.window, 0, round ?? 0, ranges ?? [], nowMs)
      }
    }
  }

  endTurn(nowMs: number): void {
    const { out, incoming } = this
    const { control } = this.#environment
    out.seal()
    out.emit()
    if (out.window.last !== this.#announced) {
      this.#announced = out.window.last
      this.#announcer.sent(nowMs)
    }
    if (nowMs >= this.#nacks.deadlineMs) this.#ask(nowMs)
    if (nowMs >= this.#repair.deadlineMs) this.#answer(nowMs)
    this.#repairs.flush()
    if (incoming.isReportDue) {
      const report = { received: incoming.window.received, consumed: incoming.reader.consumed }
      control(this.peer.endpoint, this.inTag, { report })
      incoming.reported()
    }
    if (this.#announcer.due(nowMs)) {
      // A link has no beat: until all is consumed only this asks for a report that was lost.
      if (out.consumed.min === out.window.last) this.#announcer.stop()
      else control(this.peer.endpoint, this.outTag, { announce: { last: out.window.last } })
    }
  }

  #ask(nowMs: number): void {
    const { counters, control } = this.#environment
    this.#nacks.due(nowMs, (rank, gaps) => {
      counters.nacksSent++
      control(this.peer.endpoint, this.inTag, { nack: { gaps: gaps.map(gap => ({ rank, ...gap })) } })
    })
  }

  #answer(nowMs: number): void {
    const { window } = this.out
    this.#repair.due(nowMs, (_, seq) => {
      const bytes = window.bytesOf(seq)
      if (bytes === undefined) return
      this.#environment.counters.repairsSent++
      this.#repairs.add(0, this.peer.endpoint, bytes, window.offsetOf(seq))
    })
  }

  #read(): void {
    const { window, reader } = this.incoming
    while (distance(window.received, reader.upTo) > 0) {
      const seq = plus(reader.upTo, 1)
      reader.upTo = seq
      const isSound = reader.read(FIFO, window.slabOf(seq), window.offsetOf(seq), seq)
      if (!isSound) countDrop(this.#environment.counters, 'malformed')
    }
  }

  #sealed(): void {
    const { progress, peer } = this
    this.#environment.outbox.events.push({ type: 'sealed', progress, to: peer.incarnation })
  }
}
