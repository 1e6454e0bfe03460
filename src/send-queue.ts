import { setMaxListeners } from 'node:events'
import type { Progress } from './engine/engine.js'
import { TuttiError } from './errors.js'

/** Where a message went: the view in which it was sealed. */
export interface Sent {
  readonly lineage: string
  readonly view: number
}

/** A send whose promise has not been settled. */
export interface Waiting {
  readonly data: Uint8Array
  /** Of the message: see Outgoing. */
  readonly class: number
  readonly resolve: (sent: Sent) => void
  readonly reject: (error: TuttiError) => void
}

interface Queued extends Waiting {
  /** The signal has no effect any more. */
  readonly detach: () => void
}

/** What became of a message that was submitted (see Engine), or why it can never be. */
type Submit = (data: Uint8Array, of: number) => 'refused' | 'taken' | 'pending' | TuttiError

/** Sends to one destination that wait for its window, first come first served. */
export class SendQueue {
  #waiting: (Queued | undefined)[] = []
  #head = 0
  /** Messages that were taken and of whose end nothing has been heard, in order. Null: offered, so nobody waits here. */
  #partial: (Queued | null)[] = []
  readonly #waitingMax: number
  readonly #submit: Submit
  /** A message has been taken to its end, now or as `progress` says: its promise is to be settled. */
  readonly #sent: (waiting: Waiting, progress?: Progress) => void

  /** @param waitingMax  sends that may wait at one time */
  constructor(submit: Submit, sent: (waiting: Waiting, progress?: Progress) => void, waitingMax: number) {
    this.#submit = submit
    this.#sent = sent
    this.#waitingMax = waitingMax
  }

  /** Sends that wait, not counting one that is taken already. */
  get length(): number {
    return this.#waiting.length - this.#head
  }

  /** Resolves when the group has taken `data` over, in its turn, or when a safe message is safe. */
  send(data: Uint8Array, of: number, signal: AbortSignal | undefined): Promise<Sent> {
    return new Promise((resolve, reject) => {
      if (this.length >= this.#waitingMax) throw overflow(this.#waitingMax)
      const detach = onAbort(signal, () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting, this.#head), 1)
        reject(aborted(signal!))
      })
      const waiting: Queued = { data, class: of, resolve, reject, detach }
      this.#waiting.push(waiting)
      this.pump()
    })
  }

  /** Submits what waits, until the window closes. */
  pump(): void {
    // Whoever waits for the end of a message is told of it before those behind.
    while (!this.#partial.some(owner => owner !== null) && this.#head < this.#waiting.length) {
      const waiting = this.#waiting[this.#head]!
      const fate = this.#submit(waiting.data, waiting.class)
      if (fate === 'refused') break
      waiting.detach()
      this.#waiting[this.#head++] = undefined
      if (fate === 'taken') this.#sent(waiting)
      else if (fate === 'pending') this.#partial.push(waiting)
      else waiting.reject(fate)
    }
    // Where somebody always waits the end never comes: what was taken must not stay for ever.
    if (this.#head <= this.#waiting.length / 2) return
    this.#waiting = this.#waiting.slice(this.#head)
    this.#head = 0
  }

  /** A message that did not wait here was taken in part. */
  offered(): void {
    this.#partial.push(null)
  }

  /** The first of the messages that were taken in part has been sealed to its end. */
  sealed(progress: Progress): void {
    const owner = this.#partial.shift()
    if (owner) this.#sent(owner, progress)
    this.pump()
  }

  /** The first of them can never be sent. Returns whether somebody was told. */
  unfit(error: TuttiError): boolean {
    const owner = this.#partial.shift()
    owner?.reject(error)
    this.pump()
    return owner != null
  }

  /** The one it goes to is out of reach: what was taken in part will never be sealed. What waits may find another way. */
  parted(cause?: TuttiError): void {
    const partial = this.#partial
    this.#partial = []
    for (const owner of partial) owner?.reject(inPart(cause))
  }

  /** Nothing more goes out: those that wait fail with `error`. */
  fail(error: TuttiError): void {
    this.parted(error)
    for (const waiting of this.#waiting.splice(0).slice(this.#head)) {
      waiting!.detach()
      waiting!.reject(error)
    }
    this.#head = 0
  }
}

const inPart = (cause?: TuttiError) =>
  new TuttiError('ERR_TUTTI_FATE_UNKNOWN', 'sent in part when this ended; whether it was delivered is not known', {
    cause,
  })

const overflow = (max: number) =>
  new TuttiError('ERR_TUTTI_OVERFLOW', `${max} sends wait already (limits.waitingSendsMax)`)

/** @returns what takes it back */
export function onAbort(signal: AbortSignal | undefined, abort: () => void): () => void {
  if (signal === undefined) return NOTHING
  signal.addEventListener('abort', abort, { once: true })
  // As many as wait may share one signal: Node is not to take that for a leak.
  setMaxListeners(0, signal)
  return () => signal.removeEventListener('abort', abort)
}

const NOTHING = (): void => {}

export function aborted(signal: AbortSignal): TuttiError {
  return new TuttiError('ERR_TUTTI_ABORTED', 'given up by its AbortSignal', { cause: signal.reason })
}
