import { channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { Driver } from './driver.js'
import { Engine, type EngineConfig, type EngineEvent, PENDING, REFUSED, TAKEN } from './engine/engine.js'
import { TuttiError } from './errors.js'
import { EventQueue } from './event-queue.js'
import type { GroupEvents } from './group-events.js'
import type { CheckedOptions } from './options.js'
import type { Ports } from './ports.js'
import { aborted, SendQueue, type Sent } from './send-queue.js'
import type { GroupEvent, Member, Order, Stats, View, ViewEvent } from './types.js'
import { Unconfirmed } from './unconfirmed.js'

export type { BlockReason } from './engine/outbox.js'
export type { GroupEvents } from './group-events.js'
export type { Sent } from './send-queue.js'

export interface SendOptions {
  /** This release has 'fifo'. */
  order?: Order
  /** Not in this release. */
  safe?: boolean
  /** Gives up while the message waits for the window; once it is taken over, the signal has no effect. */
  signal?: AbortSignal
}

const viewChannel = channel('tutti:view')
const blockedChannel = channel('tutti:blocked')
const encoder = new TextEncoder()

/**
 * One member of one group. Made by `join`.
 *
 * Views and messages come in one sequence: by the events 'view', 'message' and 'told', or by iterating over the group.
 * They are held until the first listener or iterator is there. What has not been taken counts against the senders'
 * windows: a slow reader slows the group, it does not grow memory.
 */
export class Group extends EventEmitter<GroupEvents> {
  /** The group's name. */
  readonly name: string
  readonly #options: CheckedOptions
  readonly #config: EngineConfig
  readonly #ports: Ports
  #engine: Engine
  readonly #driver: Driver
  /** By destination, as the queues: what was taken over, and is not known to have reached all whom it is for. */
  readonly #unconfirmed = new Map<string, Unconfirmed>()
  readonly #events: EventQueue
  /** By destination: '' is the group, else a member's incarnation. */
  readonly #queues = new Map<string, SendQueue>()
  readonly #toGroup: SendQueue
  #view: View | null = null
  #isReady = false
  /** An offer was not taken, and who made it waits for 'drain' once the queue is empty. */
  #isBehindQueue = false
  #isLeaving = false
  #isClosed = false
  readonly #ready: { readonly resolve: (group: Group) => void; readonly reject: (error: TuttiError) => void }
  readonly #left: Promise<void>
  #resolveLeft!: () => void
  #rejectLeft!: (error: TuttiError) => void

  /** @internal Use `join`, or `openGroup` with ports of your own. */
  constructor(
    options: CheckedOptions,
    ports: Ports,
    ready: { resolve(group: Group): void; reject(error: TuttiError): void },
  ) {
    super({ captureRejections: true })
    this.name = options.group
    this.#options = options
    this.#ports = ports
    this.#ready = ready
    const { network, clock, random } = ports
    const { group, name, payloadChecksum, messageBytesMax, windowBytesMax } = options
    this.#config = {
      group,
      name,
      endpoint: network.endpoint,
      packetBytes: network.packetBytes,
      receiveBufferBytes: network.receiveBufferBytes,
      checkBodies: payloadChecksum,
      messageBytesMax,
      windowBytesMax,
      random: () => random.next(),
    }
    this.#engine = new Engine(this.#config, clock.now())
    this.#driver = new Driver(this.#engine, ports, {
      deliver: (batch, hasView) => this.#deliver(batch, hasView),
      event: event => this.#handle(event),
      failed: error => this.#failed(error),
    })
    this.#events = new EventQueue({
      consume: message => this.#driver.consume(message),
      emit: event => this.#emitEvent(event),
    })
    const untyped: EventEmitter = this as never
    untyped.on('newListener', name => this.#events.listenerAdded(name))
    this.#toGroup = this.#queue('')
    this.#left = new Promise((resolve, reject) => {
      this.#resolveLeft = resolve
      this.#rejectLeft = reject
    })
    this.#left.catch(() => {})
    this.#driver.start()
  }

  /** This member; after it was left out and came back, with another incarnation. */
  get self(): Member {
    const { name, incarnation, endpoint } = this.#engine.self
    const voter = this.#view?.members.some(member => member.voter && member.incarnation === incarnation) ?? false
    return { name, incarnation, endpoint, voter }
  }

  /** The view now. */
  get view(): View {
    return this.#view!
  }

  /**
   * Sends without a promise. Returns false if the message was not taken because the window is closed; then wait for
   * 'drain'. Throws a TuttiError if it can never be taken.
   */
  offer(data: Uint8Array | string, options?: SendOptions): boolean {
    const bytes = this.#check(data, options)
    if (this.#toGroup.length > 0) {
      this.#isBehindQueue = true
      return false
    }
    if (!this.#isReady) return false
    const fate = this.#driver.submit(bytes, null)
    if (fate === PENDING) this.#toGroup.offered()
    return fate !== REFUSED
  }

  /** Resolves when the group has taken the message over; waits while the window is closed. */
  async send(data: Uint8Array | string, options?: SendOptions): Promise<Sent> {
    const bytes = this.#check(data, options)
    return this.#enqueue(this.#toGroup, bytes, options?.signal)
  }

  /** Sends to one member of the view, by name or as it stands in the view: reliable, in the order of the calls. */
  async tell(to: string | Member, data: Uint8Array | string, options?: { signal?: AbortSignal }): Promise<Sent> {
    const bytes = this.#check(data, options)
    const key = typeof to === 'string' ? to : to.incarnation
    const member = this.#view?.members.find(
      ({ name, incarnation }) => key === (typeof to === 'string' ? name : incarnation),
    )
    if (member === undefined) {
      throw new TuttiError('ERR_TUTTI_NOT_MEMBER', `no member ${typeof to === 'string' ? to : to.name} is in the view`)
    }
    return this.#enqueue(this.#queue(member.incarnation), bytes, options?.signal)
  }

  /**
   * Leaves in order: what was taken over is sent, the others agree on a view without this member, the sockets close.
   * Rejects with ERR_TUTTI_LEAVE_TIMEOUT if that took more than 5 s; the member is out and closed then too.
   */
  leave(): Promise<void> {
    if (!this.#isLeaving) {
      this.#isLeaving = true
      this.#driver.leave()
    }
    return this.#left
  }

  /**
   * The way out where a quorum is lost for good: this member founds a new lineage, alone, from the state that it has;
   * others that lost the same quorum give theirs up and join it. Whoever still lives on the other side of a cut network
   * goes on by itself: call this only when you know that nobody does. Throws ERR_TUTTI_QUORUM where a quorum is alive.
   */
  reform(): void {
    if (!this.#engine.isStranded) {
      throw new TuttiError('ERR_TUTTI_QUORUM', 'a quorum of the view is alive: the group goes on by itself')
    }
    this.#driver.reform()
  }

  stats(): Stats {
    return this.#driver.stats()
  }

  /** Views and messages from here on, or from the first that was held. One iterator at a time. Ends when the member has left. */
  [Symbol.asyncIterator](): AsyncIterableIterator<GroupEvent> {
    return this.#events.iterate()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave()
  }

  override [EventEmitter.captureRejectionSymbol](...[error, event]: [Error, ...unknown[]]): void {
    if (event !== 'error') return this.#listenerFailed(error)
    // There is nobody left to tell, and to tell the same listener again would never end: uncaught, as with any emitter.
    queueMicrotask(() => {
      throw error
    })
  }

  #check(data: Uint8Array | string, options: SendOptions | undefined): Uint8Array {
    if (this.#isLeaving || this.#isClosed) throw this.#leftError()
    if (options?.signal?.aborted) throw aborted(options.signal)
    const bytes = typeof data === 'string' ? encoder.encode(data) : data
    if (!(bytes instanceof Uint8Array)) {
      throw new TuttiError('ERR_TUTTI_OPTION', 'a message is a string or a Uint8Array')
    }
    const max = this.#engine.messageBytesMax
    if (bytes.length <= max) return bytes
    const advice = 'send it in parts, or found the group with a larger limits.messageBytesMax'
    throw new TuttiError(
      'ERR_TUTTI_MESSAGE_SIZE',
      `a message of ${bytes.length} bytes is over the maximum of ${max}; ${advice}`,
    )
  }

  #enqueue(queue: SendQueue, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<Sent> {
    if (queue.length >= this.#options.waitingSendsMax) {
      const max = this.#options.waitingSendsMax
      return Promise.reject(new TuttiError('ERR_TUTTI_OVERFLOW', `${max} sends wait already (limits.waitingSendsMax)`))
    }
    return queue.send(bytes, signal)
  }

  #queue(to: string): SendQueue {
    let queue = this.#queues.get(to)
    if (queue === undefined) {
      const submit = (data: Uint8Array) => {
        if (!this.#isReady || this.#isClosed) return 'refused'
        const fate = this.#driver.submit(data, to === '' ? null : to)
        return fate === REFUSED ? 'refused' : fate === TAKEN ? 'taken' : 'pending'
      }
      // The engine may be a view ahead of what the application has been told.
      const sent = (view = this.#engine.view.id): Sent => {
        const { lineage } = this.#engine.view
        const sent = { lineage, view }
        const progress = this.#engine.progress(to === '' ? null : to)
        if (progress !== undefined) {
          const { takenUpTo, stable } = progress
          this.#unconfirmedOf(to).add(sent, takenUpTo, stable)
        }
        return sent
      }
      queue = new SendQueue(submit, sent)
      this.#queues.set(to, queue)
    }
    return queue
  }

  #deliver(batch: GroupEvent[], hasView: boolean): void {
    this.#events.push(batch)
    if (hasView) for (const event of batch) if (event.type === 'view') this.#installed(event)
    if (this.#isReady) this.#events.flush()
    else if (this.#view !== null && this.#view.members.length >= this.#options.expect) {
      this.#isReady = true
      this.#events.begin()
      this.#ready.resolve(this)
    }
    this.#pump()
  }

  #installed({ view, change }: ViewEvent): void {
    if (change.stayed.length > 0) this.#unconfirmed.get('')?.installed(view.lineage, view.id)
    this.#view = view
    viewChannel.publish({ group: this, view, change })
    this.#options.logger?.info({ view: view.id, members: view.members.length }, 'view')
    this.#dropQueues(view)
  }

  #emitEvent(event: GroupEvent): void {
    try {
      if (event.type === 'view') this.emit('view', event.view, event.change)
      else if (event.type === 'excluded') this.emit('excluded', event.incarnation)
      else if (event.type === 'merged') this.emit('merged', event.lineage, event.won)
      else if (event.type === 'message' && this.listenerCount('batch') > 0) {
        this.emit('batch', { length: 1, forEach: each => each(event.data, 0, event.length, event) })
      } else this.emit(event.type, event)
    } catch (error) {
      this.#listenerFailed(error)
    }
  }

  #handle(event: EngineEvent): void {
    switch (event.type) {
      case 'drain':
        this.#isBehindQueue = true
        this.#pump()
        break
      case 'sealed':
        this.#queues.get(event.to ?? '')?.sealed(event.view)
        this.#pump()
        break
      case 'blocked':
        blockedChannel.publish({ group: this, reason: event.reason, waiting: event.waiting })
        this.#emitSafely(() => this.emit('blocked', event.reason, event.waiting))
        break
      case 'unblocked':
        this.#emitSafely(() => this.emit('unblocked', event.reason))
        break
      case 'abandoned':
        this.#lose('', event.lineage, event.stable, false)
        break
      case 'parted':
        this.#lose(event.incarnation, null, event.stable, false)
        this.#unconfirmed.delete(event.incarnation)
        break
      case 'excluded':
        this.#lose('', event.lineage, event.upTo, true)
        this.#comeBack()
        break
      case 'closed':
        this.#close(event.error)
        break
      case 'reach':
    }
  }

  /** The others went on without this member: it begins a new life. */
  #comeBack(): void {
    this.#engine = new Engine(this.#config, this.#ports.clock.now(), this.#engine.pastLife)
    const { incarnation } = this.#engine.self
    this.#options.logger?.warn({ incarnation }, 'left out of a view; rejoining')
    this.#driver.restart(this.#engine)
    if (this.#isLeaving) this.#driver.leave()
    this.#deliver([{ type: 'excluded', incarnation }], false)
  }

  #unconfirmedOf(to: string): Unconfirmed {
    let unconfirmed = this.#unconfirmed.get(to)
    if (unconfirmed === undefined) {
      unconfirmed = new Unconfirmed()
      this.#unconfirmed.set(to, unconfirmed)
    }
    return unconfirmed
  }

  #lose(to: string, lineage: string | null, upTo: number, isKnown: boolean): void {
    for (const { sent, error } of this.#unconfirmed.get(to)?.lost(lineage, upTo, isKnown) ?? []) {
      // After the `send` that it speaks of has resolved, however short ago that was.
      queueMicrotask(() => this.#emitSafely(() => this.emit('lost', sent, error)))
    }
  }

  /** Sends what waits; when nothing does any more, it is the turn of those whose offer was not taken. */
  #pump(): void {
    for (const queue of this.#queues.values()) queue.pump()
    if (!this.#isBehindQueue || this.#toGroup.length > 0) return
    this.#isBehindQueue = false
    this.#emitSafely(() => this.emit('drain'))
  }

  /** Sends to a member that is gone can never go out. */
  #dropQueues(view: View): void {
    for (const [to, queue] of this.#queues) {
      if (to === '' || view.members.some(member => member.incarnation === to)) continue
      queue.fail(new TuttiError('ERR_TUTTI_NOT_MEMBER', 'the member has left the group'))
      this.#queues.delete(to)
    }
  }

  #close(error: TuttiError | undefined): void {
    this.#isClosed = true
    this.#isLeaving = true
    for (const queue of this.#queues.values()) queue.fail(this.#leftError())
    this.#driver.close().then(() => {
      if (!this.#isReady) this.#ready.reject(error ?? this.#leftError())
      this.#events.end()
      this.#emitSafely(() => this.emit('left'))
      if (error === undefined) this.#resolveLeft()
      else this.#rejectLeft(error)
    })
  }

  #leftError(): TuttiError {
    return new TuttiError('ERR_TUTTI_LEFT', `this member has left ${this.name}, or is leaving`)
  }

  /** Trouble of a port: the group goes on, and who listens for errors hears of it. */
  #failed(error: Error): void {
    this.#options.logger?.warn(error)
    const wrapped =
      error instanceof TuttiError ? error : new TuttiError('ERR_TUTTI_NETWORK', error.message, { cause: error })
    if (this.listenerCount('error') > 0) this.#emitSafely(() => this.emit('error', wrapped))
  }

  #emitSafely(emit: () => void): void {
    try {
      emit()
    } catch (error) {
      this.#listenerFailed(error)
    }
  }

  /** A listener threw: that is the application's, and must not stop the engine in mid-turn. */
  #listenerFailed(cause: unknown): void {
    const error = new TuttiError('ERR_TUTTI_LISTENER', 'a listener of the group threw', { cause })
    queueMicrotask(() => this.emit('error', error))
  }
}
