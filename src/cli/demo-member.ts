import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Stats } from 'tutti'
import { DemoSequence } from './demo-sequence.js'

/** What one member delivered from one sender in one view: how many, and a hash over all of them in order. */
interface Sequence {
  readonly from: string
  count: number
  readonly hash: Hash
}

export interface ViewLine {
  readonly id: number
  readonly members: readonly { readonly name: string; readonly voter: boolean }[]
}

/** A member of the demo, in one life: a process of its own, `tutti pipe`, on the other end of two pipes. */
export class DemoMember {
  readonly name: string
  /** Resolves when it has left in order or was killed, else rejects. */
  readonly exited: Promise<void>
  readonly views: ViewLine[] = []
  /** Ids of the views that ended for all others, not for this member: it was killed in them, or left out. */
  readonly unfinished = new Set<number>()
  /** By view, then by incarnation of the sender. */
  readonly delivered = new Map<number, Map<string, Sequence>>()
  readonly total = new DemoSequence()
  sent = 0
  deliveredCount = 0
  stats: Stats | null = null
  hasLeft = false
  isLeaving = false
  isKilled = false
  /** All that it ever was: another each time that it was left out. */
  readonly #incarnations: string[] = []
  readonly #child: ChildProcessWithoutNullStreams
  readonly #onChange: () => void
  #line = ''
  #failure = ''

  /** @param onChange  called when the member has said something */
  constructor(name: string, pipeArguments: readonly string[], onChange: () => void) {
    this.name = name
    this.#onChange = onChange
    const main = fileURLToPath(new URL('main.js', import.meta.url))
    this.#child = spawn(process.execPath, [main, 'pipe', ...pipeArguments, '--name', name], { stdio: 'pipe' })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#failure = (this.#failure + text).slice(-500)
    })
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    // Writing to a member that has failed is reported by its exit.
    this.#child.stdin.on('error', () => {})
    this.exited = this.#exit()
  }

  get view(): ViewLine | undefined {
    return this.views.at(-1)
  }

  /** In the group, and to stay there. */
  get isPresent(): boolean {
    return this.view !== undefined && !this.isLeaving && !this.isKilled
  }

  /** Sends `count` messages, unless the member is behind with earlier ones. */
  send(count: number): void {
    if (this.#child.stdin.writableNeedDrain) return
    let lines = ''
    for (let i = 0; i < count; i++) {
      lines += `{"op":"send","data":"${this.name} says ${++this.sent} ${'.'.repeat(64)}"}\n`
    }
    this.#child.stdin.write(lines)
  }

  askForStats(): void {
    this.#command('stats')
  }

  leave(): Promise<void> {
    this.isLeaving = true
    this.#command('leave')
    return this.exited
  }

  /** As a power failure would: it has no last words. */
  kill(): void {
    this.isKilled = true
    this.#child.kill('SIGKILL')
  }

  deliveredFrom(sender: DemoMember): number {
    let count = 0
    for (const sequences of this.delivered.values()) {
      for (const incarnation of sender.#incarnations) count += sequences.get(incarnation)?.count ?? 0
    }
    return count
  }

  deliveredIn(view: number): number {
    let count = 0
    for (const sequence of this.delivered.get(view)?.values() ?? []) count += sequence.count
    return count
  }

  #command(op: string): void {
    if (this.#child.stdin.writable) this.#child.stdin.write(`{"op":"${op}"}\n`)
  }

  async #exit(): Promise<void> {
    const [code, signal] = await once(this.#child, 'close')
    if (this.isKilled && this.view !== undefined) this.unfinished.add(this.view.id)
    if (this.isKilled || (code === 0 && this.hasLeft)) return
    throw new Error(`member ${this.name} failed (${signal ?? `exit code ${code}`}): ${this.#failure.trim()}`)
  }

  #read(text: string): void {
    const lines = (this.#line + text).split('\n')
    this.#line = lines.pop()!
    for (const line of lines) this.#take(JSON.parse(line))
    this.#onChange()
  }

  /** A line of the pipe, told apart by its `event`. */
  #take(line: ReturnType<typeof JSON.parse>): void {
    if (line.event === 'message') this.#deliver(line.view, line.from, line.incarnation, line.data, line.index)
    else if (line.event === 'view') this.views.push(line)
    else if (line.event === 'ready') this.#incarnations.push(line.incarnation)
    else if (line.event === 'excluded') this.#leftOut(line.incarnation)
    else if (line.event === 'stats') this.stats = line
    else if (line.event === 'left') this.hasLeft = true
    else if (line.event === 'error') this.#failure = line.message
  }

  #leftOut(incarnation: string): void {
    if (this.view !== undefined) this.unfinished.add(this.view.id)
    this.#incarnations.push(incarnation)
    this.total.interrupt()
  }

  #deliver(view: number, from: string, incarnation: string, data: string, index: number | undefined): void {
    const sequences = this.delivered.get(view) ?? new Map<string, Sequence>()
    const sequence = sequences.get(incarnation) ?? { from, count: 0, hash: createHash('sha256') }
    if (sequence.count === 0) this.delivered.set(view, sequences.set(incarnation, sequence))
    sequence.count++
    sequence.hash.update(data).update('\n')
    this.deliveredCount++
    if (index !== undefined) this.total.add(view, index, from, data)
  }
}
