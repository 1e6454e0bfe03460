import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { type Group, type JoinOptions, join, TuttiError } from 'tutti'
import { EarlyInput } from './early-input.js'
import type { EventOutput } from './event-output.js'
import { type Line, LineSplitter } from './line-splitter.js'
import { PipeSession } from './pipe-session.js'

/** Room for the largest message in base64, or with some of its characters escaped. */
const LINE_BYTES_MAX = 33_554_432
/** From being told to leave to the end of the process. */
const LEAVE_MS_MAX = 5_000
/** What the window has not let through by then is given up: to leave in order may take half of LEAVE_MS_MAX, too. */
const SEND_MS_MAX = 2_000
/** A group that does not answer holds up a failed end no longer. */
const LAST_WORDS_MS = 500
/** Neither does a reader that takes nothing for so long; one that is slow may take until LEAVE_MS_MAX after that. */
const STANDSTILL_MS = 2_000

const LEFT_CODES = ['ERR_TUTTI_LEFT', 'ERR_TUTTI_ABORTED']

/** The process around a session: joining, standard input, signals, and the bound on leaving. */
export class PipeMember {
  readonly #output: EventOutput
  readonly #input = process.stdin
  readonly #splitter = new LineSplitter(LINE_BYTES_MAX)
  readonly #early = new EarlyInput()
  readonly #stopJoining = new AbortController()
  #session: PipeSession | null = null
  #isLeaving = false
  #isWaitingForReader = false
  #sendTimer: NodeJS.Timeout | undefined
  #leaveTimer: NodeJS.Timeout | undefined
  #reject!: (error: Error) => void
  readonly #failed = new Promise<never>((_, reject) => {
    this.#reject = reject
  })

  constructor(output: EventOutput) {
    this.#output = output
  }

  /** Resolves when this member has left in order. */
  async run(group: string, options: JoinOptions): Promise<void> {
    const meet = (message: unknown) => this.#meet((message as { group: Group }).group)
    // The member is in the group from its first view on, which with `expect` comes long before `join` resolves.
    subscribe('tutti:view', meet)
    // Also the second one: whoever is impatient gets no less order.
    process.on('SIGTERM', this.#stop)
    process.on('SIGINT', this.#stop)
    this.#input.on('data', (chunk: Buffer) => this.#read(this.#splitter.push(chunk)))
    this.#input.on('end', () => {
      this.#read(this.#splitter.end())
      this.#leave()
    })
    this.#input.on('error', error => this.#reject(error))
    try {
      await Promise.race([this.#live(group, options), this.#failed, this.#output.readerGone])
    } finally {
      unsubscribe('tutti:view', meet)
      clearTimeout(this.#sendTimer)
      clearTimeout(this.#leaveTimer)
      this.#input.destroy()
    }
    this.#early.refuse(
      this.#output,
      new TuttiError('ERR_TUTTI_LEFT', 'this member was told to leave before it was one'),
    )
    const shortfall = this.#session?.shortfall
    if (shortfall) throw shortfall
  }

  /** Tells the reader what failed and what comes of what it had accepted; leaves in order if that is still possible. */
  async fail(error: unknown): Promise<void> {
    const reason = error instanceof TuttiError ? error : new TuttiError('ERR_TUTTI_LEFT', String(error))
    const { code, message } = reason
    this.#session?.giveUp(reason)
    this.#early.refuse(this.#output, reason)
    // Whoever waited hears of it by a promise.
    await nextTurn()
    this.#session?.abandon()
    this.#output.event('error', { code, message })
    const left = this.#session?.hasLeft.catch(() => {})
    if (this.#output.error !== null) return Promise.race([left, delay(LEAVE_MS_MAX)])
    await Promise.all([this.#output.flushed(STANDSTILL_MS, LEAVE_MS_MAX), Promise.race([left, delay(LAST_WORDS_MS)])])
  }

  async #live(group: string, options: JoinOptions): Promise<void> {
    try {
      await join(group, { ...options, signal: this.#stopJoining.signal })
    } catch (error) {
      // Whoever is asked to leave while it joins has done so by this.
      if (!this.#isLeaving || !(error instanceof TuttiError) || !LEFT_CODES.includes(error.code)) throw error
      return this.#session?.hasLeft
    }
    await this.#session!.follow()
    await this.#session!.hasLeft
  }

  #meet(group: Group): void {
    if (this.#session !== null) return
    this.#session = new PipeSession(group, this.#output, () => this.#readOn())
    this.#early.handTo(this.#session)
    if (this.#isLeaving) this.#session.leave()
    this.#readOn()
  }

  #read(lines: Line[]): void {
    const session = this.#session
    if (session === null) {
      this.#early.add(lines)
      if (this.#early.isLeaving) this.#leave()
      if (this.#early.isFull) this.#input.pause()
      return
    }
    for (const line of lines) session.read(line)
    if (session.isLeaving) this.#leave()
    if (!session.isBusy) return
    this.#input.pause()
    this.#readOn()
  }

  #readOn(): void {
    if (!this.#input.isPaused() || this.#isWaitingForReader) return
    if (this.#output.isFull) {
      this.#isWaitingForReader = true
      this.#output.drained().then(
        () => {
          this.#isWaitingForReader = false
          this.#readOn()
        },
        // No reader any more: `follow` fails with the same error.
        () => {},
      )
    } else if (!this.#session!.isBusy) this.#input.resume()
  }

  /** By a signal. Who is no member yet does not wait to become one, for what it was given to send. */
  readonly #stop = (): void => {
    this.#leave()
    if (this.#session === null) this.#stopJoining.abort()
  }

  #leave(): void {
    if (this.#isLeaving) return
    this.#isLeaving = true
    const limitMs = LEAVE_MS_MAX - LAST_WORDS_MS
    this.#sendTimer = setTimeout(() => this.#giveUp(), SEND_MS_MAX)
    this.#leaveTimer = setTimeout(() => {
      const what = this.#session === null ? 'come into the group' : 'leave in order'
      const message = `this member could not ${what} within ${limitMs / 1000} s of being told to leave`
      this.#reject(new TuttiError('ERR_TUTTI_LEAVE_TIMEOUT', message))
    }, limitMs)
    this.#session?.leave()
  }

  #giveUp(): void {
    const cause = this.#session?.hasBegun ? 'the window was closed' : 'there was no view to send in'
    const message = `${cause} for ${SEND_MS_MAX / 1000} s while this member wanted to leave`
    this.#session?.giveUp(new TuttiError('ERR_TUTTI_LEAVE_TIMEOUT', message))
  }
}
