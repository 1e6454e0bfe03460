import { EventEmitter } from 'node:events'
import {
  Delivery,
  type GroupEvent,
  type GroupEvents,
  type Member,
  type Order,
  type Safe,
  type SendOptions,
  type Sent,
  Slab,
  type Stats,
  TuttiError,
  type View,
} from 'tutti'

const encoder = new TextEncoder()

/** A group of one member whose window and events a test opens and closes by hand. */
export class FakeGroup extends EventEmitter<GroupEvents> {
  readonly self: Member = {
    name: 'alice',
    incarnation: '00000000000000aa',
    voter: true,
    endpoint: { address: '127.0.0.1', port: 1 },
  }
  /** What was given to send, in order. */
  readonly given: string[] = []
  /** With what else. */
  readonly options: (SendOptions | undefined)[] = []
  taken = 0
  isOpen = true
  viewId = 1
  hasLeft = false
  delivered = 0
  excluded = 0
  readonly #waiting: { resolve(sent: Sent): void; reject(error: TuttiError): void }[] = []
  #events: GroupEvent[] = []
  #wake = () => {}

  get untaken(): number {
    return this.#waiting.length
  }

  send(data: Uint8Array | string, options?: SendOptions): Promise<Sent> {
    const text = data.toString()
    if (text === 'too large') return Promise.reject(new TuttiError('ERR_TUTTI_MESSAGE_SIZE', 'it is too large'))
    this.given.push(text)
    this.options.push(options)
    return new Promise((resolve, reject) => {
      const waiting = { resolve, reject }
      this.#waiting.push(waiting)
      if (this.isOpen) this.open()
      // What was taken in part is not given up.
      if (text === 'in parts') return
      options?.signal?.addEventListener('abort', () => {
        const at = this.#waiting.indexOf(waiting)
        if (at < 0) return
        this.#waiting.splice(at, 1)
        reject(new TuttiError('ERR_TUTTI_ABORTED', 'given up'))
      })
    })
  }

  tell(to: string | Member, data: Uint8Array | string, options?: SendOptions): Promise<Sent> {
    return this.send(`to ${to}: ${data}`, options)
  }

  /** Takes what waits. */
  open(): void {
    this.isOpen = true
    for (const { resolve } of this.#waiting.splice(0)) resolve({ lineage: 'ab'.repeat(8), view: this.viewId })
  }

  install(id: number): void {
    this.viewId = id
    this.#push({ type: 'view', view: this.view, change: { joined: [], left: [], stayed: [] } })
  }

  deliver(text: string, order: Order = 'fifo', index?: number, safe: Safe = false): void {
    const data = encoder.encode(text)
    const bytes = Uint8Array.of(0, 0, 0, data.length, ...data)
    const slab = new Slab(bytes, null)
    const from = this.self
    const delivery = new Delivery('messages', from, this.viewId, order, safe, index, 0, 1, slab, false)
    delivery.add(1, 0, bytes.length, 1)
    this.delivered++
    for (const message of delivery.messages()) this.#push(message)
  }

  /** Events that nobody has taken. */
  get untakenEvents(): number {
    return this.#events.length
  }

  stats(): Stats {
    const { delivered: messagesIn, excluded: exclusions } = this
    return { messagesOut: this.given.length, messagesIn, exclusions, merges: 0 } as Stats
  }

  get view(): View {
    return { lineage: 'ab'.repeat(8), id: this.viewId, members: [this.self], primary: true }
  }

  exclude(): void {
    this.excluded++
    this.#push({ type: 'excluded', incarnation: '00000000000000ab' })
  }

  async leave(): Promise<void> {
    this.hasLeft = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<GroupEvent> {
    for (;;) {
      while (this.#events.length > 0) yield this.#events.shift()!
      if (this.hasLeft) return
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }

  #push(event: GroupEvent): void {
    this.#events.push(event)
    this.#wake()
  }
}
