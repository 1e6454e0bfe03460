import { TuttiError } from '../errors.js'
import type { Group } from '../group.js'
import type { GroupEvent, Message, View } from '../types.js'
import type { Payload, TraceCommand, TraceEvent, TraceLine } from './trace.js'

type Body<T> = T extends unknown ? Omit<T, 'process' | 't'> : never

/**
 * Writes down what one member is told and says. It looks over the shoulder of the Group object: its calls are noted as
 * they are made, its events as the application gets them, and nothing is taken or held back.
 */
export class Recorder {
  readonly #process: string
  readonly #write: (line: TraceLine) => void
  readonly #clock: { readonly nowMs: number }
  #sends = 0
  #events = 0
  #hasLeft = false
  #isDead = false

  constructor(process: string, write: (line: TraceLine) => void, clock: { readonly nowMs: number }) {
    this.#process = process
    this.#write = write
    this.#clock = clock
  }

  attach(group: Group): Group {
    this.#event({ event: 'ready', name: group.self.name, incarnation: group.self.incarnation })
    this.#recordCalls(group)
    this.#recordEvents(group)
    return group
  }

  /** Nothing is written after this, whatever the dead Group object still says. */
  crashed(): void {
    if (!this.#hasLeft) this.#event({ event: 'crashed' })
    this.#isDead = true
  }

  #recordCalls(group: Group): void {
    const { send, offer, tell, leave } = group
    group.send = (data, options) => {
      const id = this.#command({ op: 'send', data: payloadOf(data), order: options?.order ?? 'fifo' })
      return this.#answer(id, send.call(group, data, options))
    }
    group.offer = (data, options) => {
      const taken = offer.call(group, data, options)
      if (taken) this.#line({ op: 'send', data: payloadOf(data), order: options?.order ?? 'fifo' })
      return taken
    }
    group.tell = (to, data, options) => {
      const id = this.#command({ op: 'tell', to: typeof to === 'string' ? to : to.name, data: payloadOf(data) })
      return this.#answer(id, tell.call(group, to, data, options))
    }
    group.leave = () => {
      this.#command({ op: 'leave' })
      return leave.call(group)
    }
  }

  #recordEvents(group: Group): void {
    const { emit } = group
    group.emit = (name, ...args) => {
      if (name === 'view') this.#view(args[0] as View)
      else if (name === 'message' || name === 'told') this.#message(args[0] as Message)
      else if (name === 'left') this.#left()
      return emit.call(group, name, ...(args as never))
    }
    const iterate = group[Symbol.asyncIterator]
    group[Symbol.asyncIterator] = () => {
      const iterator = iterate.call(group)
      const next = iterator.next.bind(iterator)
      iterator.next = async (...args) => {
        const result = await next(...args)
        if (!result.done) this.#taken(result.value)
        return result
      }
      return iterator
    }
  }

  #taken(event: GroupEvent): void {
    if (event.type === 'view') this.#view(event.view)
    else this.#message(event)
  }

  #view(view: View): void {
    const members = view.members.map(({ name, incarnation, voter }) => ({ name, incarnation, voter }))
    this.#event({ event: 'view', lineage: view.lineage, id: view.id, members, primary: view.primary })
  }

  #message(message: Message): void {
    const { name: from, incarnation } = message.from
    const data = payloadOf(message.data)
    if (message.type === 'told') this.#event({ event: 'told', from, incarnation, data })
    else this.#event({ event: 'message', from, incarnation, view: message.view, order: message.order, data })
  }

  // Whoever iterates may still read what came before.
  #left(): void {
    this.#hasLeft = true
    this.#event({ event: 'left' })
  }

  // The caller's promise, and ours to look at: whether anybody handles its rejection remains the caller's affair.
  #answer<T extends { readonly view: number }>(id: string, sent: Promise<T>): Promise<T> {
    sent.then(
      ({ view }) => this.#event({ event: 'sent', id, view }),
      (error: unknown) => {
        const code = error instanceof TuttiError ? error.code : 'ERR_TUTTI_FATE_UNKNOWN'
        this.#event({ event: 'error', code, message: String(error), id })
      },
    )
    return sent
  }

  #command(command: Body<TraceCommand>): string {
    const id = String(++this.#sends)
    this.#line({ ...command, id })
    return id
  }

  #event(event: Body<TraceEvent>): void {
    this.#line({ ...event, n: ++this.#events })
  }

  #line(body: object): void {
    if (this.#isDead) return
    const t = Math.round(this.#clock.nowMs * 1_000) / 1_000
    this.#write({ process: this.#process, t, ...body } as TraceLine)
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function payloadOf(data: Uint8Array | string): Payload {
  if (typeof data === 'string') return data
  try {
    return utf8.decode(data)
  } catch {
    return { base64: Buffer.from(data.buffer, data.byteOffset, data.length).toString('base64') }
  }
}
