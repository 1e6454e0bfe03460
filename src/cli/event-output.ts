import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { Member, Message } from 'tutti'
import { eventLine, messageLine, senderFields, toldLine } from './pipe-codec.js'

/** Lines gathered in one turn of the event loop are written at once, or when they come to this many characters. */
const BATCH_CHARS_MAX = 65_536
/** So often one looks whether the reader still reads. */
const LOOK_MS = 100

/** Writes events as JSON lines, numbered from 1, in the order in which they are given. */
export class EventOutput {
  /** Rejects when nobody reads any more. */
  readonly readerGone: Promise<never>
  readonly #stream: Writable
  #n = 0
  #batch = ''
  #batchAtMs = 0
  #isScheduled = false
  #error: Error | null = null
  /** When the reader had taken all there was, or a batch of it. */
  #takenAtMs = 0
  #senders = new Map<Member, string>()
  #sendersView = 0
  readonly #flush = () => this.#write()
  readonly #taken = () => {
    this.#takenAtMs = performance.now()
  }

  constructor(stream: Writable) {
    this.#stream = stream
    this.readerGone = new Promise((_, reject) => {
      stream.on('error', error => {
        this.#error = error
        reject(error)
      })
    })
    this.readerGone.catch(() => {})
  }

  event(event: string, fields: object = {}): void {
    this.#add(eventLine(event, ++this.#n, this.#time(), fields))
  }

  message(message: Message): void {
    const { type, view } = message
    if (view !== this.#sendersView) {
      this.#sendersView = view
      this.#senders.clear()
    }
    const sender = this.#senders.get(message.from) ?? this.#meet(message.from)
    const n = ++this.#n
    const t = this.#time()
    this.#add(type === 'told' ? toldLine(n, t, sender, message.data) : messageLine(n, t, sender, message))
  }

  /** Why nothing can be written any more. */
  get error(): Error | null {
    return this.#error
  }

  /** The reader does not keep up: nothing more that can wait should be written before `drained`. */
  get isFull(): boolean {
    return this.#error !== null || this.#stream.writableNeedDrain
  }

  /** Resolves when the reader has caught up; rejects if there is no reader any more. */
  async drained(): Promise<void> {
    if (this.#error !== null) throw this.#error
    if (this.#stream.writableNeedDrain) await once(this.#stream, 'drain')
  }

  /**
   * Resolves to true when everything has been read, or can be read any more by nobody; to false when the reader has
   * taken nothing for `standstillMs`, that before this call included, or not all in `limitMs`. There may be thousands of
   * lines, and it may be busy; that it reads is seen by the batch.
   */
  flushed(standstillMs: number, limitMs = Number.POSITIVE_INFINITY): Promise<boolean> {
    this.#write()
    return new Promise(resolve => {
      const startMs = performance.now()
      const watch = setInterval(() => {
        const nowMs = performance.now()
        if (nowMs - this.#takenAtMs >= standstillMs || nowMs - startMs >= limitMs) settle(false)
      }, LOOK_MS)
      const settle = (isRead: boolean) => {
        clearInterval(watch)
        resolve(isRead)
      }
      this.#stream.write('', () => settle(true))
    })
  }

  #meet(from: Member): string {
    const sender = senderFields(from, this.#sendersView)
    this.#senders.set(from, sender)
    return sender
  }

  /** Milliseconds since this process started, to the microsecond: of the turn, so that the clock is not read for each line. */
  #time(): number {
    if (this.#batch === '') this.#batchAtMs = Math.round(performance.now() * 1000) / 1000
    return this.#batchAtMs
  }

  #add(line: string): void {
    this.#batch += line
    if (this.#batch.length >= BATCH_CHARS_MAX) this.#write()
    else if (!this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(this.#flush)
    }
  }

  #write(): void {
    this.#isScheduled = false
    if (this.#batch === '') return
    const batch = this.#batch
    this.#batch = ''
    if (this.#error !== null) return
    if (this.#stream.writableLength === 0) this.#taken()
    this.#stream.write(batch, this.#taken)
  }
}
