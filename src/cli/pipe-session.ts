import type { EventEmitter } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type BlockReason,
  type Group,
  type GroupEvent,
  type GroupEvents,
  type Sent,
  TuttiError,
  type View,
  type ViewChange,
} from 'tutti'
import type { EventOutput } from './event-output.js'
import type { Line } from './line-splitter.js'
import {
  type Command,
  parseCommand,
  type Refusal,
  type SendCommand,
  type TellCommand,
  viewFields,
} from './pipe-codec.js'
import { version } from './version.js'

/** What a session asks of a group. */
export type PipeGroup = Pick<Group, 'self' | 'view' | 'send' | 'tell' | 'leave' | 'stats'> &
  Pick<EventEmitter<GroupEvents>, 'on'> &
  AsyncIterable<GroupEvent>

/** Commands held before the first view; each one over it is refused. */
export const HELD_COMMANDS_MAX = 10_000
export const HELD_BYTES_MAX = 64 * 1_048_576
/** Sends that the group has been given and has not taken yet. */
const OUTSTANDING_MAX = 1_024
const OUTSTANDING_BYTES_MAX = 1_048_576

type Transmission = SendCommand | TellCommand
type Queued = Transmission | { readonly op: 'stats' }

/** What the group says beside its one sequence, and what had come in that before. */
interface Aside {
  readonly events: number
  readonly lineage: string
  readonly view: number
  readonly say: () => void
}

/**
 * One member's life behind a pipe: commands go down to the group as fast as it takes them, events come up as fast as
 * the reader reads them. Everything in between is bounded: `isBusy` asks for no more input, and what the reader has
 * not taken stays in the group, where it closes the senders' windows.
 */
