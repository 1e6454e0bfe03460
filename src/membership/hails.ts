import { toHex } from '../wire/bytes.js'
import type { tutti } from '../wire/generated/control.js'
import type { ViewWatch } from './view-watch.js'

const HAIL_MS = 500
/** Who asked to be let into another lineage goes there within so long, or asks again: by then it may be gone itself. */
const WANTED_MS = 1_000
/** Who hears no quorum while its lineage has one is told the decision well before that, if anybody knows it. */
const PASSED_MS = 2_500

/** When the coordinator of a lineage makes itself known to others, and to which of them this lineage should give way. */
export class Hails {
  deadlineMs = Number.POSITIVE_INFINITY
  readonly #random: () => number
  /** The lineage that this member asked to be let into, and until when that holds. */
  #wanted: { readonly lineage: string; readonly untilMs: number } | null = null
  /** Since when its own lineage hails while this member hears no quorum, and when it last did. */
  #passedFromMs = 0
  #passedAtMs = Number.NEGATIVE_INFINITY

  constructor(random: () => number) {
    this.#random = random
  }

  installed(nowMs: number): void {
    this.#wanted = null
    this.#passedAtMs = Number.NEGATIVE_INFINITY
    this.deadlineMs = Math.min(this.deadlineMs, nowMs + this.#intervalMs)
  }

  due(nowMs: number): boolean {
    if (nowMs < this.deadlineMs) return false
    this.deadlineMs = nowMs + this.#intervalMs
    return true
  }

  /** A hail was heard: whether to ask for a way into that lineage, or whether this member's own has gone on without it. */
  heard(hail: tutti.Hail.$Properties, watch: ViewWatch, nowMs: number): 'nothing' | 'ask' | 'passed by' {
    if (hail.lineage?.length !== 8 || !hail.canDecide) return 'nothing'
    const theirs = toHex(hail.lineage)
    const { lineage: ours, id } = watch.view
    if (theirs === ours) {
      // 1. In its own view another hears a quorum, which this member is part of. 2. It gives its life up for that. 3. The quorum
      // of the view is gone.
      return (hail.view ?? 0) > id && this.#isPassedBy(watch.hasQuorum, nowMs) ? 'passed by' : 'nothing'
    }
    // Both sides must come to one answer whatever happens meanwhile: so by a number that never changes (C7).
    if (watch.hasQuorum && (ours < theirs || !watch.isCoordinator(nowMs))) return 'nothing'
    this.#wanted = { lineage: theirs, untilMs: nowMs + WANTED_MS }
    return 'ask'
  }

  /**
   * That lineage hears this member, and this member it: whether its own is to end in favour of it, in order where that
   * can be decided, else this member goes alone. It was right when it asked; what counts is what is so now.
   */
  invited(into: string, watch: ViewWatch, nowMs: number): 'stay' | 'end' | 'go' {
    if (this.#wanted?.lineage !== into || nowMs >= this.#wanted.untilMs) return 'stay'
    if (!watch.hasQuorum) return 'go'
    return into < watch.view.lineage ? 'end' : 'stay'
  }

  /** A hail of a later view of this member's own lineage: whether that has gone on without it, as far as can be known. */
  #isPassedBy(hasQuorum: boolean, nowMs: number): boolean {
    if (hasQuorum || nowMs - this.#passedAtMs > PASSED_MS) this.#passedFromMs = nowMs
    this.#passedAtMs = nowMs
    return nowMs - this.#passedFromMs >= PASSED_MS
  }

  get #intervalMs(): number {
    return HAIL_MS * (0.75 + this.#random() / 2 ** 33)
  }
}
