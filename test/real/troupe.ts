import { setTimeout as delay } from 'node:timers/promises'
import { Namespaces } from '../../bench/namespaces.js'
import { checkTrace } from '../../src/sim/checkers/index.js'
import type { TraceLine } from '../../src/sim/trace.js'
import type { Order } from '../../src/types.js'
import { type Line, ownGroup, PipeProcess, traceOf } from '../cli/pipe-process.js'

export type Place = 'loopback' | 'namespaces'

export interface TroupeOptions {
  readonly place: Place
  /** Members that are there from the beginning. */
  readonly size: number
  readonly lossPercent?: number
  /** Hosts for those who come later. */
  readonly guests?: number
}

/** Deliveries a second at all members together: faults are to meet a group at work, not a machine at its end. */
const DELIVERIES_PER_SECOND = 10_000
const TICK_MS = 20
const UNANSWERED_MAX = 200
/** One in so many is larger than a packet. */
const LARGE_EVERY = 40
const LARGE = 'x'.repeat(4_000)
const SMALL = 'x'.repeat(60)
const POLL_MS = 5
const ORDERS: readonly Order[] = ['fifo', 'causal', 'total']
/** One in so many is safe; no multiple of the number of orders. */
const SAFE_EVERY = 4

/** The processes of one scenario, one member each: who runs, what all of them said, and the traffic between them. */
export class Troupe {
  /** Every process that ever was, dead ones too. */
  readonly lives: PipeProcess[] = []
  readonly hosts: Namespaces | undefined
  readonly #options: TroupeOptions
  readonly #running = new Map<string, PipeProcess>()
  readonly #hostOf = new Map<string, number>()
  readonly #group = ownGroup()
  #isSending = false
  #sent = 0

  constructor(options: TroupeOptions) {
    const { place, size, lossPercent = 0, guests = 0 } = options
    this.#options = options
    this.hosts = place === 'namespaces' ? new Namespaces(size + guests, lossPercent) : undefined
  }

  /** All at the same instant; resolves when all are in one view. */
  async assemble(): Promise<void> {
    const { size } = this.#options
    for (let i = 0; i < size; i++) this.start(`m${i}`, ['--expect', String(size)])
    await this.inOneView()
  }

