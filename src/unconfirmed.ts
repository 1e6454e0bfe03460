import { TuttiError } from './errors.js'
import type { Sent } from './send-queue.js'
import { distance } from './wire/seqno.js'

const PRUNE_MIN = 1_024

interface Entry {
  readonly sent: Sent
  /** Number of the packet in which the message ends. */
  readonly seq: number
}

/**
 * Sends to one destination (the group in its current view, or one member) of which it is not known that all who should
 * have them do. Should this member or that one be left out, their fate must be told: nothing that was taken over
 * disappears without a word.
 */
export class Unconfirmed {
  #entries: Entry[] = []
  #pruneAt = PRUNE_MIN

  /** @param stable  all have everything up to this packet */
  add(sent: Sent, seq: number, stable: number): void {
    this.#entries.push({ sent, seq })
    if (this.#entries.length < this.#pruneAt) return
    this.#entries = this.#entries.filter(entry => distance(entry.seq, stable) > 0)
    this.#pruneAt = Math.max(PRUNE_MIN, 2 * this.#entries.length)
  }

  /** This member has gone on to that view of its lineage: what it sent in views before was delivered. */
  installed(lineage: string, view: number): void {
    this.#entries = this.#entries.filter(({ sent }) => sent.lineage !== lineage || sent.view >= view)
    this.#pruneAt = Math.max(PRUNE_MIN, 2 * this.#entries.length)
  }

  /**
   * This member's part in its view of that lineage (null: of any) has ended: those beyond packet `upTo` are lost, or
   * nobody can say. What was sent since, as the first of another lineage, is not among them.
   */
  lost(lineage: string | null, upTo: number, isKnown: boolean): { readonly sent: Sent; readonly error: TuttiError }[] {
    const isOld = (entry: Entry) => lineage === null || entry.sent.lineage === lineage
    const lost = this.#entries.filter(entry => isOld(entry) && distance(entry.seq, upTo) > 0)
    this.#entries = this.#entries.filter(entry => !isOld(entry))
    return lost.map(({ sent }) => ({ sent, error: isKnown ? notDelivered() : unknown() }))
  }
}

const notDelivered = () =>
  new TuttiError('ERR_TUTTI_EXCLUDED', 'the group went on without this member, and without this message of it')

const unknown = () =>
  new TuttiError(
    'ERR_TUTTI_FATE_UNKNOWN',
    'this member or who it was for is out of the group; whether it was delivered is not known',
  )
