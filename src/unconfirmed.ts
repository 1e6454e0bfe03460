import type { Progress } from './engine/engine.js'
import { TuttiError } from './errors.js'
import { isSafeClass, orderOfClass } from './message-class.js'
import type { Sent, Waiting } from './send-queue.js'
import type { DeliveredEvent, Order, View } from './types.js'
import { distance } from './wire/seqno.js'

const PRUNE_MIN = 1_024
/** No window holds so many packets: what lies so far behind is over. Much further behind, numbers would seem ahead. */
const PACKETS_MAX = 2 ** 24

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
 * disappears without a word. Who sends a safe message waits here until it is.
 */
export class Unconfirmed {
  #entries: Entry[] = []
  #pruneAt = PRUNE_MIN
  /** Safe ones among them. */
  #waiting = 0
  /** The view that the application was told of last, and whether this member came to it from the one before. */
  #view: View | null = null
  #hasStayed = false
  /** By order: the packet of that view up to which this member has delivered its own safe messages. */
  readonly #delivered = new Map<Order, number>()

  /** A message was taken over: its promise is kept with that, or, of a safe one, once it is delivered. */
  add(waiting: Waiting, { lineage, view, takenUpTo: seq, stable }: Progress): void {
    const sent = { lineage, view }
    const isSafe = isSafeClass(waiting.class)
    const entry = { sent, seq, order: orderOfClass(waiting.class), waiting: isSafe ? waiting : null }
    // Of a message in parts this may be said after it was delivered.
    if (!isSafe || this.#isDelivered(entry)) waiting.resolve(sent)
    else this.#waiting++
    this.#forget(seq)
    this.#entries.push(entry)
    if (this.#entries.length < this.#pruneAt) return
    this.#keep(({ seq, waiting }) => waiting !== null || distance(seq, stable) > 0)
  }

  /** The application is about to be told of these; `incarnation` is this member's. */
  settle(batch: readonly DeliveredEvent[], incarnation: string): void {
    for (const event of batch) {
      if (event.type === 'view') {
        this.#settle()
        this.#view = event.view
        this.#hasStayed = event.change.stayed.length > 0
        this.#delivered.clear()
        this.#settle()
      } else if (
        event.type === 'messages' &&
        (event.safe !== false || this.#remembers) &&
        event.from.incarnation === incarnation
      ) {
        this.#forget(event.last)
        if (event.safe !== false) this.#delivered.set(event.order, event.last)
      }
    }
    if (this.#waiting > 0) this.#settle()
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
      // A safe one that was not delivered here must lie within what was decided: that all have it is not enough.
      if (!isBeyond && !isDoubtful && (waiting === null || isKnown)) waiting?.resolve(sent)
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

  get #remembers(): boolean {
    return this.#entries.length > 0 || this.#delivered.size > 0
  }

  /** The stream has come to packet `seq`. */
  #forget(seq: number): void {
    if (this.#delivered.size > 0)
      for (const [order, last] of this.#delivered) if (distance(seq, last) >= PACKETS_MAX) this.#delivered.delete(order)
    if (this.#entries.length > 0 && distance(seq, this.#entries[0].seq) >= PACKETS_MAX)
      this.#keep(entry => distance(seq, entry.seq) < PACKETS_MAX || entry.waiting !== null)
  }

  #settle(): void {
    this.#keep(entry => {
      if (!this.#isDelivered(entry)) return true
      entry.waiting?.resolve(entry.sent)
      return false
    })
  }

  /** What is delivered as safe all have, and what stood before it too. */
  #isDelivered({ sent, order, seq }: Entry): boolean {
    const view = this.#view
    if (sent.lineage !== view?.lineage) return false
    if (sent.view !== view.id) return this.#hasStayed && sent.view < view.id
    const last = this.#delivered.get(order)
    return last !== undefined && distance(seq, last) <= 0
  }

  #keep(isKept: (entry: Entry) => boolean): void {
    this.#entries = this.#entries.filter(isKept)
    this.#waiting = this.#entries.reduce((sum, { waiting }) => sum + (waiting === null ? 0 : 1), 0)
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
