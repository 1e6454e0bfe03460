import { Batch, Delivery, type Message } from './delivery.js'
import { TuttiError } from './errors.js'
import type { DeliveredEvent, GroupEvent } from './types.js'

/** What comes in the one sequence. */
const SEQUENCE: ReadonlySet<string | symbol> = new Set(['view', 'message', 'batch', 'told', 'excluded', 'merged'])

/** How the application takes messages. */
export interface EventQueueOutlet {
  /** The application has taken these messages. */
  consume(delivery: Delivery): void
  /** Hands something that is not a message to the listeners. */
  emit(event: Exclude<DeliveredEvent, Delivery>): void
  /** Hands messages to those who listen for them in batches. */
  emitBatch(batch: Batch): void
  emitMessage(message: Message): void
  /** Whether anybody listens for messages in batches, and for each. */
  readonly takesBatches: boolean
  readonly takesMessages: boolean
}

/**
 * The one sequence of views and messages on its way to the application: to an iterator if there is one, else to
 * listeners, else held. Holding is bounded by the senders' windows, since what is held has not been consumed.
 */
export class EventQueue {
  #held: DeliveredEvent[] = []
  #head = 0
  /** Messages of the first delivery, once it is taken apart, and how many of them have been taken. */
  #apart: Message[] | null = null
  #taken = 0
  #hasBegun = false
  #hasEnded = false
  #hasListener = false
  #isIterated = false
  #isFlushing = false
  #wake: (() => void) | null = null
  readonly #outlet: EventQueueOutlet

  constructor(outlet: EventQueueOutlet) {
    this.#outlet = outlet
  }

  /** Takes `batch` over. */
  push(batch: DeliveredEvent[]): void {
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
      if (!this.#hasBegun && event.type === 'view' && !this.#held.some(held => held instanceof Delivery)) {
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
    if (this.#isIterated) return this.#wake?.()
    // What a listener brings about comes after what is being handed out.
    if (this.#isFlushing) return
    this.#isFlushing = true
    // A listener may begin to iterate.
    while (this.#hasListener && !this.#isIterated && this.#head < this.#held.length) this.#emitNext()
    this.#isFlushing = false
  }

  end(): void {
    this.#hasEnded = true
    this.#wake?.()
  }

  /** Begins with its first `next`. One that waits ends with `return`, and takes nothing with it: a generator would wait on. */
  iterate(): AsyncIterableIterator<GroupEvent> {
    let state: 'new' | 'open' | 'over' = 'new'
    const end = (): void => {
      if (state === 'open') this.#isIterated = false
      state = 'over'
      this.#wake?.()
    }
    const next = async (): Promise<IteratorResult<GroupEvent>> => {
      if (state === 'new') {
        if (this.#isIterated) throw new TuttiError('ERR_TUTTI_OPTION', 'the group has an iterator already')
        this.#isIterated = true
        state = 'open'
      }
      while (state === 'open') {
        const event = this.#next()
        if (event !== null) return { done: false, value: event }
        if (this.#hasEnded) end()
        else await this.#awoken()
      }
      return { done: true, value: undefined }
    }
    // One after the other, as they were called; the first at once, so that listeners get nothing from here on.
    let last: Promise<unknown> | null = null
    const iterator: AsyncIterableIterator<GroupEvent> = {
      next: () => {
        const result = last === null ? next() : last.then(next)
        const done = () => {
          if (last === settled) last = null
        }
        const settled = result.then(done, done)
        last = settled
        return result
      },
      return: async () => {
        end()
        this.flush()
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  #awoken(): Promise<void> {
    return new Promise(resolve => {
      this.#wake = () => {
        this.#wake = null
        resolve()
      }
    })
  }

  /** For an iterator; null: nothing has come. */
  #next(): GroupEvent | null {
    while (this.#hasBegun && this.#head < this.#held.length) {
      const event = this.#takeOne()
      if (event !== null) return event
    }
    return null
  }

  /** The next event, a message by itself; null: the delivery has no more. */
  #takeOne(): GroupEvent | null {
    const event = this.#held[this.#head]
    if (event instanceof Delivery) return this.#takeMessage(event)
    this.#advance(this.#head + 1)
    return event
  }

  /** The next message of the first delivery; null: it has no more, and is done with. */
  #takeMessage(delivery: Delivery): Message | null {
    this.#apart ??= delivery.messages()
    if (this.#taken < this.#apart.length) return this.#apart[this.#taken++]
    this.#apart = null
    this.#taken = 0
    this.#advance(this.#head + 1)
    this.#outlet.consume(delivery)
    return null
  }

  /** Hands the next event to the listeners: where they take batches, with all messages that follow a message. */
  #emitNext(): void {
    const event = this.#held[this.#head]
    if (!(event instanceof Delivery)) {
      this.#advance(this.#head + 1)
      this.#outlet.emit(event)
    } else if (event.type === 'told' || (this.#outlet.takesMessages && !this.#outlet.takesBatches)) {
      this.#emitEach(event)
    } else this.#emitRun(event)
  }

  /** One after the other, as long as no listener begins to iterate: what follows is the iterator's. */
  #emitEach(delivery: Delivery): void {
    while (!this.#isIterated && this.#held[this.#head] === delivery) {
      const message = this.#takeMessage(delivery)
      if (message !== null) this.#outlet.emitMessage(message)
    }
  }

  #emitRun(first: Delivery): void {
    const held = this.#held
    const from = this.#head
    if (this.#apart !== null) {
      const left = this.#apart.length - this.#taken
      if (left === 0) return void this.#takeMessage(first)
      this.#apart = null
      this.#taken = 0
      first.keepLast(left)
    }
    let to = from
    while (to < held.length && held[to].type === 'messages') to++
    const deliveries = (from === 0 && to === held.length ? held : held.slice(from, to)) as Delivery[]
    this.#advance(to)
    const outlet = this.#outlet
    if (outlet.takesBatches) outlet.emitBatch(new Batch(deliveries))
    if (outlet.takesMessages) {
      for (const delivery of deliveries) for (const message of delivery.messages()) outlet.emitMessage(message)
    }
    for (const delivery of deliveries) outlet.consume(delivery)
  }

  #advance(to: number): void {
    if (to === this.#held.length) {
      this.#held = []
      this.#head = 0
      return
    }
    for (let i = this.#head; i < to; i++) this.#held[i] = undefined!
    this.#head = to
  }
}