  start(name: string, more: readonly string[] = []): PipeProcess {
    const { lossPercent = 0 } = this.#options
    const [group, , , ...port] = this.#group
    const host = this.#hostOf.get(name) ?? this.#hostOf.size
    this.#hostOf.set(name, host)
    const at = this.hosts === undefined ? '127.0.0.1' : 'eth0'
    const seed = String(this.lives.length)
    // Between namespaces it is the switch that loses.
    const faults = this.hosts === undefined && lossPercent > 0 ? ['--faults', `loss=${lossPercent / 100}`] : []
    const options = [group, '--interface', at, ...port, ...faults, '--seed', seed, ...more]
    const life = this.lives.filter(earlier => earlier.name === name).length + 1
    const member = new PipeProcess(name, options, this.hosts?.launcher(host), life === 1 ? name : `${name} (${life})`)
    this.lives.push(member)
    this.#running.set(name, member)
    if (this.#isSending) this.#sendOn(member)
    return member
  }

  get running(): PipeProcess[] {
    return [...this.#running.values()]
  }

  member(name: string): PipeProcess {
    return this.#running.get(name)!
  }

  /** Names in order of seniority, in the newest view that a running member is in. */
  get seniority(): string[] {
    const views = this.running.map(viewOf).filter(view => view !== undefined)
    const newest = views.reduce((a, b) => (b.id > a.id ? b : a))
    return newest.members.map(({ name }: Line) => name)
  }

  /** Kills them with one blow. */
  crash(...names: string[]): void {
    for (const name of names) {
      this.member(name).kill('SIGKILL')
      this.#running.delete(name)
    }
  }

  /** It leaves in order. */
  async dismiss(name: string): Promise<void> {
    const member = this.member(name)
    this.#running.delete(name)
    const code = await member.leave()
    if (code !== 0) throw new Error(`${member.id} could not leave: ${member.stderr}`)
  }

  /** No packet of the first gets to the second any more. */
  cut(from: readonly string[], to: readonly string[]): void {
    this.#cut(from.flatMap(a => to.map(b => [a, b] as const)))
  }

  /** Each part hears only itself any more. */
  split(...parts: readonly (readonly string[])[]): void {
    this.#cut(
      parts.flatMap(part => {
        const others = parts.filter(other => other !== part).flat()
        return part.flatMap(a => others.map(b => [a, b] as const))
      }),
    )
  }

  #cut(ways: readonly (readonly [from: string, to: string])[]): void {
    this.hosts!.cut(ways.map(([from, to]) => [this.#hostOf.get(from)!, this.#hostOf.get(to)!]))
  }

  /** Everybody sends, from now on and whoever comes too. */
  send(): void {
    this.#isSending = true
    for (const member of this.running) this.#sendOn(member)
  }

  stopSending(): void {
    this.#isSending = false
  }

  /** All who run, and nobody else, are voters of one and the same view. */
  async inOneView(seconds = 30): Promise<void> {
    const names = () => this.running.map(({ name }) => name).join(' ')
    await this.until(`${names()} in one view`, () => this.#isOneView(), seconds)
  }

  /**
   * What everybody sends now everybody gets: then all that was sent before has arrived too. Whoever is left out meanwhile
   * is not to hear what its view was told; what is said once it is back, it is.
   */
  async allHearAll(seconds = 20): Promise<void> {
    await this.until('all sends answered', () => this.running.every(member => member.unanswered === 0), seconds)
    for (let before = Number.NaN; before !== this.exclusions; ) {
      await this.inOneView()
      before = this.exclusions
      const finals = this.#sayLastWords()
      const isHeard = () => this.running.every(member => hasHeard(member, finals)) || this.exclusions !== before
      await this.until('all that is sent now arrives everywhere', isHeard, seconds)
    }
  }

  /** How often somebody was left out. */
  get exclusions(): number {
    return this.lives.reduce((sum, member) => sum + member.of('excluded').length, 0)
  }

  /** What is wrong with all that was said, the dead included: sentences. */
  async faults(): Promise<string[]> {
    for (const member of this.lives) if (!this.running.includes(member)) await member.ended
    return checkTrace(this.trace()).map(({ checker, process, what }) => `${checker}: ${process} ${what}`)
  }

  trace(): TraceLine[] {
    return traceOf(this.lives)
  }

  async leave(): Promise<void> {
    const members = this.running
    const codes = await Promise.all(members.map(member => member.leave()))
    const failed = members.filter((_, i) => codes[i] !== 0)
    if (failed.length > 0) throw new Error(`could not leave: ${failed.map(({ id, stderr }) => `${id} ${stderr}`)}`)
  }

  /** Kills what still runs, and takes the hosts away. */
  async remove(): Promise<void> {
    this.stopSending()
    for (const member of this.lives) if (!member.hasEnded) member.kill('SIGKILL')
    await Promise.all(this.lives.map(member => member.ended))
    this.hosts?.remove()
  }

  async until(what: string, condition: () => boolean, seconds: number): Promise<void> {
    const endMs = performance.now() + seconds * 1000
    while (!condition()) {
      const dead = this.running.find(member => member.hasEnded)
      if (dead !== undefined) throw new Error(`${dead.id} has ended: ${dead.stderr}${lastOf(dead)}`)
      if (performance.now() > endMs) throw new Error(`not within ${seconds} s: ${what}\n${this.#state()}`)
      await delay(POLL_MS)
    }
  }

  /** Everybody speaks once in every order. */
  #sayLastWords(): string[] {
    return this.running.flatMap(member =>
      ORDERS.map(order => {
        const data = `${member.id} says ${++this.#sent}, at last in ${order} order`
        member.send(data, data, { order })
        return data
      }),
    )
  }

  #isOneView(): boolean {
    const members = this.running
    const first = viewOf(members[0])
    if (first?.members.length !== members.length || !first.members.every(({ voter }: Line) => voter)) return false
    return members.every(member => {
      const view = viewOf(member)
      const isSame = view?.id === first.id && view?.lineage === first.lineage
      return isSame && first.members.some(({ incarnation }: Line) => incarnation === incarnationOf(member))
    })
  }

  async #sendOn(member: PipeProcess): Promise<void> {
    while (this.#isSending && !member.hasEnded && this.#running.get(member.name) === member) {
      const size = this.#running.size
      const count = Math.ceil((DELIVERIES_PER_SECOND * TICK_MS) / 1000 / (size * size))
      for (let i = 0; i < count && member.unanswered < UNANSWERED_MAX; i++) {
        const n = ++this.#sent
        const how = { order: ORDERS[n % ORDERS.length], safe: n % SAFE_EVERY === 0 }
        member.send(`${member.id} says ${n} ${n % LARGE_EVERY === 0 ? LARGE : SMALL}`, String(n), how)
      }
      await delay(TICK_MS)
    }
  }

  #state(): string {
    const lines = this.running.map(member => {
      const view = viewOf(member)
      const names = view?.members.map(({ name, voter }: Line) => (voter ? name : `(${name})`)).join(' ')
      const where = view === undefined ? 'no view' : `view ${view.lineage.slice(0, 4)} ${view.id}: ${names}`
      return `  ${member.id}: ${where}; ${member.unanswered} sends unanswered; ${lastOf(member)}`
    })
    return lines.join('\n')
  }
}

export const viewOf = (member: PipeProcess): Line | undefined => member.of('view').at(-1)

/** Who it is now: it has a new incarnation each time that it was left out. */
function incarnationOf(member: PipeProcess): string {
  return (member.of('excluded').at(-1) ?? member.of('ready')[0])?.incarnation
}

function hasHeard(member: PipeProcess, words: readonly string[]): boolean {
  const recent = member.of('message').slice(-1_000)
  const heard = new Set(recent.map(({ data }) => data))
  return words.every(word => heard.has(word))
}

/** The last it said besides messages, for a report. */
function lastOf(member: PipeProcess): string {
  const words = member.events.filter(({ event }) => !['message', 'sent', 'view'].includes(event)).slice(-3)
  return words.map(word => JSON.stringify(word).slice(0, 160)).join(' ')
}
