import type { BlockReason } from './engine/outbox.js'
import type { TuttiError } from './errors.js'
import type { Sent } from './send-queue.js'
import type { Batch, Message, View, ViewChange } from './types.js'

/** What a group emits, and with what. */
export interface GroupEvents {
  view: [view: View, change: ViewChange]
  message: [message: Message]
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
  /** After `offer` returned false: the window is open again. */
  drain: []
  /** Sending has been held back for half a second; `waiting` are the names of the members it waits for. */
  blocked: [reason: BlockReason, waiting: readonly string[]]
  unblocked: [reason: BlockReason]
  error: [error: TuttiError]
  /** The last event. */
  left: []
}
