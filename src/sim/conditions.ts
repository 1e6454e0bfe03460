/** What is wrong with the network: cuts, partitions and impairments, each between some members only or between all. */

/** How packets fare on the way; each packet has its own fate. Probabilities are from 0 to 1. */
export interface Impairment {
  /** The packet is lost. */
  readonly loss?: number
  /** It arrives twice. */
  readonly duplicate?: number
  /** It is held back for up to 10 ms, so that later ones overtake it. */
  readonly reorder?: number
  /** Some of its bits are flipped, or its end is cut off. */
  readonly corrupt?: number
  /** What a datagram takes more than `latencyMs`, drawn from this range; it overtakes nothing. */
  readonly delayMs?: readonly [min: number, max: number]
}

/** Which way packets must go for an impairment to meet them: names of members, all if left out. */
export interface Scope {
  readonly from?: string | readonly string[]
  readonly to?: string | readonly string[]
}

export interface CutOptions {
  /** Only what is sent to the group's address is lost, as when a switch forgets a multicast group. Default: false. */
  readonly multicastOnly?: boolean
}

/** How things stand on the way from one member to another: all that is cut and impaired, taken together. */
export interface Way {
  isCut: boolean
  isMulticastCut: boolean
  loss: number
  duplicate: number
  reorder: number
  corrupt: number
  delayMinMs: number
  delayMaxMs: number
}

interface Cut {
  readonly from: string
  readonly to: string
  readonly multicastOnly: boolean
}

interface ScopedImpairment {
  readonly impairment: Impairment
  readonly from: ReadonlySet<string> | undefined
  readonly to: ReadonlySet<string> | undefined
}

export class Conditions {
  readonly #always: Impairment
  readonly #cuts = new Set<Cut>()
  readonly #partitions = new Set<readonly ReadonlySet<string>[]>()
  readonly #impairments = new Set<ScopedImpairment>()
  /** By sender and receiver: every packet asks, and they seldom change. */
  readonly #ways = new Map<string, Map<string, Way>>()

  constructor(always: Impairment) {
    checkImpairment(always)
    this.#always = always
  }

  /** True if nothing is cut and nothing impaired beyond what the network does always. */
  get healed(): boolean {
    return this.#cuts.size + this.#partitions.size + this.#impairments.size === 0
  }

  /** Each of these returns a function that ends what it began. */
  impair(impairment: Impairment, scope: Scope): () => void {
    checkImpairment(impairment)
    return this.#begin(this.#impairments, { impairment, from: names(scope.from), to: names(scope.to) })
  }

  cut(from: string, to: string, options: CutOptions): () => void {
    return this.#begin(this.#cuts, { from, to, multicastOnly: options.multicastOnly ?? false })
  }

  partition(sides: readonly (readonly string[])[]): () => void {
    return this.#begin(
      this.#partitions,
      sides.map(side => new Set(side)),
    )
  }

  heal(): void {
    this.#cuts.clear()
    this.#partitions.clear()
    this.#impairments.clear()
    this.#ways.clear()
  }

  way(from: string, to: string): Way {
    let ways = this.#ways.get(from)
    if (ways === undefined) {
      ways = new Map()
      this.#ways.set(from, ways)
    }
    let way = ways.get(to)
    if (way === undefined) {
      way = this.#wayBetween(from, to)
      ways.set(to, way)
    }
    return way
  }

  #wayBetween(from: string, to: string): Way {
    const cuts = [...this.#cuts].filter(cut => cut.from === from && cut.to === to)
    // Whom no side names is on one side more, the last: index -1 for all of them.
    const isParted = [...this.#partitions].some(
      sides => sides.findIndex(side => side.has(from)) !== sides.findIndex(side => side.has(to)),
    )
    const isCut = isParted || cuts.some(cut => !cut.multicastOnly)
    const clear = { loss: 0, duplicate: 0, reorder: 0, corrupt: 0, delayMinMs: 0, delayMaxMs: 0 }
    const way: Way = { ...clear, isCut, isMulticastCut: isCut || cuts.length > 0 }
    add(this.#always, way)
    for (const scoped of this.#impairments) {
      if (scoped.from?.has(from) === false || scoped.to?.has(to) === false) continue
      add(scoped.impairment, way)
    }
    return way
  }

  #begin<T>(set: Set<T>, item: T): () => void {
    set.add(item)
    this.#ways.clear()
    return () => {
      set.delete(item)
      this.#ways.clear()
    }
  }
}

const PROBABILITIES = ['loss', 'duplicate', 'reorder', 'corrupt']

/** A run with a word misspelt would be one on a perfect network, and pass. */
function checkImpairment(impairment: Impairment): void {
  for (const [name, value] of Object.entries(impairment)) {
    const isDelay = name === 'delayMs' && Array.isArray(value) && value.every(ms => ms >= 0 && ms < Infinity)
    if (value === undefined || isDelay || (PROBABILITIES.includes(name) && value >= 0 && value <= 1)) continue
    const known = `${PROBABILITIES.join(', ')} (from 0 to 1) and delayMs ([min, max])`
    throw new RangeError(`${name}: ${value} is no impairment; known are ${known}`)
  }
}

const names = (scope: string | readonly string[] | undefined): ReadonlySet<string> | undefined =>
  scope === undefined ? undefined : new Set(typeof scope === 'string' ? [scope] : scope)

// Two independent causes: a packet is spared only if both spare it.
const either = (p: number, q: number | undefined): number => (q === undefined ? p : 1 - (1 - p) * (1 - q))

function add(impairment: Impairment, to: Way): void {
  to.loss = either(to.loss, impairment.loss)
  to.duplicate = either(to.duplicate, impairment.duplicate)
  to.reorder = either(to.reorder, impairment.reorder)
  to.corrupt = either(to.corrupt, impairment.corrupt)
  if (impairment.delayMs) {
    to.delayMinMs += impairment.delayMs[0]
    to.delayMaxMs += impairment.delayMs[1]
  }
}
