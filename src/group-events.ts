import type { Batch, Message } from './delivery.js'
import type { BlockReason } from './engine/outbox.js'
import type { TuttiError } from './errors.js'
import type { Sent } from './send-queue.js'
import type { View, ViewChange } from './types.js'

/** What a group emits, and with what. */
export interface GroupEvents {
  view: [view: View, change: ViewChange]
  /** One message, as an object that may be kept. */
  message: [message: Message]
  /** Messages that follow each other with nothing between them: the fastest way. Its bytes are valid during the call only. */
  batch: [batch: Batch]
  /** A message from one member to this one alone. */
  told: [message: Message]
  /** The group went on without this member, which comes back as a new incarnation. */
  excluded: [incarnation: string]
  /** Two lineages met; `won`: the one that goes on is the one that this member was in. */
  merged: [lineage: string, won: boolean]
  /**
   * What `send` resolved to comes to nothing after all: the group went on without this member, and without that
   * message (ERR_TUTTI_EXCLUDED), or nobody can say whether it was delivered (ERR_TUTTI_FATE_UNKNOWN).
   */
  lost: [sent: Sent, error: TuttiError]
  /** After `offer` returned false: the window is open again, or this member has left and `offer` throws. */
  drain: []
  /** Sending has been held back for half a second; `waiting` are the names of the members it waits for. */
  blocked: [reason: BlockReason, waiting: readonly string[]]
  unblocked: [reason: BlockReason]
  error: [error: TuttiError]
  /** The last event. */
  left: []
}
