import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { type Group, type JoinOptions, join, TuttiError } from 'tutti'
import type { EventOutput } from './event-output.js'
import { type Line, LineSplitter } from './line-splitter.js'
import { PipeSession } from './pipe-session.js'

/** Room for the largest message in base64, or with some of its characters escaped. */
const LINE_BYTES_MAX = 33_554_432
const LEAVE_MS_MAX = 5_000
/** What the window has not let through by then is given up: to leave in order may take half of LEAVE_MS_MAX, too. */
const SEND_MS_MAX = 2_000
/** A reader that takes nothing for so long, or a group that does not answer, holds up a failed end no longer. */
const LAST_WORDS_MS = 500

export const NOBODY_READS = 'nobody reads the events'

const LEFT_CODES = ['ERR_TUTTI_LEFT', 'ERR_TUTTI_ABORTED']

/** The process around a session: joining, standard input, signals, and the bound on leaving. */
export class PipeMember {
  readonly #output: EventOutput
  readonly #input = process.stdin
  readonly #splitter = new LineSplitter(LINE_BYTES_MAX)
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
    process.on('SIGTERM', this.#leave)
    process.on('SIGINT', this.#leave)
    try {
      await Promise.race([this.#live(group, options), this.#failed, this.#output.readerGone])
    } finally {
      unsubscribe('tutti:view', meet)
      clearTimeout(this.#sendTimer)
      clearTimeout(this.#leaveTimer)
      this.#input.destroy()
    }
    const shortfall = this.#session?.shortfall
    if (shortfall) throw shortfall
  }

  /** Tells the reader what failed and what comes of what it had accepted; leaves in order if that is still possible. */
  async fail(error: unknown): Promise<void> {
    const hasReader = this.#output.hasReader
    const { code, message } =
      error instanceof TuttiError ? error : new TuttiError('ERR_TUTTI_LEFT', hasReader ? String(error) : NOBODY_READS)
    this.#session?.giveUp(new TuttiError(code, message))
    // Whoever waited hears of it by a promise.
    await nextTurn()
    this.#session?.abandon()
    this.#output.event('error', { code, message })
    const left = this.#session?.hasLeft.catch(() => {})
    const isRead = this.#output.flushed(LAST_WORDS_MS, LEAVE_MS_MAX)
    if (hasReader) await Promise.all([isRead, Promise.race([left, delay(LAST_WORDS_MS)])])
    else await Promise.race([left, delay(LEAVE_MS_MAX)])
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
    if (this.#isLeaving) return this.#session.leave()
    this.#input.on('data', (chunk: Buffer) => this.#read(this.#splitter.push(chunk)))
    this.#input.on('end', () => {
      this.#read(this.#splitter.end())
      this.#leave()
    })
    this.#input.on('error', error => this.#reject(error))
  }

  #read(lines: Line[]): void {
    const session = this.#session!
    for (const line of lines) {
      if ('text' in line) session.line(line.text)
      else session.fault(line.fault)
    }
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

  readonly #leave = (): void => {
    if (this.#isLeaving) return
    this.#isLeaving = true
    this.#sendTimer = setTimeout(() => this.#giveUp(), SEND_MS_MAX)
    this.#leaveTimer = setTimeout(() => {
      const message = `this member could not leave in order within ${LEAVE_MS_MAX / 1000} s`
      this.#reject(new TuttiError('ERR_TUTTI_LEAVE_TIMEOUT', message))
    }, LEAVE_MS_MAX)
    if (this.#session === null) this.#stopJoining.abort()
    else this.#session.leave()
  }

  #giveUp(): void {
    const cause = this.#session?.hasBegun ? 'the window was closed' : 'there was no view to send in'
    const message = `${cause} for ${SEND_MS_MAX / 1000} s while this member wanted to leave`
    this.#session?.giveUp(new TuttiError('ERR_TUTTI_LEAVE_TIMEOUT', message))
  }
}
