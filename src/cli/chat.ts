import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline'
import { Command } from 'commander'
import { type Group, join, type Member, TuttiError, type View, type ViewChange } from 'tutti'
import { addMemberOptions, joinOptionsOf, type MemberFlags } from './member-options.js'
import { NAME_STYLES, printable, type Style, styler } from './terminal.js'

export function chatCommand(): Command {
  const command = new Command('chat')
    .description('talk with everybody on the network who joins the same group')
    .argument('<group>', 'name of the group')
    .addHelpText(
      'after',
      `
Example:
  tutti chat lobby --name alice

Type a line and press Enter. Ctrl-C or Ctrl-D leaves.`,
    )
  return addMemberOptions(command).action(async (groupName: string, flags: MemberFlags) => {
    const stop = new AbortController()
    const abort = () => stop.abort(WANTED)
    process.on('SIGINT', abort).on('SIGTERM', abort)
    process.stdout.on('error', error => stop.abort(error))
    let group: Group
    try {
      group = await join(groupName, { ...joinOptionsOf(flags), signal: stop.signal })
    } catch (error) {
      if (stop.signal.reason === WANTED) return
      throw stop.signal.aborted ? stop.signal.reason : error
    }
    try {
      await new Chat(group, stop).run()
    } finally {
      // What is written and not read would hold the process for ever.
      setTimeout(() => process.exit(), READ_MS_MAX).unref()
    }
  })
}

const style = styler(process.stdout)
/** Why to stop, where nothing has failed. */
const WANTED = Symbol('wanted')
/** Once the input has ended, a line that the window does not let through for so long is given up, with those behind it. */
const SEND_MS_MAX = 3_500
/** In the end a reader may take so long for the rest. */
const READ_MS_MAX = 2_000

class Chat {
  readonly #group: Group
  /** Somebody wants this process to end, or nothing is left for it to do. */
  readonly #stop: AbortController
  readonly #stopped: Promise<void>
  readonly #lines: Interface
  #isClosed = false
  #patience: NodeJS.Timeout | undefined
  readonly #isTerminal = process.stdout.isTTY === true && process.stdin.isTTY === true

  constructor(group: Group, stop: AbortController) {
    this.#group = group
    this.#stop = stop
    this.#stopped = new Promise(resolve => stop.signal.addEventListener('abort', () => resolve()))
    this.#lines = createInterface({ input: process.stdin, output: this.#isTerminal ? process.stdout : undefined })
    this.#lines.setPrompt(`${this.#coloured(group.self)} `)
  }

  async run(): Promise<void> {
    const group = this.#group
    group.on('view', (view, change) => this.#viewChanged(view, change))
    // One's own lines are on the screen already.
    group.on('message', message => {
      if (message.from.incarnation === group.self.incarnation && this.#isTerminal) return
      this.#print(`${this.#coloured(message.from)} ${printable(message.text())}`)
    })
    group.on('blocked', (_reason, waiting) => this.#print(style('dim', `waiting for ${waiting.join(', ')}`)))
    group.on('error', error => this.#print(style('red', error.message)))
    const { signal } = this.#stop
    signal.addEventListener('abort', () => this.#lines.close())
    this.#lines.once('SIGINT', () => this.#stop.abort(WANTED))
    this.#lines.once('close', () => {
      this.#isClosed = true
      // What was typed, pasted or piped before may take its time, line by line.
      const reason = `the group took nothing for ${SEND_MS_MAX / 1000} s`
      const giveUp = () => this.#stop.abort(new TuttiError('ERR_TUTTI_LEAVE_TIMEOUT', reason))
      this.#patience = setTimeout(giveUp, SEND_MS_MAX).unref()
    })
    if (this.#isTerminal) this.#lines.prompt()
    let isAllSent = false
    try {
      isAllSent = await this.#sendLines(signal)
    } finally {
      clearTimeout(this.#patience)
      this.#lines.close()
      await group.leave()
    }
    if (this.#isTerminal) process.stdout.write('\n')
    const { reason } = signal
    if (!(reason instanceof Error)) return
    throw isAllSent ? reason : new TuttiError('ERR_TUTTI_LEFT', `not all of the input was sent: ${reason.message}`)
  }

  /** Returns whether all of the input was sent. */
  async #sendLines(signal: AbortSignal): Promise<boolean> {
    // The iterator takes the next line when the last is on its way: a pasted text stays in order and within bounds.
    for await (const line of this.#lines) {
      if (signal.aborted) return false
      // What the group has taken in part it may never take to its end.
      if (line.trim() !== '') await Promise.race([this.#send(line, signal), this.#stopped])
      if (signal.aborted) return false
      this.#patience?.refresh()
      if (this.#isTerminal && !this.#isClosed) this.#lines.prompt()
    }
    return !signal.aborted
  }

  async #send(line: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#group.send(line, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  #viewChanged(view: View, { joined, left }: ViewChange): void {
    const isFirst = joined.some(member => member.incarnation === this.#group.self.incarnation)
    const names = (members: readonly Member[]) => members.map(member => printable(member.name)).join(', ')
    if (isFirst) this.#print(style('dim', `here: ${names(view.members)}`))
    else {
      if (joined.length > 0) this.#print(style('dim', `joined: ${names(joined)}`))
      if (left.length > 0) this.#print(style('dim', `left: ${names(left)}`))
    }
  }

  /** Prints above the line that is being typed. */
  #print(text: string): void {
    // A prompt on a closed interface opens it again.
    if (!this.#isTerminal || this.#isClosed) {
      process.stdout.write(`${text}\n`)
      return
    }
    const { rows } = this.#lines.getCursorPos()
    moveCursor(process.stdout, 0, -rows)
    cursorTo(process.stdout, 0)
    clearScreenDown(process.stdout)
    process.stdout.write(`${text}\n`)
    this.#lines.prompt(true)
  }

  #coloured({ name, incarnation }: Member): string {
    const colour: Style = NAME_STYLES[Number.parseInt(incarnation.slice(0, 8), 16) % NAME_STYLES.length]
    return style(colour, `${printable(name)}:`)
  }
}
