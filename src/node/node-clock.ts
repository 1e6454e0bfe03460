import type { ClockPort } from '../ports.js'

/** Node's clock. One timer at a time, and a new one only where the armed time comes nearer. */
export class NodeClock implements ClockPort {
  #fire: (() => void) | undefined
  #atMs = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  /** When #timer goes off: never later than #atMs, so arming a later time costs nothing. */
  #timerAtMs = Number.POSITIVE_INFINITY

  now(): number {
    return performance.now()
  }

  defer(turn: () => void): void {
    setImmediate(turn)
  }

  arm(atMs: number, fire: () => void): void {
    this.#atMs = atMs
    this.#fire = fire
    if (atMs < this.#timerAtMs) this.#start()
  }

  disarm(): void {
    this.#fire = undefined
    this.#atMs = Number.POSITIVE_INFINITY
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#timerAtMs = Number.POSITIVE_INFINITY
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#timerAtMs = this.#atMs
    this.#timer = setTimeout(this.#due, delayMs(this.#atMs - performance.now()))
  }

  readonly #due = (): void => {
    this.#timer = undefined
    this.#timerAtMs = Number.POSITIVE_INFINITY
    const fire = this.#fire
    if (!fire) return
    // Node's timers count in whole milliseconds of the loop's own time and can be up to one early.
    if (performance.now() < this.#atMs) {
      this.#start()
      return
    }
    this.#fire = undefined
    this.#atMs = Number.POSITIVE_INFINITY
    fire()
  }
}

/** setTimeout takes whole milliseconds from 1 to 2^31 - 1; a longer wait is armed again when it is over. */
function delayMs(wanted: number): number {
  return Math.min(Math.max(Math.ceil(wanted), 1), 0x7fffffff)
}
