import { TuttiError } from './errors.js'
import type { Sent, Waiting } from './send-queue.js'
import type { Order } from './types.js'
import { distance } from './wire/seqno.js'

const PRUNE_MIN = 1_024

interface Entry {
  readonly sent: Sent
  /** Number of the packet in which the message ends. */
  readonly seq: number
  readonly order: Order
  /** Of a safe message: who waits until it is. */
  readonly waiting: Waiting | null
}

/** How far this member's packets counted in a view that is over for it. */
export interface Reckoning {
  /** null: of any lineage. */
  readonly lineage: string | null
  readonly upTo: number
  /** What lies beyond is known not to have been delivered. */
  readonly isKnown: boolean
  /** Causal messages may rest on what the others do not have. */
  readonly isCausalKnown: boolean
}

/**
 * Sends to one destination (the group in its current view, or one member) of which it is not known that all who should
 * have them do. Should this member or that one be left out, their fate must be told: nothing that was taken over
 * disappears without a word.
 */
export class Unconfirmed {
  #entries: Entry[] = []
  #pruneAt = PRUNE_MIN
  /** Safe ones among them. */
  waiting = 0

  /** @param stable  all have everything up to this packet */
  add(entry: Entry, stable: number): void {
    this.#entries.push(entry)
    if (entry.waiting !== null) this.waiting++
    if (this.#entries.length < this.#pruneAt) return
    this.#keep(({ seq, waiting }) => waiting !== null || distance(seq, stable) > 0)
  }

  /** This member has delivered its own safe messages of that order up to packet `seq`. */
  delivered(order: Order, seq: number): void {
    this.#keep(entry => {
      if (entry.waiting === null || entry.order !== order || distance(entry.seq, seq) > 0) return true
      entry.waiting.resolve(entry.sent)
      return false
    })
  }

  /** This member has gone on to that view of its lineage: what it sent in views before was delivered. */
  installed(lineage: string, view: number): void {
    this.#keep(({ sent, waiting }) => {
      if (sent.lineage !== lineage || sent.view >= view) return true
      waiting?.resolve(sent)
      return false
    })
  }

  /**
   * This member's part in its view has ended. Returns those of which somebody was told that they were sent, and which
   * are lost, or of which nobody can say. What was sent since, as the first of another lineage, is not among them.
   */
  lost({ lineage, upTo, isKnown, isCausalKnown }: Reckoning): { readonly sent: Sent; readonly error: TuttiError }[] {
    const lost: { readonly sent: Sent; readonly error: TuttiError }[] = []
    this.#keep(({ sent, seq, order, waiting }) => {
      if (lineage !== null && sent.lineage !== lineage) return true
      const isBeyond = distance(seq, upTo) > 0
      const isDoubtful = order === 'causal' && !isCausalKnown
      if (!isBeyond && !isDoubtful) waiting?.resolve(sent)
      else {
        const error = isBeyond && isKnown ? notDelivered() : unknown()
        if (waiting === null) lost.push({ sent, error })
        else waiting.reject(error)
      }
      return false
    })
    return lost
  }

  /** This member closes: nobody will say any more whether what waits to be safe was delivered. */
  abandon(): void {
    this.#keep(({ waiting }) => {
      waiting?.reject(unknown())
      return waiting === null
    })
  }

  #keep(isKept: (entry: Entry) => boolean): void {
    this.#entries = this.#entries.filter(isKept)
    this.waiting = this.#entries.reduce((sum, { waiting }) => sum + (waiting === null ? 0 : 1), 0)
    this.#pruneAt = Math.max(PRUNE_MIN, 2 * this.#entries.length)
  }
}

const notDelivered = () =>
  new TuttiError('ERR_TUTTI_EXCLUDED', 'the group went on without this member, and without this message of it')

const unknown = () =>
  new TuttiError(
    'ERR_TUTTI_FATE_UNKNOWN',
    'this member or who it was for is out of the group; whether it was delivered is not known',
  )
