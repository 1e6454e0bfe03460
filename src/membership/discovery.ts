/** How long a member that hears nobody looks for a group before it founds one. */
const LISTEN_MS = 300
/** A sign of an established group, or of a joiner that goes first, holds founding back for so long. */
const DEFER_MS = 1_000
/** A timer this late means that the process itself stood still. */
const ASLEEP_MS = 100
/** Who could not hear what goes to all tries again after so long at the latest: peers may send it only to members. */
const DEAF_MS_MAX = 60_000
const JOIN_MS_MIN = 30
const JOIN_MS_MAX = 400

/** What a member has learned from being left out. */
interface Lesson {
  /** Before that it asks nobody. */
  readonly restUntilMs: number
  /** It could not hear what the group sends to all. */
  readonly isDeaf: boolean
}

/**
 * On sending: asks to join, at growing intervals with a random part, until a view has this member in it.
 * On receiving: a sign of an established group, or of other joiners, puts off founding.
 * Invariant: of joiners that hear each other only the one with the lowest incarnation founds.
 */
export class Discovery {
  deadlineMs: number
  readonly #incarnation: string
  readonly #random: () => number
  readonly #fromMs: number
  #intervalMs = JOIN_MS_MIN
  #foundAtMs: number
  #hasHeardGroup = false
  /** Before that it comes in only if it has heard a group. */
  readonly #mustHearUntilMs: number

  /**
   * @param mayFound  false for who knows a lineage: it never founds another (C7)
   * @param lesson  of a life before this one, or null
   */
  constructor(incarnation: string, mayFound: boolean, lesson: Lesson | null, nowMs: number, random: () => number) {
    const fromMs = Math.max(nowMs, lesson?.restUntilMs ?? 0)
    this.#mustHearUntilMs = lesson?.isDeaf ? fromMs + DEAF_MS_MAX : 0
    this.#incarnation = incarnation
    this.#random = random
    this.#fromMs = fromMs
    this.deadlineMs = fromMs
    this.#foundAtMs = mayFound ? fromMs + LISTEN_MS : Number.POSITIVE_INFINITY
  }

  /** Whether it should accept an invitation. */
  mayAccept(nowMs: number): boolean {
    return this.#hasHeardGroup || nowMs >= this.#mustHearUntilMs
  }

  /** This member was asked in. */
  invited(nowMs: number): void {
    this.#foundAtMs = Math.max(this.#foundAtMs, nowMs + DEFER_MS)
  }

  /** A frame of an established group arrived. */
  groupHeard(nowMs: number): void {
    this.invited(nowMs)
    if (this.#hasHeardGroup) return
    this.#hasHeardGroup = true
    this.#intervalMs = JOIN_MS_MIN
    this.deadlineMs = Math.max(nowMs, this.#fromMs)
  }

  joinerHeard(incarnation: string, nowMs: number): void {
    if (incarnation < this.#incarnation) this.#foundAtMs = Math.max(this.#foundAtMs, nowMs + DEFER_MS)
  }

  /** What to do now: ask again, found a group, or nothing yet. */
  due(nowMs: number): 'join' | 'found' | 'wait' {
    if (nowMs < this.deadlineMs) return 'wait'
    // Others may have founded the group meanwhile; what tells so is still to be read.
    if (nowMs >= this.deadlineMs + ASLEEP_MS) this.#foundAtMs = Math.max(this.#foundAtMs, nowMs + LISTEN_MS)
    if (nowMs >= this.#foundAtMs) return 'found'
    this.deadlineMs = nowMs + this.#intervalMs * (0.5 + this.#random() / 2 ** 32)
    this.#intervalMs = Math.min(this.#intervalMs * 1.5, JOIN_MS_MAX)
    if (this.deadlineMs > this.#foundAtMs && nowMs < this.#foundAtMs) this.deadlineMs = this.#foundAtMs
    return 'join'
  }
}
