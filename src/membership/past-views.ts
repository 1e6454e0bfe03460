import type { Endpoint } from '../types.js'
import type { ControlBody } from '../wire/control-codec.js'
import { type AgreedView, encodeValue, type Value } from '../wire/view-codec.js'

/** Views remembered: who slept longer than these lasted learns that it is out. */
const PAST_MAX = 32
/** One straggler is answered once in so long: a decision may be large. */
const ANSWER_MS = 40
/** Who is left out comes back at once; again and again, it waits longer each time, till it has stayed for long. */
const REST_MS_MIN = 1_000
const REST_MS_MAX = 30_000
const STEADY_MS = 60_000

/** A view that is closed, and the rank that this member had in it. */
export interface PastRank {
  readonly tag: number
  readonly rank: number
}

interface Past {
  readonly closed: AgreedView
  readonly value: Value
  /** This member's rank in it. */
  readonly rank: number
  /** By rank in the closed view. */
  readonly answeredAtMs: Float64Array
  /** Of the last message of total order in it, once this member has delivered it to its end. */
  index: number | null
}

/** A decision, and what only those know who have carried it out. */
export interface Decision {
  readonly value: Value
  readonly index: number | null
}

interface Answer extends Decision {
  readonly to: Endpoint
  /** The rank that this member had in the closed view. */
  readonly rank: number
}

/**
 * What was decided about views that are closed, for those who have not heard. It outlives being left out and coming
 * back: the decision must not go with those who know it (C4).
 *
 * On receiving a frame of a closed view: its coordinator answers with the decision; to a proposer, everyone who knows it.
 */
export class PastViews {
  readonly #past = new Map<number, Past>()
  /** By lineage: the last view that this member was in. */
  readonly #entered = new Map<string, number>()
  /** This member was left out deaf: it is to hear the group before it comes back. */
  isDeaf = false
  #leftOutAtMs = Number.NEGATIVE_INFINITY
  #leftOutOf: PastRank | null = null
  #restMs = 0

  /**
   * The others went on without this member.
   * @param isDeaf  nothing that goes to all had come to it for long
   * @param closed  the view without which they did, if it knows how that was decided
   */
  leftOut(isDeaf: boolean, closed: PastRank | null, nowMs: number): void {
    this.isDeaf = isDeaf
    this.#leftOutOf = closed
    const isRare = nowMs - this.restUntilMs > STEADY_MS
    this.#restMs = isRare ? 0 : Math.min(Math.max(2 * this.#restMs, REST_MS_MIN), REST_MS_MAX)
    this.#leftOutAtMs = nowMs
  }

  /** The view that this member was put out of since then, by a decision that it knows. */
  putOutOf(sinceMs: number): PastRank | null {
    return this.#leftOutAtMs >= sinceMs ? this.#leftOutOf : null
  }

  /** Until then it does not ask to come back: a link that puts it out each time would stop the group as often (C12). */
  get restUntilMs(): number {
    return this.#leftOutAtMs + this.#restMs
  }

  add(closed: AgreedView, rank: number, value: Value): void {
    const answeredAtMs = new Float64Array(closed.members.length).fill(Number.NEGATIVE_INFINITY)
    this.#past.set(closed.tag, { closed, rank, value, answeredAtMs, index: null })
    if (this.#past.size > PAST_MAX) this.#past.delete(this.#past.keys().next().value!)
  }

  /** This member is in a view. */
  entered({ lineage, id }: AgreedView): void {
    this.#entered.delete(lineage)
    this.#entered.set(lineage, id)
    if (this.#entered.size > PAST_MAX) this.#entered.delete(this.#entered.keys().next().value!)
  }

  /**
   * This member was in that view, or in one after it, and is not any more. To come to it again would be to vote in it
   * anew: 1. b votes for what follows the view, 2. gives the lineage up, 3. comes back, and is told of the view by one who
   * knows no later one, 4. votes for something else. Nor does it come to the one right after it, whose members went there from
   * this one's end.
   */
  isOver({ lineage, id }: AgreedView): boolean {
    const entered = this.#entered.get(lineage)
    return entered !== undefined && id <= entered + 1
  }

  /** What member `rank` of the view with that tag should be sent, if it is time to. */
  answer(tag: number, rank: number, nowMs: number): Answer | undefined {
    const past = this.#past.get(tag)
    const member = past?.closed.members[rank]
    if (past === undefined || member === undefined || nowMs < past.answeredAtMs[rank] + ANSWER_MS) return undefined
    past.answeredAtMs[rank] = nowMs
    return { to: member.endpoint, rank: past.rank, value: past.value, index: past.index }
  }

  /** The view with that tag was delivered to its end, `index` being that of the last message of total order. */
  delivered(tag: number, index: number): void {
    const past = this.#past.get(tag)
    if (past !== undefined) past.index = index
  }

  /** What was decided about the view with that tag, as this member would say it now. */
  decision(tag: number, value: Value): Decision {
    return { value, index: this.#past.get(tag)?.index ?? null }
  }

  knows(tag: number): boolean {
    return this.#past.has(tag)
  }

  /** The value that made the view with that tag, and the tag of the view that it closed. */
  origin(tag: number): (Decision & { readonly tag: number }) | undefined {
    for (const [closedTag, { value, index }] of this.#past) {
      if (value.next?.tag === tag) return { tag: closedTag, value, index }
    }
    return undefined
  }
}

export function decideOf({ value, index }: Decision, settled: boolean): ControlBody {
  return { decide: { value: encodeValue(value), settled, index } }
}
