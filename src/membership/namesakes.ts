import type { Endpoint } from '../types.js'

const QUESTIONS_MAX = 64
/** Below this a number is a rank that somebody's silence made a member probe. */
const NONCE_MIN = 65_536

interface Question {
  /** Of the member who has the name, in the view now. */
  readonly rank: number
  readonly name: string
  /** Of who wants it. */
  readonly incarnation: string
  readonly from: Endpoint
}

/** Joiners whose name a member has: they are refused when that one answers a question asked since, and not before. */
export class Namesakes {
  readonly #random: () => number
  readonly #open = new Map<number, Question>()

  constructor(random: () => number) {
    this.#random = random
  }

  ask(rank: number, name: string, incarnation: string, from: Endpoint): number {
    const nonce = NONCE_MIN + (this.#random() % (2 ** 32 - NONCE_MIN))
    if (this.#open.size === QUESTIONS_MAX) this.#open.clear()
    this.#open.set(nonce, { rank, name, incarnation, from })
    return nonce
  }

  answered(nonce: number): Question | undefined {
    const question = this.#open.get(nonce)
    this.#open.delete(nonce)
    return question
  }
}