export class PipeSession {
  readonly #group: PipeGroup
  readonly #output: EventOutput
  readonly #onIdle: () => void
  /** The first view has come. */
  hasBegun = false
  #queue: Queued[] = []
  #queueAt = 0
  #queueBytes = 0
  readonly #outstanding = new Set<Transmission>()
  #outstandingBytes = 0
  /** Gives up what waits for the window. */
  readonly #patience = new AbortController()
  /** Why something that was accepted was given up. */
  shortfall: TuttiError | null = null
  #isLeaving = false
  #resolveLeft!: (left: Promise<void>) => void
  #hasLeft = new Promise<void>(resolve => {
    this.#resolveLeft = resolve
  })
  #view: View | null = null
  // A `sent` names a view; it waits until that view has been written, since the group is ahead of a slow reader.
  #heldSent: { readonly command: Transmission; readonly sent: Sent }[] = []
  readonly #ids = new WeakMap<Sent, string>()
  /** What nobody has been told: see `#aside`. */
  readonly #asides: Aside[] = []
  /** All that has come has been written. */
  #isUpToDate = false
  /** Events of the one sequence that have been, but for views. */
  #written = 0
  /** Of which a view has been written. */
  readonly #lineages = new Set<string>()

  /**
   * @param group  a member that may still wait for its first view
   * @param onIdle  called when input may be read on
   */
  constructor(group: PipeGroup, output: EventOutput, onIdle: () => void) {
    this.#group = group
    this.#output = output
    this.#onIdle = onIdle
    // Whoever asks hears of it; it may fail while a slow reader is still being written to.
    this.#hasLeft.catch(() => {})
    const { name, incarnation } = group.self
    output.event('ready', { version, name, incarnation })
    group.on('blocked', (reason: BlockReason, waiting: readonly string[]) => {
      this.#aside(() => output.event('blocked', { reason, waiting }))
    })
    group.on('unblocked', (reason: BlockReason) => this.#aside(() => output.event('unblocked', { reason })))
    group.on('lost', (sent: Sent, error: TuttiError) => this.#aside(() => this.#lost(sent, error)))
    group.on('error', ({ code, message }: TuttiError) => this.#aside(() => output.event('error', { code, message })))
  }

  get isBusy(): boolean {
    return this.#output.isFull || (this.hasBegun && this.#queueAt < this.#queue.length)
  }

  get isLeaving(): boolean {
    return this.#isLeaving
  }

  /** Resolves when this member has left in order; rejects if it tried in vain. */
  get hasLeft(): Promise<void> {
    return this.#hasLeft
  }

  /** A line of input, or why it could not be read. */
  read(line: Line): void {
    if ('text' in line) this.#take(parseCommand(line.text))
    else this.#refuse({ op: 'refused', code: 'ERR_TUTTI_COMMAND', message: line.fault })
  }

  /** From the first view on: writes what happens until the member is out of the group, or its reader goes away. */
  async follow(): Promise<void> {
    this.hasBegun = true
    this.#pump()
    const events = this.#group[Symbol.asyncIterator]()
    for (;;) {
      const next = events.next()
      if (this.#asides.length > 0 && (await isPending(next))) this.#sayAll()
      this.#isUpToDate = true
      const { done, value: event } = await next
      this.#isUpToDate = false
      if (done) break
      this.#write(event)
      this.#sayDue()
      if (this.#output.isFull) await this.#output.drained()
    }
    this.#sayAll()
    this.#isUpToDate = true
    if (this.#isLeaving) return
    // It knows why.
    await this.#group.leave()
    throw new TuttiError('ERR_TUTTI_LEFT', 'the group has closed this member')
  }

  #write(event: GroupEvent): void {
    if (event.type === 'view') return this.#install(event.view, event.change)
    this.#written++
    if (event.type === 'merged') this.#output.event('merged', { lineage: event.lineage, won: event.won })
    else if (event.type === 'excluded') this.#output.event('excluded', { incarnation: event.incarnation })
    else this.#output.message(event)
  }

  /** What the group says beside its one sequence comes behind what came before it, which a slow reader may still have to be told. */
  #aside(say: () => void): void {
    if (this.#isUpToDate || !this.hasBegun) return say()
    const { messagesIn, exclusions, merges } = this.#group.stats()
    const { lineage, id: view } = this.#group.view
    this.#asides.push({ events: messagesIn + exclusions + merges, lineage, view, say })
    this.#sayDue()
  }

  /** Those before which all that came before them has been written. */
  #sayDue(): void {
    for (let next = this.#asides[0]; next !== undefined; next = this.#asides[0]) {
      if (next.events > this.#written || !this.#hasWritten(next)) return
      this.#asides.shift()
      next.say()
    }
  }

  #sayAll(): void {
    for (const { say } of this.#asides.splice(0)) say()
  }

  #lost(sent: Sent, { code, message }: TuttiError): void {
    this.#refuse({ op: 'refused', code, message, id: this.#ids.get(sent) })
    // What came of it is said once.
    const held = this.#heldSent.find(held => held.sent === sent)
    if (held === undefined) return
    this.#heldSent = this.#heldSent.filter(other => other !== held)
    this.#settle(held.command)
  }

  /** Leaves once the group has taken over everything that was accepted. */
  leave(): void {
    if (this.#isLeaving) return
    this.#isLeaving = true
    this.#leaveIfDrained()
  }

  /** Leaves with what the group has taken; what still waits for it is never sent, and fails with `reason`. */
  giveUp(reason: TuttiError): void {
    if (this.#patience.signal.aborted) return
    this.#patience.abort(reason)
    const rest = this.#queue.slice(this.#queueAt)
    this.#queue = []
    this.#queueAt = 0
    for (const command of rest) {
      if (command.op === 'stats') this.#output.event('stats', this.#group.stats())
      else this.#unsent(command, reason)
    }
    this.#isLeaving = true
    this.#resolveLeft(this.#group.leave())
  }

  /** Nothing accepted disappears without a word: of what the group has taken nobody will say any more what came of it. */
  abandon(): void {
    const message = 'taken over when this ended; whether it was delivered is not known'
    const error = new TuttiError('ERR_TUTTI_FATE_UNKNOWN', message)
    this.#sayAll()
    this.#heldSent = []
    for (const command of this.#outstanding) this.#refused(command, error)
    this.#outstanding.clear()
  }

  #take(command: Command): void {
    if (command.op === 'refused') return this.#refuse(command)
    if (command.op === 'leave') return this.leave()
    if (this.#isLeaving) {
      return this.#refuse({
        op: 'refused',
        code: 'ERR_TUTTI_LEFT',
        message: 'this member is leaving',
        id: idOf(command),
      })
    }
    const bytes = sizeOf(command)
    if (!this.hasBegun && (this.#queue.length >= HELD_COMMANDS_MAX || this.#queueBytes + bytes > HELD_BYTES_MAX)) {
      const message = `at most ${HELD_COMMANDS_MAX} commands or ${HELD_BYTES_MAX} bytes are held before the first view`
      return this.#refuse({ op: 'refused', code: 'ERR_TUTTI_OVERFLOW', message, id: idOf(command) })
    }
    this.#queue.push(command)
    this.#queueBytes += bytes
    this.#pump()
  }

  #pump(): void {
    if (!this.hasBegun) return
    while (this.#queueAt < this.#queue.length) {
      if (this.#outstanding.size >= OUTSTANDING_MAX || this.#outstandingBytes >= OUTSTANDING_BYTES_MAX) return
      const command = this.#queue[this.#queueAt++]
      this.#queueBytes -= sizeOf(command)
      if (command.op === 'stats') this.#output.event('stats', this.#group.stats())
      else this.#transmit(command)
    }
    if (this.#queueAt > 0) {
      this.#queue = []
      this.#queueAt = 0
      this.#onIdle()
    }
    this.#leaveIfDrained()
  }

  #transmit(command: Transmission): void {
    this.#outstanding.add(command)
    this.#outstandingBytes += sizeOf(command)
    const { data } = command
    const { signal } = this.#patience
    const taken =
      command.op === 'tell'
        ? this.#group.tell(command.to, data, { signal })
        : this.#group.send(data, { order: command.order, safe: command.safe, signal })
    taken.then(
      sent => this.#taken(command, sent),
      (error: TuttiError) => this.#failed(command, error),
    )
  }

  #taken(command: Transmission, sent: Sent): void {
    if (!this.#outstanding.has(command)) return
    if (command.id !== undefined) this.#ids.set(sent, command.id)
    if (!this.#hasWritten(sent)) {
      this.#heldSent.push({ command, sent })
      return
    }
    if (command.id !== undefined) this.#output.event('sent', { id: command.id, view: sent.view })
    this.#settle(command)
  }

  /** The view that it names, or a later one. */
  #hasWritten({ lineage, view }: Pick<Sent, 'lineage' | 'view'>): boolean {
    if (this.#view?.lineage === lineage) return view <= this.#view.id
    return this.#lineages.has(lineage)
  }

  #failed(command: Transmission, error: TuttiError): void {
    const isGivenUp = error.code === 'ERR_TUTTI_ABORTED'
    const say = () => {
      if (!this.#outstanding.has(command)) return
      if (isGivenUp) this.#unsent(command, this.#patience.signal.reason)
      else this.#refused(command, error)
      this.#settle(command)
    }
    // What brought it about comes before it: the addressee's leaving, this member's being left out.
    if (isGivenUp) say()
    else this.#aside(say)
  }

  #settle(command: Transmission): void {
    this.#outstanding.delete(command)
    this.#outstandingBytes -= sizeOf(command)
    this.#pump()
  }

  #install(view: View, { stayed }: ViewChange): void {
    // What this member had before may not be the group's: it comes from outside, to a group that was there.
    const isReset = this.#view !== null && stayed.length === 0 && view.members.length > 1
    this.#view = view
    this.#lineages.add(view.lineage)
    this.#output.event(
      'view',
      viewFields(
        view,
        stayed.map(({ name }) => name),
        isReset,
      ),
    )
    const held = this.#heldSent
    this.#heldSent = []
    for (const { command, sent } of held) this.#taken(command, sent)
  }

  #leaveIfDrained(): void {
    if (!this.#isLeaving || this.#queueAt < this.#queue.length || this.#outstanding.size > 0) return
    this.#resolveLeft(this.#group.leave())
  }

  #unsent(command: Transmission, reason: TuttiError): void {
    this.shortfall = reason
    this.#refused(command, reason)
  }

  #refused({ id }: Transmission, { code, message }: TuttiError): void {
    this.#refuse({ op: 'refused', code, message, id })
  }

  #refuse({ code, message, id }: Refusal): void {
    this.#output.event('error', { code, message, id })
  }
}

function sizeOf(command: Queued): number {
  return command.op === 'stats' ? 0 : Buffer.byteLength(command.data)
}

function idOf(command: Queued): string | undefined {
  return command.op === 'stats' ? undefined : command.id
}

/** Whether what it waits for is still to come. */
const isPending = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => false), nextTurn().then(() => true)])
