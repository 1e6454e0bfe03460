import { randomInt } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Command, InvalidArgumentError } from 'commander'
import { DemoDisplay, type DemoFlags } from './demo-display.js'
import { DemoMember } from './demo-member.js'
import { type Proof, prove } from './demo-proof.js'
import { endWithReader, FAILED } from './exit.js'
import { positiveNumber } from './member-options.js'

const NAMES = [
  ...['violin', 'viola', 'cello', 'flute', 'oboe', 'clarinet', 'bassoon', 'horn'],
  ...['trumpet', 'trombone', 'tuba', 'timpani', 'harp', 'celesta', 'piano', 'piccolo'],
]
const MEMBERS_MIN = 3
const TICK_MS = 20
const MESSAGES_PER_TICK = 20
const STATS_EVERY_TICKS = 25
const SETTLE_MS_MAX = 15_000

export function demoCommand(): Command {
  return new Command('demo')
    .description('five processes on this machine send to each other, all at once, through injected loss')
    .option('--members <n>', `member processes, ${MEMBERS_MIN} to ${NAMES.length}`, membersOf, 5)
    .option('--seconds <s>', 'how long they send', positiveNumber, 8)
    .option('--loss <share>', 'packets that each member loses, 0 to 0.5', lossOf, 0.1)
    .option('--json', 'print one JSON object at the end, and nothing before it')
    .addHelpText(
      'after',
      `
One member joins late and one leaves in order. At the end the members' digests are compared: what each delivered, view
by view, sender by sender, in order. Exit code 1 if they differ.

Example:
  tutti demo --members 4 --seconds 3 --loss 0.2`,
    )
    .action(async (flags: DemoFlags) => {
      // The members see the end of their input, and leave.
      endWithReader()
      process.exitCode = await new Demo(flags).run()
    })
}

class Demo {
  readonly #flags: DemoFlags
  readonly #members: DemoMember[] = []
  readonly #changes = new EventEmitter()
  readonly #stopped = new AbortController()
  readonly #display: DemoDisplay
  readonly #pipeArguments: readonly string[]

  constructor(flags: DemoFlags) {
    this.#flags = flags
    this.#display = new DemoDisplay(flags, this.#members)
    this.#pipeArguments = [
      `demo-${process.pid}-${randomInt(2 ** 32)}`,
      ...['--interface', '127.0.0.1', '--port', String(randomInt(20_000, 60_000)), '--faults', `loss=${flags.loss}`],
    ]
  }

  async run(): Promise<number> {
    const interrupt = () => this.#stop(new Error('interrupted'))
    process.once('SIGINT', interrupt)
    process.once('SIGTERM', interrupt)
    try {
      const proof = await this.#perform()
      this.#display.end(proof)
      return proof.faults.length === 0 ? 0 : FAILED
    } catch (error) {
      // What failed first, rather than what then failed because of it.
      throw this.#stopped.signal.aborted ? this.#stopped.signal.reason : error
    } finally {
      this.#display.stop()
      this.#stop(new Error('the demo is over'))
      process.off('SIGINT', interrupt)
      process.off('SIGTERM', interrupt)
    }
  }

  /** All but one from the beginning; that one joins after a third of the time, and another leaves after two. */
  async #perform(): Promise<Proof> {
    const { members: count, seconds } = this.#flags
    const names = NAMES.slice(0, count)
    for (const name of names.slice(0, -1)) this.#start(name, count - 1)
    const [witness, leaver] = this.#members
    this.#display.start()
    await this.#until('are in the group', () => this.#members.every(member => member.view !== undefined))
    const third = (seconds * 1000) / 3
    await this.#sendFor(third)
    const latecomer = this.#start(names[count - 1], 1)
    await this.#sendFor(third)
    await this.#until('are in the group', () => latecomer.view !== undefined)
    const leaving = leaver.leave()
    await this.#sendFor(third)
    await leaving
    await this.#until('have delivered everything', () => this.#hasSettled(witness))
    await this.#takeStats()
    for (const member of this.#present.reverse()) await member.leave()
    return prove(this.#members, witness)
  }

  #start(name: string, expect: number): DemoMember {
    const options = [...this.#pipeArguments, '--expect', String(expect)]
    const member = new DemoMember(name, options, () => this.#changes.emit('change'))
    member.exited.catch(error => this.#stop(error))
    this.#members.push(member)
    return member
  }

  /** Ends whatever is under way. Nobody stays behind. */
  #stop(reason: Error): void {
    this.#stopped.abort(reason)
    for (const member of this.#members) member.kill()
  }

  get #present(): DemoMember[] {
    return this.#members.filter(member => member.view !== undefined && !member.isLeaving)
  }

  async #sendFor(durationMs: number): Promise<void> {
    const endMs = performance.now() + durationMs
    for (let tick = 0; performance.now() < endMs; tick++) {
      for (const member of this.#present) {
        member.send(MESSAGES_PER_TICK)
        if (tick % STATS_EVERY_TICKS === 0) member.askForStats()
      }
      await delay(TICK_MS, undefined, { signal: this.#stopped.signal })
    }
  }

  /** All that was sent has been delivered by everybody who is still there. */
  #hasSettled(witness: DemoMember): boolean {
    if (!this.#members.every(({ name, sent }) => witness.deliveredFrom(name) === sent)) return false
    return this.#present.every(member =>
      member.views.every(({ id }) => member.deliveredIn(id) === witness.deliveredIn(id)),
    )
  }

  async #takeStats(): Promise<void> {
    const present = this.#present
    const before = present.map(member => member.stats)
    for (const member of present) member.askForStats()
    await this.#until('have answered', () => present.every((member, i) => member.stats !== before[i]))
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    const timeout = AbortSignal.timeout(SETTLE_MS_MAX)
    const signal = AbortSignal.any([timeout, this.#stopped.signal])
    try {
      while (!condition()) await once(this.#changes, 'change', { signal })
    } catch (error) {
      if (timeout.aborted) throw new Error(`not all members ${what} after ${SETTLE_MS_MAX / 1000} s`)
      throw error
    }
  }
}

function membersOf(text: string): number {
  const members = Number(text)
  if (Number.isInteger(members) && members >= MEMBERS_MIN && members <= NAMES.length) return members
  throw new InvalidArgumentError(`It must be a whole number from ${MEMBERS_MIN} to ${NAMES.length}.`)
}

function lossOf(text: string): number {
  const loss = Number(text)
  if (text.trim() !== '' && loss >= 0 && loss <= 0.5) return loss
  throw new InvalidArgumentError('It must be a number from 0 to 0.5.')
}
