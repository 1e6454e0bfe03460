import { channel } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { addressee } from './addressee.js'
import { Driver } from './driver.js'
import { Engine, type EngineConfig, type EngineEvent, PENDING, REFUSED, TAKEN } from './engine/engine.js'
import { engineConfigOf } from './engine-config.js'
import { TuttiError } from './errors.js'
import { EventQueue } from './event-queue.js'
import type { GroupEvents } from './group-events.js'
import { Listeners } from './listeners.js'
import { bytesOf, checkedClassOf, classOf, tooLarge } from './message-class.js'
import { type CheckedOptions, checkSendOptions } from './options.js'
import type { Ports } from './ports.js'
import type { SendOptions } from './send-options.js'
import { aborted, SendQueue, type Sent, type Waiting } from './send-queue.js'
import type { DeliveredEvent, GroupEvent, Member, Stats, View, ViewEvent } from './types.js'
import { type Reckoning, Unconfirmed } from './unconfirmed.js'

export type { BlockReason } from './engine/outbox.js'
export type { GroupEvents } from './group-events.js'
export type { SendOptions } from './send-options.js'
export type { Sent } from './send-queue.js'

const viewChannel = channel('tutti:view')
const blockedChannel = channel('tutti:blocked')

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
  /** In `view`. */
  #incarnation: string
  readonly #driver: Driver
  /** By destination, as the queues: what was taken over, and is not known to have reached all whom it is for. */
  readonly #unconfirmed = new Map<string, Unconfirmed>()
  readonly #events: EventQueue
  readonly #listeners: Listeners
  /** Of messages that do not say theirs. */
  readonly #class: number
  /** By destination: '' is the group, else a member's incarnation. */
  readonly #queues = new Map<string, SendQueue>()
  readonly #toGroup: SendQueue
  #view: View | null = null
  #isReady = false
  /** An offer was not taken, and who made it waits for 'drain'. */
  #isOfferRefused = false
  /** That is due once the queue is empty. */
  #isDrainDue = false
  #isLeaving = false
  #isClosed = false
  /** Not in order. */
  #leftBecauseOf: TuttiError | undefined
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
    this.#config = engineConfigOf(options, ports)
    this.#engine = new Engine(this.#config, ports.clock.now())
    this.#driver = new Driver(this.#engine, ports, {
      deliver: (batch, hasView) => this.#deliver(batch, hasView),
      event: event => this.#handle(event),
      failed: error => this.#failed(error),
    })
    this.#class = classOf(options.order, options.safe)
    this.#listeners = new Listeners(
      this,
      delivery => this.#driver.consume(delivery),
      error => this.#listenerFailed(error),
    )
    this.#incarnation = this.#engine.self.incarnation
    this.#events = new EventQueue(this.#listeners)
    this.#watchListeners()
    this.#toGroup = this.#queue('')
    this.#left = new Promise((resolve, reject) => {
      this.#resolveLeft = resolve
      this.#rejectLeft = reject
    })
    this.#left.catch(() => {})
    this.#driver.start()
  }

  /** This member as it is in `view`, or was in its last: who was left out comes back with another incarnation. */
  get self(): Member {
    const { name, endpoint } = this.#engine.self
    const incarnation = this.#incarnation
    const voter = this.#view?.members.some(member => member.voter && member.incarnation === incarnation) ?? false
    return { name, incarnation, endpoint, voter }
  }

  /** The view now. */
  get view(): View {
    return this.#view!
  }

  /**
   * Sends without a promise. Returns false if the message was not taken because the window is closed; then wait for
   * 'drain'. `data` is yours again at once. Throws a TuttiError if it can never be taken.
   */
  offer(data: Uint8Array | string, options?: SendOptions): boolean {
    const of = this.#classOf(options)
    const bytes = this.#check(data, options?.signal)
    if (this.#toGroup.length > 0) {
      this.#isOfferRefused = this.#isDrainDue = true
      return false
    }
    if (!this.#isReady) return false
    const fate = this.#driver.submit(bytes, null, of)
    if (fate === PENDING) this.#toGroup.offered()
    if (fate === REFUSED) this.#isOfferRefused = true
    return fate !== REFUSED
  }

  /**
   * Resolves when the group has taken the message over; waits while the window is closed, and reads `data` then: do not
   * change it until this settles. Of a safe message: when it has been delivered here, or lies within what is decided to
   * be delivered.
   */
  async send(data: Uint8Array | string, options?: SendOptions): Promise<Sent> {
    const of = this.#classOf(options)
    return this.#toGroup.send(this.#check(data, options?.signal), of, options?.signal)
  }

  /** Sends to one member of the view, by name or as it stands in the view: reliable, in the order of the calls. See `send`. */
  async tell(to: string | Member, data: Uint8Array | string, options?: { signal?: AbortSignal }): Promise<Sent> {
    if (options !== undefined) checkSendOptions(options, true)
    const bytes = this.#check(data, options?.signal)
    return this.#queue(addressee(to, this.#view).incarnation).send(bytes, 0, options?.signal)
  }

  /**
   * Leaves in order: what was taken over is sent, the others agree on a view without this member, the sockets close.
   * Rejects with ERR_TUTTI_LEAVE_TIMEOUT if that took more than 5 s; the member is out and closed then too.
   */
  leave(): Promise<void> {
    if (!this.#isLeaving) {
      this.#isLeaving = true
      this.#driver.leave(() => this.#toGroup.length > 0)
    }
    return this.#left
  }

  /**
   * The way out where a quorum is lost for good: this member founds a new lineage, alone, from the state that it has;
   * others that lost the same quorum give theirs up and join it. Whoever still lives on the other side of a cut network
   * goes on by itself: call this only when you know that nobody does. Throws ERR_TUTTI_QUORUM where a quorum is alive.
   */
  reform(): void {
    if (this.#isClosed) throw this.#leftError()
    if (!this.#engine.isStranded) {
      throw new TuttiError('ERR_TUTTI_QUORUM', 'a quorum of the view is alive: the group goes on by itself')
    }
    this.#driver.reform()
  }

  stats(): Stats {
    return this.#driver.stats()
  }

  /**
   * Views and messages from here on, or from the first that was held; meanwhile listeners get none. One iterator at a time.
   * Ends when the member has left.
   */
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

  override removeAllListeners(name?: keyof GroupEvents): this {
    // A name that is undefined would be one that no event has.
    if (name !== undefined) return super.removeAllListeners(name)
    super.removeAllListeners()
    this.#watchListeners()
    return this
  }

  #watchListeners(): void {
    const untyped: EventEmitter = this as never
    untyped.on('newListener', name => this.#events.listenerAdded(name))
  }

  #classOf(options: SendOptions | undefined): number {
    if (options === undefined) return this.#class
    checkSendOptions(options)
    if (options.order === undefined && options.safe === undefined) return this.#class
    const { order = this.#options.order, safe = this.#options.safe } = options
    return checkedClassOf(order, safe)
  }

  #check(data: Uint8Array | string, signal: AbortSignal | undefined): Uint8Array {
    if (this.#isLeaving || this.#isClosed) throw this.#leftError()
    if (signal?.aborted) throw aborted(signal)
    return bytesOf(data, this.#engine.messageBytesMax)
  }

  #queue(to: string): SendQueue {
    let queue = this.#queues.get(to)
    if (queue === undefined) {
      const submit = (data: Uint8Array, of: number) => {
        if (!this.#isReady || this.#isClosed) return 'refused'
        // It may have been taken for another lineage, or for none.
        const { messageBytesMax } = this.#engine
        if (data.length > messageBytesMax) return tooLarge(data.length, messageBytesMax)
        const fate = this.#driver.submit(data, to === '' ? null : to, of)
        return fate === REFUSED ? 'refused' : fate === TAKEN ? 'taken' : 'pending'
      }
      // The engine may be a view ahead of what the application has been told.
      const sent = (waiting: Waiting, progress = this.#engine.progress(to === '' ? null : to)): void => {
        if (progress !== undefined) this.#unconfirmedOf(to).add(waiting, progress)
        else waiting.resolve({ lineage: this.#engine.view.lineage, view: this.#engine.view.id })
      }
      queue = new SendQueue(submit, sent, this.#options.waitingSendsMax)
      this.#queues.set(to, queue)
    }
    return queue
  }

  #deliver(batch: DeliveredEvent[], hasView: boolean): void {
    this.#unconfirmedOf('').settle(batch, this.#engine.self.incarnation)
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
    this.#view = view
    this.#incarnation = this.#engine.self.incarnation
    viewChannel.publish({ group: this, view, change })
    this.#options.logger?.info({ view: view.id, members: view.members.length }, 'view')
    this.#dropQueues(view)
  }

  #handle(event: EngineEvent): void {
    switch (event.type) {
      case 'drain':
        this.#isDrainDue = this.#isOfferRefused
        this.#pump()
        break
      case 'sealed':
        this.#queues.get(event.to ?? '')?.sealed(event.progress)
        this.#pump()
        break
      case 'unfit': {
        const error = tooLarge(event.bytes, this.#engine.messageBytesMax)
        if (!this.#toGroup.unfit(error)) this.#failed(error)
        break
      }
      case 'blocked':
        blockedChannel.publish({ group: this, reason: event.reason, waiting: event.waiting })
        this.#listeners.safely(() => this.emit('blocked', event.reason, event.waiting))
        break
      case 'unblocked':
        this.#listeners.safely(() => this.emit('unblocked', event.reason))
        break
      case 'abandoned':
        this.#lose('', { ...event, upTo: event.stable, isKnown: false, isCausalKnown: true })
        break
      case 'parted':
        this.#queues.get(event.incarnation)?.parted()
        this.#lose(event.incarnation, { lineage: null, upTo: event.stable, isKnown: false, isCausalKnown: true })
        this.#unconfirmed.delete(event.incarnation)
        break
      case 'excluded':
        this.#lose('', { ...event, isKnown: true })
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
    if (this.#isLeaving) this.#driver.leave(() => this.#toGroup.length > 0)
    this.#deliver([{ type: 'excluded', incarnation }], false)
  }

  #unconfirmedOf(to: string): Unconfirmed {
    const unconfirmed = this.#unconfirmed.get(to) ?? new Unconfirmed()
    this.#unconfirmed.set(to, unconfirmed)
    return unconfirmed
  }

  #lose(to: string, reckoning: Reckoning): void {
    for (const { sent, error } of this.#unconfirmed.get(to)?.lost(reckoning) ?? []) {
      // After whoever awaits the `send` that it speaks of has gone on, however short ago that was resolved.
      this.#ports.clock.defer(() => this.#listeners.safely(() => this.emit('lost', sent, error)))
    }
  }

  /** Sends what waits; when nothing does any more, it is the turn of those whose offer was not taken. */
  #pump(): void {
    for (const queue of this.#queues.values()) queue.pump()
    if (this.#isDrainDue && this.#toGroup.length === 0) this.#drain()
  }

  #drain(): void {
    this.#isOfferRefused = this.#isDrainDue = false
    this.#listeners.safely(() => this.emit('drain'))
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
    const isThrownOut = this.#isReady && !this.#isLeaving
    this.#isClosed = true
    this.#isLeaving = true
    this.#leftBecauseOf = error
    for (const queue of this.#queues.values()) queue.fail(this.#leftError())
    this.#unconfirmed.get('')?.abandon()
    // What is lost is said in a turn of its own, and before the end.
    const said = () => new Promise<void>(resolve => this.#ports.clock.defer(resolve))
    this.#driver
      .close()
      .then(said, said)
      .then(() => {
        if (!this.#isReady) this.#ready.reject(error ?? this.#leftError())
        if (this.#isOfferRefused) this.#drain()
        this.#events.end()
        if (isThrownOut && error !== undefined) this.#failed(error)
        this.#listeners.safely(() => this.emit('left'))
        if (error === undefined) this.#resolveLeft()
        else this.#rejectLeft(error)
      })
  }

  #leftError(): TuttiError {
    const cause = this.#leftBecauseOf
    return new TuttiError('ERR_TUTTI_LEFT', `this member has left ${this.name}, or is leaving`, { cause })
  }

  /** Trouble of a port: the group goes on, and who listens for errors hears of it. */
  #failed(error: Error): void {
    this.#options.logger?.warn(error)
    const wrapped =
      error instanceof TuttiError ? error : new TuttiError('ERR_TUTTI_NETWORK', error.message, { cause: error })
    if (this.listenerCount('error') > 0) this.#listeners.safely(() => this.emit('error', wrapped))
  }

  /** A listener threw: that is the application's, and must not stop the engine in mid-turn. */
  #listenerFailed(cause: unknown): void {
    const error = new TuttiError('ERR_TUTTI_LISTENER', 'a listener of the group threw', { cause })
    queueMicrotask(() => this.emit('error', error))
  }
}
