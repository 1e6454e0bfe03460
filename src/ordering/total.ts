import { distance, later } from '../wire/seqno.js'
import type { OrderingEffects } from './ordering.js'
import { PacketQueue } from './packet-queue.js'

export interface TotalEffects extends OrderingEffects {
  /** Whether all packets of `rank` up to `seq` have come, and those of total order among them are known here. */
  hasCome(rank: number, seq: number): boolean
  /** Whether `rank` may have sent packet `seq`, for all that is known here. */
  mayBe(rank: number, seq: number): boolean
}

interface Run {
  readonly rank: number
  readonly last: number
  /** Number of the sequencer's packet that announces it. */
  readonly announcedIn: number
}

/**
 * Total order: rank 0, the sequencer, says in its own stream in which order packets are to be delivered (a fixed
 * sequencer, with the data sent by its senders: variant BB of Kaashoek and Tanenbaum, 1991). A run puts next all of one
 * member's packets of total order up to a number.
 *
 * The announcements are packets like any other, so at the close of a view everyone who goes on has the same of them: the
 * decision need not carry any order (C9).
 */
export class TotalOrder {
  waiting = 0
  readonly #effects: TotalEffects
  /** What waits, by rank. */
  readonly queues: (PacketQueue | undefined)[]
  #runs: Run[] = []
  #head = 0
  /** By rank: the number of the packet delivered last. */
  readonly #last: Int32Array
  /** By rank: up to where its packets were announced. */
  readonly #announced: Int32Array

  /** @param before  the number before the first of every stream */
  constructor(members: number, before: number, effects: TotalEffects) {
    this.#effects = effects
    this.queues = new Array(members).fill(undefined)
    this.#last = new Int32Array(members).fill(before)
    this.#announced = new Int32Array(members).fill(before)
  }

  add(rank: number, seq: number, isSafe: boolean): void {
    this.queues[rank] ??= new PacketQueue()
    this.queues[rank].push(seq, isSafe)
    this.waiting++
  }

  /**
   * Packet `announcedIn` of the sequencer says that those of `rank` up to `last` are next. Returns false if that makes
   * no sense: each run must name at least one packet, and none that cannot be, so there are no more of them than packets.
   */
  announced(rank: number, last: number, announcedIn: number): boolean {
    if (rank >= this.queues.length || distance(last, this.#announced[rank]) <= 0) return false
    if (!this.#effects.mayBe(rank, last)) return false
    this.#announced[rank] = last
    this.#runs.push({ rank, last, announcedIn })
    return true
  }

  /** Every packet of `rank` up to `seq` was announced and delivered. */
  passed(rank: number, seq: number): void {
    this.#announced[rank] = later(this.#announced[rank], seq)
    this.#last[rank] = later(this.#last[rank], seq)
  }

  drain(): void {
    for (; this.#head < this.#runs.length; this.#head++) {
      const { rank, last, announcedIn } = this.#runs[this.#head]
      if (!this.#deliver(rank, last, announcedIn)) break
      // What is not here yet may belong to the run still.
      if (!this.#effects.hasCome(rank, last)) break
    }
    if (this.#head > this.#runs.length / 2) {
      this.#runs = this.#runs.slice(this.#head)
      this.#head = 0
    }
  }

  /**
   * The view has closed, and all that counts in it has come. First what was announced, without what did not come: the
   * indices close up. Then the rest, by rank. Returns how many packets that rest was.
   */
  close(): number {
    for (const { rank, last, announcedIn } of this.#runs.slice(this.#head)) this.#deliver(rank, last, announcedIn)
    const rest = this.waiting
    for (const rank of this.queues.keys()) this.#deliver(rank, null, 0)
    return rest
  }

  /** Those of `rank` up to `last`, or all. Returns false if one of them waits to be safe. */
  #deliver(rank: number, last: number | null, announcedIn: number): boolean {
    const queue = this.queues[rank]
    while (queue !== undefined && queue.length > 0) {
      const { first, isFirstSafe } = queue
      if (last !== null && distance(first, last) > 0) break
      if (isFirstSafe && !this.#isSafe(rank, first, announcedIn)) return false
      queue.shift()
      this.waiting--
      this.#last[rank] = first
      this.#effects.deliver(rank, first, isFirstSafe)
    }
    return true
  }

  /** Its place must be safe too: the announcement (and with it those before), and the data of every earlier index (C8). */
  #isSafe(rank: number, seq: number, announcedIn: number): boolean {
    const effects = this.#effects
    if (!effects.isStable(rank, seq) || !effects.isStable(0, announcedIn)) return false
    for (let other = 0; other < this.#last.length; other++) {
      if (!effects.isStable(other, this.#last[other])) return false
    }
    return true
  }
}
