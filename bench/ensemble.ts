import { setTimeout as sleep } from 'node:timers/promises'
import { Forked } from './forked.js'
import type { FailoverSettings, FailoverWord } from './settings.js'

type View = Extract<FailoverWord, { kind: 'view' }>

const POLL_MS = 5
const WAIT_MS_MAX = 30_000

/** A member process of the failover benchmark and what it has said. */
class Player {
  readonly name: string
  readonly process: Forked<FailoverWord>
  readonly views: View[] = []
  isIdle = false
  exclusions = 0
  gapMs: number | undefined

  constructor(settings: FailoverSettings) {
    this.name = settings.name
    this.process = new Forked('failover-member.js', settings)
    this.process.listen(word => {
      if (word.kind === 'view') this.views.push(word)
      else if (word.kind === 'gap') this.gapMs = word.ms
      else if (word.kind === 'excluded') this.exclusions++
      else this.isIdle = true
    })
  }
}

/** The member processes of one run of the failover benchmark, and when they had which view. */
export class Ensemble {
  readonly #settings: Omit<FailoverSettings, 'name' | 'expect'>
  readonly #players = new Map<string, Player>()
  #named = 0

  constructor(settings: Omit<FailoverSettings, 'name' | 'expect'>) {
    this.#settings = settings
  }

  /** The clock by which views are timed. */
  get nowMs(): number {
    return Number(process.hrtime.bigint()) / 1e6
  }

  get names(): string[] {
    return [...this.#players.keys()]
  }

  /** Names in order of seniority. */
  get seniority(): readonly string[] {
    return [...this.#players.values()][0].views.at(-1)!.names
  }

  /** How often a member was left out that was not to be. */
  get exclusions(): number {
    return [...this.#players.values()].reduce((sum, player) => sum + player.exclusions, 0)
  }

  /** Starts processes, which do not join yet. Returns their names. */
  async start(count: number, expect: number): Promise<string[]> {
    const names = Array.from({ length: count }, () => `member-${this.#named++}`)
    for (const name of names) this.#players.set(name, new Player({ ...this.#settings, name, expect }))
    await this.#until('have started', () => names.every(name => this.#players.get(name)!.isIdle))
    return names
  }

  join(names: readonly string[]): void {
    for (const name of names) this.#players.get(name)!.process.tell('join')
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.#players.get(name)!.process.signal(signal)
  }

  /** It is not counted with any more. */
  async drop(name: string): Promise<void> {
    const player = this.#players.get(name)!
    this.#players.delete(name)
    await player.process.stop()
  }

  /** When, from `fromMs` on, the last of `who` had a view of exactly `names` (with `asVoters`: all of them voters). */
  async lastIn(who: readonly string[], names: readonly string[], asVoters: boolean, fromMs: number): Promise<number> {
    const wanted = [...names].sort().join(' ')
    const isIt = ({ atMs, names, areAllVoters }: View) =>
      atMs >= fromMs && [...names].sort().join(' ') === wanted && (areAllVoters || !asVoters)
    const first = (name: string) => this.#players.get(name)!.views.find(isIt)
    await this.#until(`have the view of ${wanted}`, () => who.every(name => first(name) !== undefined))
    return Math.max(...who.map(name => first(name)!.atMs))
  }

  /** How many views `name` has had. */
  viewsOf(name: string): number {
    return this.#players.get(name)!.views.length
  }

  /** The longest time that any of `who` had nothing delivered, since this was asked last. */
  async longestGapMs(who: readonly string[]): Promise<number> {
    const players = who.map(name => this.#players.get(name)!)
    for (const player of players) {
      player.gapMs = undefined
      player.process.tell('gap')
    }
    await this.#until('have answered', () => players.every(({ gapMs }) => gapMs !== undefined))
    return Math.max(...players.map(({ gapMs }) => gapMs!))
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#players.values()].map(player => player.process.stop()))
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    const endMs = this.nowMs + WAIT_MS_MAX
    while (!condition()) {
      const failed = [...this.#players.values()].find(player => player.process.hasFailed)
      if (failed !== undefined) throw new Error(`${failed.name} of the benchmark has failed; what it said is above`)
      if (this.nowMs > endMs) throw new Error(`not all members of the benchmark ${what} after ${WAIT_MS_MAX / 1000} s`)
      await sleep(POLL_MS)
    }
  }
}
