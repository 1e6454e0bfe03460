import type { TuttiError } from '../errors.js'
import type { Actor } from './actor.js'
import type { Simulation } from './simulation.js'

const LOOK_MS = 1_000
/** How long nobody may have been able to go on before the operator acts. */
const LOST_MS = 4_000

/**
 * Who looks after a group: where a quorum is lost for good (its members were killed, or left out and killed), no
 * protocol may go on by itself, and somebody who knows that nobody else lives makes a survivor found a new lineage.
 */
export class Operator {
  reforms = 0
  readonly #sim: Simulation
  readonly #actors: readonly Actor[]
  readonly #isHealed: () => boolean
  #lostSinceMs = Number.POSITIVE_INFINITY

  constructor(sim: Simulation, actors: readonly Actor[], isHealed: () => boolean) {
    this.#sim = sim
    this.#actors = actors
    this.#isHealed = isHealed
    this.#look()
  }

  #look(): void {
    this.#sim.at(this.#sim.nowMs + LOOK_MS, () => {
      this.#judge()
      this.#look()
    })
  }

  #judge(): void {
    const isLost = !this.#actors.some(({ standing }) => standing === 'in')
    if (!isLost || !this.#isHealed()) this.#lostSinceMs = Number.POSITIVE_INFINITY
    else this.#lostSinceMs = Math.min(this.#lostSinceMs, this.#sim.nowMs)
    if (this.#sim.nowMs - this.#lostSinceMs < LOST_MS) return
    // Who founds a lineage only to leave it helps nobody.
    const actors = [...this.#actors].sort((a, b) => Number(b.stays) - Number(a.stays))
    const survivor =
      actors.find(({ standing }) => standing === 'blocked') ??
      actors.find(({ standing, group }) => standing === 'seeking' && group !== null)
    if (survivor === undefined) return
    this.#lostSinceMs = Number.POSITIVE_INFINITY
    try {
      survivor.group!.reform()
    } catch (error) {
      // A quorum has come back, and the word of it is on its way: the group goes on by itself.
      if ((error as TuttiError).code === 'ERR_TUTTI_QUORUM') return
      throw error
    }
    this.reforms++
    survivor.standing = 'in'
  }
}
