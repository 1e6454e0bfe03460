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
  readonly detach: () => void
  isAborted: boolean
}

/** What became of a message that was submitted: see Engine. */
type Submit = (data: Uint8Array, of: number) => 'refused' | 'taken' | 'pending'

/** Sends to one destination that wait for its window, first come first served. */
export class SendQueue {
  #waiting: Queued[] = []
  #head = 0
  /** The one message that was taken and is not sealed to its end. */
  #pending: Queued | null = null
  /** What is not sealed to its end was offered, and nobody waits for it here. */
  #isOfferPending = false
  readonly #submit: Submit
  /** A message has been taken to its end, now or as `progress` says: its promise is to be settled. */
  readonly #sent: (waiting: Waiting, progress?: Progress) => void

  constructor(submit: Submit, sent: (waiting: Waiting, progress?: Progress) => void) {
    this.#submit = submit
    this.#sent = sent
  }

  /** Sends that wait, not counting one that is taken already. */
  get length(): number {
    return this.#waiting.length - this.#head
  }

  /** Resolves when the group has taken `data` over, in its turn, or when a safe message is safe. */
  send(data: Uint8Array, of: number, signal: AbortSignal | undefined): Promise<Sent> {
    return new Promise((resolve, reject) => {
      const waiting: Queued = {
        data,
        class: of,
        resolve,
        reject,
        detach: () => signal?.removeEventListener('abort', abort),
        isAborted: false,
      }
      const abort = () => {
        waiting.isAborted = true
        reject(aborted(signal!))
      }
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiting.push(waiting)
      this.pump()
    })
  }

  /** Submits what waits, until the window closes. */
  pump(): void {
    while (this.#pending === null && this.#head < this.#waiting.length) {
      const waiting = this.#waiting[this.#head]
      if (!waiting.isAborted) {
        const fate = this.#submit(waiting.data, waiting.class)
        if (fate === 'refused') return
        waiting.detach()
        if (fate === 'taken') this.#sent(waiting)
        else this.#pending = waiting
      }
      this.#head++
      if (this.#head === this.#waiting.length) {
        this.#waiting = []
        this.#head = 0
      }
    }
  }

  /** A message that did not wait here was taken in part. */
  offered(): void {
    this.#isOfferPending = true
  }

  /** The pending message has been sealed to its end. */
  sealed(progress: Progress): void {
    // 1. an offered message comes to its end, 2. one that waits here is taken in part, 3. this tells of the first.
    if (this.#isOfferPending) {
      this.#isOfferPending = false
      return
    }
    if (this.#pending !== null) this.#sent(this.#pending, progress)
    this.#pending = null
    this.pump()
  }

  /** Nothing more goes out: those that wait fail with `error`. */
  fail(error: TuttiError): void {
    this.#pending?.reject(
      new TuttiError('ERR_TUTTI_FATE_UNKNOWN', 'sent in part when this ended; whether it was delivered is not known', {
        cause: error,
      }),
    )
    this.#pending = null
    for (const waiting of this.#waiting.slice(this.#head)) {
      waiting.detach()
      if (!waiting.isAborted) waiting.reject(error)
    }
    this.#waiting = []
    this.#head = 0
  }
}

export function aborted(signal: AbortSignal): TuttiError {
  return new TuttiError('ERR_TUTTI_ABORTED', 'given up by its AbortSignal', { cause: signal.reason })
}
