import type { Endpoint } from '../types.js'
import type { ControlBody } from '../wire/control-codec.js'
import type { AgreedView, Peer } from '../wire/view-codec.js'
import type { SignsOfLife } from './failure-detector.js'
import type { PastViews } from './past-views.js'

/** What membership asks of the engine. */
export interface MembershipEffects {
  send(to: Endpoint | null, viewTag: number, rank: number, body: ControlBody): void
  /** Asks an endpoint, through a connected socket, so that a closed port answers too. */
  probe(to: Endpoint, viewTag: number, body: ControlBody): void
  /** Stops sealing and delivering in the current view. Returns what it holds in sequence, by rank. Idempotent. */
  wedge(): readonly number[]
  /** Fetches what the current view misses up to `cut`. */
  fill(cut: readonly number[]): void
  isFilled(cut: readonly number[]): boolean
  /** Delivers the current view up to `cut`; nothing more comes of it. Returns false if it has gone beyond that. */
  close(cut: readonly number[]): boolean
  /**
   * Returns when each member was last heard in it; the engine keeps that up.
   * @param index  of the last message of total order before it; null: this member has closed the view before
   */
  install(view: AgreedView, index: number | null): SignsOfLife
  /** Of the last message of total order that was delivered in the current view. */
  index(): number
  /** The group's lineage has met another; `isOurs`: the one that goes on is ours. */
  merged(lineage: string, isOurs: boolean): void
  /** This member is in no view any more, but looks for one. */
  abandon(): void
  /** The others have gone on without this member: how far each sender's packets counted, by rank; null: unknown. */
  excluded(cut: readonly number[] | null): void
  count(what: 'fills' | 'ballotsOutbid' | 'valuesReproposed' | 'merges'): void
  /** This member is out: in order, or because of an error. */
  closed(code?: string, reason?: string): void
}

export interface MembershipOptions {
  readonly self: Peer
  readonly checkBodies: boolean
  readonly messageBytesMax: number
  readonly packetBytes: number
  /** The lineage of a life before this one, or null: who knows one founds no other. */
  readonly lineage: string | null
  readonly past: PastViews
}
