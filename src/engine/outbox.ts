import type { TuttiError } from '../errors.js'
import type { DeliveredEvent, Endpoint } from '../types.js'

/** Why sending is held back. */
export type BlockReason = 'view-change' | 'no-quorum' | 'window'

/** How far a stream had come when a message of it was taken to its end. */
export interface Progress {
  readonly lineage: string
  readonly view: number
  /** Number of the packet in which that message ends. */
  readonly takenUpTo: number
  /** All who are to have the stream have it up to here. */
  readonly stable: number
}

/** What happens at a member besides views and messages. */
export type EngineEvent =
  /** The window has opened for those who were refused. */
  | { readonly type: 'drain' }
  /** The rest of a message that was taken in parts has been sealed; it went to `to`, or to the group. */
  | { readonly type: 'sealed'; readonly progress: Progress; readonly to: string | null }
  /** The rest of such a message, of so many bytes, is not sent: the lineage that this member has come to takes less. */
  | { readonly type: 'unfit'; readonly bytes: number }
  | { readonly type: 'blocked'; readonly reason: BlockReason; readonly waiting: readonly string[] }
  | { readonly type: 'unblocked'; readonly reason: BlockReason }
  /** The endpoints of the view now. */
  | { readonly type: 'reach'; readonly endpoints: readonly Endpoint[] }
  /**
   * The others went on without this member, whose packets counted `upTo`: this life is over. Nothing comes after.
   * `isCausalKnown`: its causal messages rest on nothing that the others do not have.
   */
  | { readonly type: 'excluded'; readonly lineage: string; readonly upTo: number; readonly isCausalKnown: boolean }
  /** Who was told something has gone. It had what this member told it up to packet `stable`. */
  | { readonly type: 'parted'; readonly incarnation: string; readonly stable: number }
  /** This member has left its view with nobody to say how far its packets counted; all had them up to `stable`. */
  | { readonly type: 'abandoned'; readonly lineage: string; readonly stable: number }
  /** This member is out of the group: in order, or because of `error`. Nothing comes after. */
  | { readonly type: 'closed'; readonly error?: TuttiError }

/**
 * What one turn of the engine leaves for the driver, to be carried out in this order: datagrams, then deliveries,
 * then events. Parallel arrays, reused from turn to turn: sending allocates nothing.
 */
export class Outbox {
  readonly bytes: Uint8Array[] = []
  readonly offsets: number[] = []
  readonly lengths: number[] = []
  /** null is the whole group. */
  readonly to: (Endpoint | null)[] = []
  /** Questions to endpoints of which nobody knows whether they are open still. */
  readonly probes: { readonly to: Endpoint; readonly bytes: Uint8Array }[] = []
  deliveries: DeliveredEvent[] = []
  /** The deliveries hold a view. */
  hasView = false
  readonly events: EngineEvent[] = []

  /** A packet, or a train of packets. The bytes stay as they are until the turn ends. */
  send(to: Endpoint | null, bytes: Uint8Array, offset: number, length: number): void {
    this.bytes.push(bytes)
    this.offsets.push(offset)
    this.lengths.push(length)
    this.to.push(to)
  }

  clearDatagrams(): void {
    if (this.bytes.length === 0) return
    this.bytes.length = 0
    this.offsets.length = 0
    this.lengths.length = 0
    this.to.length = 0
  }

  /** Hands out the deliveries. Those that come while they are worked on are the next batch. */
  takeDeliveries(): DeliveredEvent[] {
    const batch = this.deliveries
    this.deliveries = []
    this.hasView = false
    return batch
  }

  get isEmpty(): boolean {
    return this.bytes.length + this.probes.length === 0 && this.deliveries.length === 0 && this.events.length === 0
  }
}
