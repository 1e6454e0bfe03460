import { Agenda, Happening } from './agenda.js'

const RESTS_A_YIELD = 256

/**
 * Simulated time, and the loop that lets it pass.
 *
 * Time passes while somebody waits for it, and no more than needed: nothing here reads a real clock. What makes it
 * awkward is that the application's code runs on promises, outside the agenda. So after each turn of a simulated
 * process the loop steps aside until every promise that the turn resolved has had its consequences, and the agenda is
 * complete again. Code that waits for anything real (a file, a timer) breaks that, and with it the promise that equal
 * seeds give equal runs.
 */
export class SimWorld {
  #nowMs = 0
  readonly #agenda = new Agenda()
  #waits: Wait[] = []
  #looping = false
  #turnTaken = false
  #rests = 0
  #failure: unknown
  readonly #urgent: () => boolean

  /** @param urgent  whether some process has work that takes no time: it is done even while nobody waits */
  constructor(urgent: () => boolean) {
    this.#urgent = urgent
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** In the past means now. */
  at(atMs: number, happening: Happening): void {
    this.#agenda.enter(Math.max(atMs, this.#nowMs), happening)
  }

  /** To be called when application code may have run: the loop then lets it come to rest before it goes on. */
  turnTaken(): void {
    this.#turnTaken = true
  }

  /** Lets time pass until `done()` or the limit; resolves to whether it was `done()`. */
  wait(done: () => boolean, limitMs: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waits.push({ done, untilMs: this.#nowMs + limitMs, resolve, reject, isOver: false })
      this.wake()
    })
  }

  wake(): void {
    if (this.#looping) return
    this.#looping = true
    this.#rest()
  }

  // Node runs what is due at its next tick only once no promise has anything left to do. A tick may resolve promises
  // again, hence two. Its own loop gets a turn now and then, so that a long run does not shut out signals.
  // Not awaited: the promises of that would be a sixth of all that a simulation does.
  #rest(): void {
    if (++this.#rests % RESTS_A_YIELD === 0) setImmediate(this.#firstTick)
    else this.#firstTick()
  }

  readonly #firstTick = (): void => process.nextTick(this.#settle)
  readonly #settle = (): void => void SETTLED.then(this.#secondTick)
  readonly #secondTick = (): void => process.nextTick(this.#settleAgain)
  readonly #settleAgain = (): void => void SETTLED.then(this.#pass)

  /** The application is at rest: time may pass. */
  readonly #pass = (): void => {
    if (this.#failure !== undefined) return this.#fail()
    // Who is released here may at once wait for more, or do something: hear it out before time passes.
    if (!this.#release()) {
      if (this.#waits.length === 0 && !this.#urgent()) {
        this.#looping = false
        return
      }
      this.step()
    }
    this.#rest()
  }

  /** Does what is due, up to the first turn, or to the time somebody waits for. Application code must be at rest. */
  step(): void {
    let untilMs = Infinity
    for (const wait of this.#waits) untilMs = Math.min(untilMs, wait.untilMs)
    this.#turnTaken = false
    while (!this.#turnTaken) {
      const nextMs = this.#agenda.nextAtMs
      if (nextMs > untilMs) {
        this.#nowMs = untilMs
        return
      }
      // Nothing planned, and all wait for a condition only: it cannot come about any more.
      if (nextMs === Infinity) {
        this.#failure = new Error('the simulation has nothing left to do, and what was waited for did not happen')
        return
      }
      this.#nowMs = nextMs
      try {
        this.#agenda.take().happen()
      } catch (error) {
        this.#failure = error
        return
      }
    }
  }

  #release(): boolean {
    let isAnyOver = false
    for (const wait of this.#waits) isAnyOver = this.#settled(wait) || isAnyOver
    if (isAnyOver) this.#waits = this.#waits.filter(wait => !wait.isOver)
    return isAnyOver
  }

  /** Returns whether the wait is over: for what it waited for, for the time, or because its question throws. */
  #settled(wait: Wait): boolean {
    try {
      const done = wait.done()
      wait.isOver = done || wait.untilMs <= this.#nowMs
      if (wait.isOver) wait.resolve(done)
    } catch (error) {
      wait.isOver = true
      wait.reject(error)
    }
    return wait.isOver
  }

  // A broken invariant ends the run: every wait rejects with it, also those to come.
  #fail(): void {
    this.#looping = false
    for (const wait of this.#waits) wait.reject(this.#failure)
    this.#waits = []
  }
}

/** What a function does, at a time to come. */
export class Act extends Happening {
  readonly #act: () => void

  constructor(act: () => void) {
    super()
    this.#act = act
  }

  happen(): void {
    this.#act()
  }
}

interface Wait {
  readonly done: () => boolean
  readonly untilMs: number
  readonly resolve: (done: boolean) => void
  readonly reject: (error: unknown) => void
  isOver: boolean
}

const SETTLED = Promise.resolve()
