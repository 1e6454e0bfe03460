import type { ClockPort } from '../ports.js'

const TICK_MS = 1

/** What a clock asks of the process it belongs to. */
export interface ClockHost {
  readonly nowMs: number
  defer(turn: () => void): void
  /** Something changed in when this process has to run next. */
  reschedule(): void
}

/**
 * The clock of one process: simulated time plus an offset of its own, since no two hosts agree. Timers are Node's: they
 * fire on a tick of 1 ms, never on the one they were armed in, and late if the process was not running.
 */
export class SimClock implements ClockPort {
  readonly #host: ClockHost
  readonly #offsetMs: number
  #fire: (() => void) | undefined
  /** In simulated time; Infinity when no timer is armed. */
  fireAtMs = Infinity

  /** @param offsetMs  a multiple of 1/1024, so that sums with it are exact and no timer is early by a rounding */
  constructor(host: ClockHost, offsetMs: number) {
    this.#host = host
    this.#offsetMs = offsetMs
  }

  now(): number {
    return this.#host.nowMs + this.#offsetMs
  }

  defer(turn: () => void): void {
    this.#host.defer(turn)
  }

  arm(atMs: number, fire: () => void): void {
    const tick = Math.floor(Math.max(atMs, this.now()) / TICK_MS) * TICK_MS + TICK_MS
    this.fireAtMs = tick - this.#offsetMs
    this.#fire = fire
    this.#host.reschedule()
  }

  disarm(): void {
    this.#fire = undefined
    this.fireAtMs = Infinity
  }

  /** Fires the timer, which must be due. It may be armed anew while it fires. */
  fire(): void {
    const fire = this.#fire
    this.disarm()
    fire?.()
  }
}
