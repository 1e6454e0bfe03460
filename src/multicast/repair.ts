import { LRUCache } from 'lru-cache'
import { distance, plus } from '../wire/seqno.js'

/** In place of a rank: every member. */
export const MULTICAST = -1
/** A gap that its sender left open for so many rounds may be filled by any member. */
export const SENDER_ROUNDS = 2
/** Packets that wait to be resent, and packets that linger, at most. What is refused will be asked for again. */
const REPAIRS_MAX = 2048

/** One origin's packets that this member can supply: numbers after `released`, up to `last`, where `has` says so. */
export interface RepairSource {
  readonly released: number
  readonly last: number
  has(seq: number): boolean
}

export interface RepairTiming {
  /** Whether who misses a packet may keep silent because another member asked. */
  readonly suppresses: boolean
  readonly groupMs: number
  backoffMs(): number
}

/** Resend packet `seq` of origin `rank`, asked for in that round, to the member of rank `to`, or MULTICAST. */
export type RepairEmit = (rank: number, seq: number, to: number, round: number) => void

interface Answer {
  readonly rank: number
  readonly seq: number
  to: number
  round: number
  /** While it waits: when to send it. Then: when it was sent. */
  atMs: number
}

/**
 * What to resend, to whom, and when.
 * - The sender of a packet resends it at the end of the turn: by unicast to the only member that asks, by multicast if
 *   several do. Where NACKs are suppressed, or all could hear this one, nobody knows how many miss it: multicast.
 * - After SENDER_ROUNDS rounds any member that holds it does, after a random wait, unless another was faster.
 * - A repair lingers for a round trip: requests that crossed it are free. A higher round says that it was lost.
 */
export class Repair {
  /** When `due` has something to do. */
  deadlineMs = Number.POSITIVE_INFINITY
  readonly #self: number
  readonly #timing: RepairTiming
  readonly #pending = new Map<number, Answer>()
  // Its own time to live would read a clock; `atMs` is compared with the time that is given.
  #lingering: LRUCache<number, Answer> | null = null

  constructor(self: number, timing: RepairTiming) {
    this.#self = self
    this.#timing = timing
  }

  /** `requester` misses `ranges` (first, count, ...) of origin `rank`, whose packets are in `source`. */
  requested(
    rank: number,
    source: RepairSource,
    requester: number,
    round: number,
    ranges: readonly number[],
    nowMs: number,
  ): void {
    const isSender = rank === this.#self
    if (!isSender && round < SENDER_ROUNDS) return
    // All of one NACK are answered together: a draw each would let every holder win some of them.
    const atMs = isSender ? Number.NEGATIVE_INFINITY : nowMs + this.#timing.backoffMs()
    const isHeardByAll = this.#timing.suppresses || round >= SENDER_ROUNDS
    const to = isHeardByAll ? MULTICAST : requester
    // Counted from here a range is clipped to what exists before it is walked, whatever the numbers from the wire say.
    const base = plus(source.released, 1)
    const end = distance(source.last, source.released)
    let from = 0
    for (let i = 0; i + 1 < ranges.length; i += 2) {
      const first = distance(ranges[i], base)
      const after = Math.min(first + ranges[i + 1], end)
      for (from = Math.max(from, first); from < after; from++) {
        const seq = plus(base, from)
        if (source.has(seq)) this.#request(rank, seq, requester, to, round, atMs, nowMs)
      }
    }
  }

  #request(rank: number, seq: number, requester: number, to: number, round: number, atMs: number, nowMs: number): void {
    const key = rank * 2 ** 32 + seq
    const pending = this.#pending.get(key)
    if (pending !== undefined) {
      if (pending.to !== to) pending.to = MULTICAST
      pending.round = Math.max(pending.round, round)
      return
    }
    const answered = this.#lingering?.get(key)
    const lingers = answered !== undefined && nowMs - answered.atMs < this.#timing.groupMs
    if (lingers && round <= answered.round) {
      if (answered.to === MULTICAST || answered.to === requester) return
      // It went to another member only: several miss it after all.
      to = MULTICAST
    }
    if (this.#pending.size === REPAIRS_MAX) return
    this.#pending.set(key, { rank, seq, to, round, atMs })
    this.deadlineMs = Math.min(this.deadlineMs, atMs)
  }

  /** Packet `seq` of origin `rank` came by again: somebody repaired it. */
  seen(rank: number, seq: number, nowMs: number): void {
    if (this.#pending.size === 0) return
    const key = rank * 2 ** 32 + seq
    const answer = this.#pending.get(key)
    if (answer !== undefined) this.#answered(key, answer, nowMs)
  }

  /** To be called at the end of every turn, and once `deadlineMs` has passed. */
  due(nowMs: number, emit: RepairEmit): void {
    if (nowMs < this.deadlineMs) return
    this.deadlineMs = Number.POSITIVE_INFINITY
    for (const [key, answer] of this.#pending) {
      if (answer.atMs > nowMs) {
        this.deadlineMs = Math.min(this.deadlineMs, answer.atMs)
        continue
      }
      this.#answered(key, answer, nowMs)
      emit(answer.rank, answer.seq, answer.to, answer.round)
    }
  }

  #answered(key: number, answer: Answer, nowMs: number): void {
    this.#pending.delete(key)
    answer.atMs = nowMs
    // Made with the first: it sets aside memory for all, and most views see no loss.
    this.#lingering ??= new LRUCache({ max: REPAIRS_MAX })
    this.#lingering.set(key, answer)
  }
}
