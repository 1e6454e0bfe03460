import { TuttiError } from './errors.js'
import { type GroupEvent, Message } from './types.js'

/** What comes in the one sequence. */
const SEQUENCE: ReadonlySet<string | symbol> = new Set(['view', 'message', 'batch', 'told', 'excluded', 'merged'])

export interface EventQueueOutlet {
  /** The application has taken a message. */
  consume(message: Message): void
  /** Hands an event to the listeners. */
  emit(event: GroupEvent): void
}

/**
 * The one sequence of views and messages on its way to the application: to an iterator if there is one, else to
 * listeners, else held. Holding is bounded by the senders' windows, since what is held has not been consumed.
 */
export class EventQueue {
  #held: GroupEvent[] = []
  #head = 0
  #hasBegun = false
  #hasEnded = false
  #hasListener = false
  #isIterated = false
  #wake: (() => void) | null = null
  readonly #outlet: EventQueueOutlet

  constructor(outlet: EventQueueOutlet) {
    this.#outlet = outlet
  }

  /** Takes `batch` over. */
  push(batch: GroupEvent[]): void {
    if (this.#hasBegun && this.#head === this.#held.length) {
      this.#held = batch
      this.#head = 0
      return
    }
    // A reader that is always behind never comes to the end: what it has taken must not stay for ever.
    if (this.#head > this.#held.length / 2) {
      this.#held = this.#held.slice(this.#head)
      this.#head = 0
    }
    for (const event of batch) {
      // Views before the first that the application is to see, with no message among them, were only steps on the way.
      if (!this.#hasBegun && event.type === 'view' && !this.#held.some(held => held instanceof Message)) {
        this.#held = this.#held.filter(({ type }) => type !== 'view')
      }
      this.#held.push(event)
    }
  }

  /** The first view has come that the application is to see: the sequence begins with it. */
  begin(): void {
    this.#hasBegun = true
    const at = this.#held.findIndex(({ type }) => type === 'view')
    const first = this.#held[at]
    if (first?.type === 'view') {
      this.#held[at] = { ...first, change: { joined: first.view.members, left: [], stayed: [] } }
    }
    this.flush()
  }

  listenerAdded(name: string | symbol): void {
    if (this.#hasListener || !SEQUENCE.has(name)) return
    this.#hasListener = true
    // After the code that adds it has run: it may add the others too.
    queueMicrotask(() => this.flush())
  }

  flush(): void {
    if (!this.#hasBegun) return
    if (this.#isIterated) this.#wake?.()
    else if (this.#hasListener) while (this.#head < this.#held.length) this.#outlet.emit(this.#take())
  }

  end(): void {
    this.#hasEnded = true
    this.#wake?.()
  }

  async *iterate(): AsyncIterableIterator<GroupEvent> {
    if (this.#isIterated) throw new TuttiError('ERR_TUTTI_OPTION', 'the group has an iterator already')
    this.#isIterated = true
    try {
      for (;;) {
        while (this.#hasBegun && this.#head < this.#held.length) yield this.#take()
        if (this.#hasEnded) return
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
        this.#wake = null
      }
    } finally {
      this.#isIterated = false
      this.flush()
    }
  }

  #take(): GroupEvent {
    const event = this.#held[this.#head]
    this.#held[this.#head++] = undefined!
    if (this.#head === this.#held.length) {
      this.#held = []
      this.#head = 0
    }
    if (event instanceof Message) this.#outlet.consume(event)
    return event
  }
}
