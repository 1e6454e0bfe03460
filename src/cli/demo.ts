import { randomInt } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Command, InvalidArgumentError } from 'commander'
import type { Order } from 'tutti'
import { DemoDisplay, type DemoFlags } from './demo-display.js'
import { DemoMember } from './demo-member.js'
import { type Proof, prove } from './demo-proof.js'
import { endWithReader, FAILED } from './exit.js'
import { positiveNumber } from './member-options.js'

const NAMES = [
  ...['violin', 'viola', 'cello', 'flute', 'oboe', 'clarinet', 'bassoon', 'horn'],
  ...['trumpet', 'trombone', 'tuba', 'timpani', 'harp', 'celesta', 'piano', 'piccolo'],
]
/** Of all that they send. Total order proves the most: one sequence, the same at all. */
const ORDER: Order = 'total'
const MEMBERS_MIN = 3
/** Before and after each of the four things that happen. */
const PARTS = 5
const TICK_MS = 20
const MESSAGES_PER_TICK = 20
const STATS_EVERY_TICKS = 25
const SETTLE_MS_MAX = 15_000

export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'five processes on this machine send to each other through injected loss; one is killed and comes back',
    )
    .option('--members <n>', `member processes, ${MEMBERS_MIN} to ${NAMES.length}`, membersOf, 5)
    .option('--seconds <s>', 'how long they send', positiveNumber, 8)
    .option('--loss <share>', 'packets that each member loses, 0 to 0.5', lossOf, 0.1)
    .option('--json', 'print one JSON object at the end, and nothing before it')
    .addHelpText(
      'after',
      `
One member joins late, one is killed (kill -9) and started again, one leaves in order. At the end the members' digests
are compared: what each delivered, view by view, sender by sender, in order, and all of it in total order. Exit code 1
if they differ.

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
      ...['--interface', '127.0.0.1', '--port', String(randomInt(20_000, 60_000))],
      ...['--faults', `loss=${flags.loss}`, '--order', ORDER],
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

  /** All but one from the beginning; that one comes late, another is killed and comes back, and one leaves. */
  async #perform(): Promise<Proof> {
    const { members: count, seconds } = this.#flags
    const part = (seconds * 1000) / PARTS
    const names = NAMES.slice(0, count)
    for (const name of names.slice(0, -1)) this.#start(name, count - 1)
    const [witness, leaver] = this.#members
    this.#display.start()
    await this.#until('are in the group', () => this.#members.every(member => member.view !== undefined))
    await this.#sendFor(part)

    this.#display.tell(`${names[count - 1]} comes`)
    await this.#come(names[count - 1])
    await this.#sendFor(part)

    const victim = this.#members.find(({ name }) => name === names[2])!
    this.#display.tell(`kill -9 of ${victim.name}`)
    victim.kill()
    await victim.exited
    await this.#sendFor(part)
    await this.#until('have seen that it is gone', () => isWithout(witness, victim.name))

    this.#display.tell(`${victim.name} is started again`)
    await this.#come(victim.name)
    await this.#sendFor(part)

    this.#display.tell(`${leaver.name} leaves`)
    const leaving = leaver.leave()
    await this.#sendFor(part)
    await leaving
    await this.#until('have delivered everything', () => this.#hasSettled(witness))
    await this.#takeStats()
    for (const member of this.#present.reverse()) await member.leave()
    return prove(this.#members, witness)
  }

  /** A process that joins while the others go on sending; until it votes, nobody else should be killed. */
  async #come(name: string): Promise<void> {
    const comer = this.#start(name, 1)
    const isIn = () => comer.view?.members.every(({ voter }) => voter) ?? false
    const endMs = performance.now() + SETTLE_MS_MAX
    while (!isIn()) {
      if (performance.now() > endMs) throw new Error(`${name} is not in the group after ${SETTLE_MS_MAX / 1000} s`)
      await this.#sendFor(TICK_MS)
    }
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
    return this.#members.filter(member => member.isPresent)
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
    const whole = this.#members.filter(member => member.unfinished.size === 0)
    if (!whole.every(member => witness.deliveredFrom(member) === member.sent)) return false
    return this.#present.every(member =>
      member.views.every(({ id }) => member.unfinished.has(id) || member.deliveredIn(id) === witness.deliveredIn(id)),
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

function isWithout({ view }: DemoMember, name: string): boolean {
  return view?.members.every(member => member.name !== name) ?? false
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
