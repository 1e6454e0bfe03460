import type { PastViews } from '../membership/past-views.js'
import type { Endpoint } from '../types.js'
import type { Counters } from './counters.js'

export interface EngineConfig {
  readonly group: string
  readonly name: string
  readonly endpoint: Endpoint
  readonly packetBytes: number
  readonly receiveBufferBytes: number
  readonly checkBodies: boolean
  readonly messageBytesMax: number
  readonly windowBytesMax: number
  /** 32 random bits, as an unsigned integer. */
  readonly random: () => number
}

/** A message that was taken and not sealed to its end. */
export interface PendingMessage {
  readonly data: Uint8Array
  readonly class: number
}

/** What a member that was left out takes into its next life. */
export interface PastLife {
  readonly lineage: string
  readonly past: PastViews
  readonly counters: Counters
  readonly pending: PendingMessage | null
  /** Somebody was refused, and waits for 'drain'. */
  readonly isAwaited: boolean
}
