import type { Batch, Message } from '../delivery.js'
import { TuttiError } from '../errors.js'
import type { Group, SendOptions, Sent } from '../group.js'
import type { GroupEvent, Order, View, ViewChange } from '../types.js'
import type { AgreementEvent, Payload, TraceCommand, TraceEvent, TraceLine } from './trace.js'

type Body<T> = T extends unknown ? Omit<T, 'process' | 't'> : never

/** What a group takes messages for that do not say. */
export interface SendDefaults {
  readonly order?: Order
  readonly safe?: boolean
}

/**
 * Writes down what one member is told and says. It looks over the shoulder of the Group object: its calls are noted as
 * they are made, its events as the application gets them, and nothing is taken or held back.
 */
export class Recorder {
  readonly #process: string
  readonly #write: (line: TraceLine) => void
  readonly #clock: { readonly nowMs: number }
  readonly #defaults: SendDefaults
  #sends = 0
  #events = 0
  readonly #ids = new WeakMap<Sent, string>()
  #hasView = false
  #hasLeft = false
  #leaveError: TuttiError | null = null
  #isDead = false

  constructor(
    process: string,
    write: (line: TraceLine) => void,
    clock: { readonly nowMs: number },
    defaults: SendDefaults = {},
  ) {
    this.#process = process
    this.#write = write
    this.#clock = clock
    this.#defaults = defaults
  }

  attach(group: Group): Group {
    const { name, incarnation } = group.self
    this.#event({ event: 'ready', name, incarnation, group: group.name })
    this.#recordCalls(group)
    this.#recordEvents(group)
    return group
  }

  /** Nothing is written after this, whatever the dead Group object still says. */
  crashed(): void {
    if (!this.#hasLeft) this.#event({ event: 'crashed' })
    this.#isDead = true
  }

  agreement(event: AgreementEvent): void {
    this.#line(event)
  }

  #recordCalls(group: Group): void {
    const { send, offer, tell, leave } = group
    group.send = (data, options) => {
      if (!isPayload(data)) return send.call(group, data, options)
      const id = this.#command(this.#send(data, options))
      return this.#answer(id, send.call(group, data, options))
    }
    group.offer = (data, options) => {
      const taken = offer.call(group, data, options)
      if (taken) this.#line(this.#send(data, options))
      return taken
    }
    group.tell = (to, data, options) => {
      const name = typeof to === 'string' ? to : to?.name
      if (name === undefined || !isPayload(data)) return tell.call(group, to, data, options)
      const id = this.#command({ op: 'tell', to: name, data: payloadOf(data) })
      return this.#answer(id, tell.call(group, to, data, options))
    }
    group.leave = () => {
      this.#command({ op: 'leave' })
      const leaving = leave.call(group)
      leaving.catch((error: TuttiError) => {
        this.#leaveError = error
      })
      return leaving
    }
  }

  #send(data: Uint8Array | string, options: SendOptions | undefined): Body<TraceCommand> {
    const { order = this.#defaults.order ?? 'fifo', safe = this.#defaults.safe ?? false } = options ?? {}
    return { op: 'send', data: payloadOf(data), order, ...(safe && { safe }) }
  }

  #recordEvents(group: Group): void {
    const { emit } = group
    group.emit = (name, ...args) => {
      if (name === 'view') this.#view(args[0] as View, args[1] as ViewChange)
      else if (name === 'message' || name === 'told') this.#message(args[0] as Message)
      // Who takes both is told each message too.
      else if (name === 'batch' && group.listenerCount('message') === 0)
        for (const message of (args[0] as Batch).messages()) this.#message(message)
      else if (name === 'excluded') this.#event({ event: 'excluded', incarnation: args[0] as string })
      else if (name === 'merged') this.#event({ event: 'merged', lineage: args[0] as string, won: args[1] as boolean })
      else if (name === 'blocked') this.#event({ event: 'blocked', reason: args[0] as string })
      else if (name === 'unblocked') this.#event({ event: 'unblocked', reason: args[0] as string })
      else if (name === 'lost') this.#lost(args[0] as Sent, args[1] as TuttiError)
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
    if (event.type === 'view') this.#view(event.view, event.change)
    else if (event.type === 'excluded') this.#event({ event: 'excluded', incarnation: event.incarnation })
    else if (event.type === 'merged') this.#event({ event: 'merged', lineage: event.lineage, won: event.won })
    else this.#message(event)
  }

  #view({ lineage, id, members, primary }: View, { stayed }: ViewChange): void {
    const transfer = stayed.map(({ name }) => name)
    // What this member had before may not be the group's.
    const reset = this.#hasView && stayed.length === 0 && members.length > 1
    this.#hasView = true
    const plain = members.map(({ name, incarnation, voter }) => ({ name, incarnation, voter }))
    this.#event({ event: 'view', lineage, id, members: plain, primary, transfer, reset })
  }

  #message(message: Message): void {
    const { name: from, incarnation } = message.from
    const data = payloadOf(message.data)
    if (message.type === 'told') this.#event({ event: 'told', from, incarnation, data })
    else {
      const { view, order, index, safe } = message
      const place = index === undefined ? {} : { index }
      this.#event({ event: 'message', from, incarnation, view, order, ...place, ...(safe && { safe }), data })
    }
  }

  #lost(sent: Sent, { code, message }: TuttiError): void {
    const id = this.#ids.get(sent)
    if (id !== undefined) this.#event({ event: 'error', code, message, id })
  }

  // Whoever iterates may still read what came before.
  #left(): void {
    this.#hasLeft = true
    // `leave` settles right after this event, and what it says comes before the last line.
    queueMicrotask(() =>
      queueMicrotask(() => {
        const error = this.#leaveError
        if (error !== null) this.#event({ event: 'error', code: error.code, message: error.message })
        this.#event({ event: 'left' })
      }),
    )
  }

  // What comes of it goes on to the caller: whether anybody handles a rejection is the caller's affair.
  #answer(id: string, sent: Promise<Sent>): Promise<Sent> {
    return sent.then(
      answer => {
        this.#ids.set(answer, id)
        this.#event({ event: 'sent', id, view: answer.view })
        return answer
      },
      (error: unknown) => {
        const code = error instanceof TuttiError ? error.code : 'ERR_TUTTI_FATE_UNKNOWN'
        this.#event({ event: 'error', code, message: String(error), id })
        throw error
      },
    )
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

/** What is none is refused like everywhere, and is nothing to write down. */
const isPayload = (data: unknown): boolean => typeof data === 'string' || data instanceof Uint8Array

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function payloadOf(data: Uint8Array | string): Payload {
  if (typeof data === 'string') return data
  try {
    return utf8.decode(data)
  } catch {
    return { base64: Buffer.from(data.buffer, data.byteOffset, data.length).toString('base64') }
  }
}
