import { isQuorum } from '../paxos/quorum.js'

/** Two that cannot hear each other for so long cannot both stay. */
const PAIR_MS = 3_000
/** Who says for so long that it hears no quorum cannot stay either. */
const DEAF_MS = 300
/** Who accuses says so again and again; what was not said for so long was withdrawn, or its accuser is gone. */
const VALID_MS = 1_500

const NOBODY: ReadonlySet<number> = new Set()

/**
 * Who accuses whom in one view, as every member says of itself, and what follows from it. One accuser is not enough
 * to put a member out, where others are left who could confirm it: the fault may lie in the one link between the two.
 * (Schedule C12 of docs/view-agreement.md.)
 */
export class Accusations {
  readonly #self: number
  readonly #voters: readonly number[]
  /** By accuser: whom it accuses, and since when. */
  readonly #since: Map<number, number>[]
  readonly #statedAtMs: Float64Array
  /** Nobody accuses anybody: so it nearly always is. */
  #isPeaceful = true

  /** @param voters  ranks, in order of seniority */
  constructor(size: number, self: number, voters: readonly number[]) {
    this.#self = self
    this.#voters = voters
    this.#since = Array.from({ length: size }, () => new Map())
    this.#statedAtMs = new Float64Array(size)
  }

  /** All whom member `accuser` accuses now. */
  stated(accuser: number, accused: Iterable<number>, nowMs: number): void {
    const before = this.#since[accuser]
    const now = new Map<number, number>()
    for (const rank of accused) {
      if (rank >= 0 && rank < this.#since.length && rank !== accuser) now.set(rank, before.get(rank) ?? nowMs)
    }
    this.#since[accuser] = now
    this.#statedAtMs[accuser] = nowMs
    this.#isPeaceful = this.#since.every(accused => accused.size === 0)
  }

  accuses(accuser: number, accused: number): boolean {
    return this.#since[accuser].has(accused)
  }

  /** Whether those whom this member does not accuse are a quorum of the view's voters. */
  get hearsQuorum(): boolean {
    return isQuorum(this.#voters, rank => !this.accuses(this.#self, rank))
  }

  /** Ranks of those who should be put out, as far as this member knows. */
  removable(nowMs: number): ReadonlySet<number> {
    if (this.#isPeaceful) return NOBODY
    this.#forget(nowMs)
    const removed = new Set<number>(this.#since[this.#self].keys())
    for (const rank of this.#since.keys()) if (rank !== this.#self && this.#isDeaf(rank, nowMs)) removed.add(rank)
    // Whoever is kept after all may be asked to confirm the others, so begin anew until nothing changes.
    for (let before = -1; before !== removed.size; ) {
      before = removed.size
      const left = [...this.#since.keys()].filter(rank => !removed.has(rank))
      for (const rank of removed) {
        const accusers = left.filter(other => this.accuses(other, rank)).length
        if (accusers >= Math.min(2, left.length)) continue
        if (!this.#isDeaf(rank, nowMs)) removed.delete(rank)
      }
    }
    for (const rank of this.#junior(nowMs)) if (rank !== this.#self) removed.add(rank)
    return removed
  }

  /** Whether this member, or another besides `proposer`, has reason of its own to put `rank` out. */
  isShared(rank: number, proposer: number, nowMs: number): boolean {
    this.#forget(nowMs)
    if (this.#isDeaf(rank, nowMs) || this.#junior(nowMs).has(rank)) return true
    return this.#since.some(
      (accused, other) => other !== proposer && accused.has(rank) && !this.accuses(this.#self, other),
    )
  }

  #forget(nowMs: number): void {
    for (const [accuser, accused] of this.#since.entries()) {
      if (accuser !== this.#self && nowMs - this.#statedAtMs[accuser] > VALID_MS) accused.clear()
    }
    this.#isPeaceful = this.#since.every(accused => accused.size === 0)
  }

  /** It has said for long that it does not hear enough to go on with. */
  #isDeaf(rank: number, nowMs: number): boolean {
    if (rank === this.#self) return false
    return !isQuorum(this.#voters, other => {
      const sinceMs = this.#since[rank].get(other)
      return sinceMs === undefined || nowMs - sinceMs < DEAF_MS
    })
  }

  /**
   * Of pairs that have not heard each other for long, though this member hears both, the junior ones: from the most senior
   * on, since a pair of which one goes is none. If that left no quorum, the senior ones.
   */
  #junior(nowMs: number): Set<number> {
    const self = this.#self
    const pairs: { readonly senior: number; readonly junior: number }[] = []
    for (const [accuser, accused] of this.#since.entries()) {
      for (const [rank, sinceMs] of accused) {
        if (nowMs - sinceMs < PAIR_MS) continue
        const isHeard = !this.accuses(self, accuser) && (accuser === self || !this.accuses(self, rank))
        if (isHeard) pairs.push({ senior: Math.min(accuser, rank), junior: Math.max(accuser, rank) })
      }
    }
    const going = new Set<number>()
    pairs.sort((p, q) => p.junior - q.junior)
    for (const { senior, junior } of pairs) if (!going.has(senior)) going.add(junior)
    return isQuorum(this.#voters, rank => !going.has(rank)) ? going : new Set(pairs.map(({ senior }) => senior))
  }
}
