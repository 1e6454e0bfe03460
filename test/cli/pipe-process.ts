import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseTrace, type TraceLine } from '../../src/sim/trace.js'
import type { Order } from '../../src/types.js'

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))

/** A line of the pipe. */
export type Line = ReturnType<typeof JSON.parse>

const SENDS_AT_ONCE = 100

/** One port a test process: test files that run at the same time do not meet. */
let nextPort = 22_000 + (process.pid % 2_000) * 10

/** A group name and an address of their own for one test, on loopback. */
export function ownGroup(): string[] {
  return [`test-${process.pid}-${nextPort}`, '--interface', '127.0.0.1', '--port', String(nextPort++)]
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface RunOptions {
  readonly input?: string
  /** How much of its output is read before the reader goes away. Default 'all'. */
  readonly reads?: 'all' | 'some' | 'nothing'
}

/** Runs `tutti` to its end. */
export async function runTutti(
  args: readonly string[],
  { input = '', reads = 'all' }: RunOptions = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'pipe' })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text
    if (reads === 'some') child.stdout.destroy()
  })
  if (reads === 'nothing') child.stdout.destroy()
  child.stderr.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  // It may have ended before it reads.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}

const running = new Set<PipeProcess>()

/** Ends what a failed test has left behind. */
export function killAll(): void {
  for (const member of running) member.kill('SIGKILL')
}

/** What the checkers want of what went through the pipes. */
export function traceOf(members: readonly PipeProcess[]): TraceLine[] {
  return parseTrace(members.flatMap(member => member.trace.map(line => JSON.stringify(line))).join('\n'))
}

/** A `tutti pipe` with everything it was told and said. */
export class PipeProcess {
  readonly name: string
  /** Of this life of it: another one of the same name has another. */
  readonly id: string
  readonly events: Line[] = []
  readonly #byKind = new Map<string, Line[]>()
  /** Commands and events in the order in which they went through the pipe. */
  readonly trace: Line[] = []
  readonly ended: Promise<number | null>
  stderr = ''
  readonly #child: ChildProcessWithoutNullStreams
  readonly #changes = new EventEmitter()
  #hasEnded = false
  #rest = ''
  readonly #unanswered = new Set<string>()

  /** @param launcher  a command before it, such as one that enters a network namespace */
  constructor(name: string, args: readonly string[], launcher: readonly string[] = [], id = name) {
    this.name = name
    this.id = id
    const [program, ...rest] = [...launcher, process.execPath, MAIN, 'pipe', ...args, '--name', name]
    this.#child = spawn(program, rest, { stdio: 'pipe' })
    running.add(this)
    this.#child.stdin.on('error', () => {})
    this.#child.stderr.setEncoding('utf8').on('data', text => {
      this.stderr += text
    })
    this.#child.stdout.setEncoding('utf8').on('data', text => this.#read(text))
    this.ended = once(this.#child, 'close').then(([code, signal]) => {
      this.#hasEnded = true
      if (signal === 'SIGKILL') this.trace.push({ process: id, event: 'crashed' })
      running.delete(this)
      this.#changes.emit('change')
      return code
    })
  }

  command(command: Line): boolean {
    this.trace.push({ process: this.id, ...command })
    return this.write(`${JSON.stringify(command)}\n`)
  }

  /** Sends with an id, so that the trace says in which view. Returns false when the pipe is full. */
  send(data: string, id: string, how: { readonly order?: Order; readonly safe?: boolean } = {}): boolean {
    this.#unanswered.add(id)
    return this.command({ op: 'send', data, id, ...how })
  }

  /** Sends that were neither taken over nor refused so far. */
  get unanswered(): number {
    return this.#unanswered.size
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  write(text: string | Buffer): boolean {
    return this.#child.stdin.write(text)
  }

  get isFull(): boolean {
    return this.#child.stdin.writableNeedDrain
  }

  endInput(): void {
    this.#child.stdin.end()
  }

  /** Stops reading what it says, until `resume`. */
  pause(): void {
    this.#child.stdout.pause()
  }

  resume(): void {
    this.#child.stdout.resume()
  }

  /** As a reader that goes away. */
  closeOutput(): void {
    this.#child.stdout.destroy()
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  get pid(): number {
    return this.#child.pid!
  }

  of(event: string): readonly Line[] {
    return this.#byKind.get(event) ?? []
  }

  /** Sends for so long, and at least once. Returns how many. */
  sendFor(seconds: number, padding = ''): Promise<number> {
    const endMs = performance.now() + seconds * 1000
    return this.sendWhile(() => performance.now() < endMs, padding)
  }

  /** Sends a few, and the next few when those have been taken over. Returns how many. */
  async sendWhile(condition: () => boolean, padding = ''): Promise<number> {
    let sent = 0
    do {
      for (let i = 0; i < SENDS_AT_ONCE; i++) this.send(`${this.name} ${sent} ${padding}`, String(sent++))
      await this.until(() => this.of('sent').length === sent)
    } while (condition())
    return sent
  }

  /** Resolves once the condition holds; fails if the process ends before that. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#hasEnded) throw new Error(`${this.name} has ended: ${this.stderr}`)
      await once(this.#changes, 'change')
    }
  }

  async first(event: string): Promise<Line> {
    await this.until(() => this.of(event).length > 0)
    return this.of(event)[0]
  }

  async stats(): Promise<Line> {
    const before = this.of('stats').length
    this.command({ op: 'stats' })
    await this.until(() => this.of('stats').length > before)
    return this.of('stats').at(-1)
  }

  async leave(): Promise<number | null> {
    this.command({ op: 'leave' })
    return this.ended
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) {
      const event = JSON.parse(line)
      this.events.push(event)
      const kind = this.#byKind.get(event.event)
      if (kind === undefined) this.#byKind.set(event.event, [event])
      else kind.push(event)
      this.trace.push({ process: this.id, ...event })
      if (event.id !== undefined && event.event !== 'view') this.#unanswered.delete(event.id)
    }
    this.#changes.emit('change')
  }
}
