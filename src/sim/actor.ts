import { once } from 'node:events'
import type { Group } from '../group.js'
import type { JoinOptions } from '../options.js'
import type { Schedule, ScheduledMember, ScheduledMessage } from './schedule.js'
import type { Simulation } from './simulation.js'

export const GROUP = 'simulated'

/** A send that comes to nothing for one of these did not fail for want of trying. */
const GONE: ReadonlySet<unknown> = new Set([
  'ERR_TUTTI_LEFT',
  'ERR_TUTTI_NOT_MEMBER',
  'ERR_TUTTI_FATE_UNKNOWN',
  // Of a safe send, which waits until it is.
  'ERR_TUTTI_EXCLUDED',
  'ERR_TUTTI_LEAVE_TIMEOUT',
])

/** How long a process that was killed as soon as it was back is away. */
const AGAIN_MS = 300

interface Death {
  readonly backAtMs: number
  readonly isSilent: boolean
  /** So long after it came back it is killed again. */
  readonly againMs?: number | undefined
}

export type Standing = 'away' | 'seeking' | 'in' | 'blocked'

/** One member of a schedule, through all lives of its process: joins, reads, sends, leaves, dies and comes back. */
export class Actor {
  readonly name: string
  /** What it is at, for the report of a run that got stuck; null once it is done. */
  doing: string | null = 'start'
  group: Group | null = null
  /** Groups of all its lives, the dead ones too. */
  readonly groups: Group[] = []
  standing: Standing = 'away'
  /** What went wrong that should not have, or null. */
  failure: string | null = null
  crashes = 0
  crashesInJoin = 0
  readonly #sim: Simulation
  readonly #member: ScheduledMember
  readonly #messages: readonly ScheduledMessage[]
  readonly #options: JoinOptions & { name: string }
  #nextMessage = 0
  #isRunning = false
  #onDeath: () => void = () => {}
  #onStart: () => void = () => {}

  constructor(sim: Simulation, member: ScheduledMember, schedule: Schedule) {
    this.name = member.name
    this.#sim = sim
    this.#member = member
    this.#messages = schedule.messages.filter(message => message.from === member.name)
    const limits = schedule.windowBytesMax === undefined ? {} : { windowBytesMax: schedule.windowBytesMax }
    this.#options = { name: member.name, payloadChecksum: schedule.payloadChecksum, limits }
  }

  /** It does not leave of its own will. */
  get stays(): boolean {
    return this.#member.leavesAtMs === Infinity
  }

  /** Never ends: who has nothing left to do may still be killed, and come back. */
  async live(): Promise<never> {
    await this.#sim.sleep(this.#member.joinsAtMs)
    for (;;) {
      const died = new Promise<void>(resolve => {
        this.#onDeath = resolve
      })
      this.#isRunning = true
      const onDeath = this.#onDeath
      this.#life().catch(error => {
        // Of a life that ended by force nobody wants to know the rest.
        if (onDeath === this.#onDeath && this.#isRunning) this.failure = String(error)
      })
      await died
      await new Promise<void>(resolve => {
        this.#onStart = resolve
      })
    }
  }

  crash({ backAtMs, isSilent, againMs }: Death): void {
    if (!this.#isRunning) return
    this.#isRunning = false
    this.crashes++
    if (this.doing === 'join') this.crashesInJoin++
    this.#sim.crash(this.name, { isSilent })
    this.group = null
    this.standing = 'away'
    this.doing = 'come back'
    this.#onDeath()
    this.#sim.at(backAtMs, () => {
      this.#onStart()
      if (againMs === undefined) return
      this.#sim.at(backAtMs + againMs, () => this.crash({ backAtMs: backAtMs + againMs + AGAIN_MS, isSilent }))
    })
  }

  pause(ms: number): void {
    if (this.#isRunning) this.#sim.pause(this.name, ms)
  }

  async #life(): Promise<void> {
    const sim = this.#sim
    this.doing = 'join'
    this.standing = 'seeking'
    const group = await sim.join(GROUP, this.#options)
    this.group = group
    this.groups.push(group)
    this.#watch(group)
    const reading = this.#read(group)
    this.doing = 'send'
    const sending = await this.#speak(group)
    if (this.#member.leavesAtMs < Infinity) {
      await sim.sleep(Math.max(0, this.#member.leavesAtMs - sim.nowMs))
      this.doing = 'leave'
      await this.#leave(group)
      await reading
      this.standing = 'away'
    }
    await taken(sending)
    // Nothing is left to do, but it may still be killed.
    this.doing = null
    if (this.#member.leavesAtMs < Infinity) this.#isRunning = false
  }

  #watch(group: Group): void {
    this.standing = 'in'
    // Of a life that was killed in mid-turn, the rest of that turn says nothing.
    const become = (standing: Standing): void => {
      if (this.group === group) this.standing = standing
    }
    group.on('excluded', () => become('seeking'))
    group.on('blocked', reason => {
      if (reason === 'no-quorum') become('blocked')
    })
    group.on('unblocked', reason => {
      if (reason === 'no-quorum') become('in')
    })
  }

  /** Some members listen, others iterate and take their time. */
  async #read(group: Group): Promise<void> {
    const { readsMs } = this.#member
    if (readsMs === 0) {
      const ignore = (): void => {}
      group.on('view', ignore).on('message', ignore).on('told', ignore)
      return
    }
    for await (const event of group) if ('text' in event) await this.#sim.sleep(readsMs)
  }

  /** Resolves when it has said all; what it sent may still wait for the window. */
  async #speak(group: Group): Promise<readonly Promise<unknown>[]> {
    const sim = this.#sim
    const sending: Promise<unknown>[] = []
    const send = (sent: Promise<unknown>): void => {
      // Looked at by `taken`; until then it is nobody's unhandled rejection.
      sent.catch(() => {})
      sending.push(sent)
    }
    while (this.#nextMessage < this.#messages.length) {
      const i = this.#nextMessage++
      const message = this.#messages[i]
      if (message.atMs > sim.nowMs) await sim.sleep(message.atMs - sim.nowMs)
      const data = dataOf(`${group.self.name}.${i}`, message.bytes)
      const { order, safe } = message
      if (message.to !== undefined) send(group.tell(message.to, data))
      // Both ways of sending: the one waits in the group's queue, the other here.
      else if (i % 3 > 0) send(group.send(data, { order, safe }))
      else while (!group.offer(data, { order, safe })) await once(group, 'drain')
    }
    return sending
  }

  async #leave(group: Group): Promise<void> {
    try {
      await group.leave()
    } catch (error) {
      // Cut off from all others, or with a quorum lost, nobody can leave in order.
      if (!GONE.has((error as { code?: string }).code)) throw error
    }
  }
}

/** Rejects if one was refused for another reason than that its sender, or who it was for, is gone. */
async function taken(sending: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(sending)) {
    if (result.status === 'rejected' && !GONE.has(result.reason?.code)) throw result.reason
  }
}

/** Data that no other message has, and that is wrong if any part of it is lost or moved. Some of it is not text. */
function dataOf(id: string, length: number): string | Uint8Array {
  let text = `${id} `
  for (let part = 0; text.length < length; part++) text += `${id}:${part} `
  text = text.slice(0, Math.max(length, id.length + 1))
  if (length % 8 !== 0) return text
  const bytes = new TextEncoder().encode(text)
  bytes[bytes.length - 1] = 0xff
  return bytes
}
