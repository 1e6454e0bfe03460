import type { TuttiError } from 'tutti'
import type { EventOutput } from './event-output.js'
import type { Line } from './line-splitter.js'
import { parseCommand } from './pipe-codec.js'
import { HELD_BYTES_MAX, HELD_COMMANDS_MAX, type PipeSession } from './pipe-session.js'

/** Lines of input that came before there was a session to take them. */
export class EarlyInput {
  #lines: Line[] = []
  #chars = 0
  /** One of them asks to leave. */
  isLeaving = false

  add(lines: readonly Line[]): void {
    for (const line of lines) {
      this.#lines.push(line)
      if (!('text' in line)) continue
      this.#chars += line.text.length
      this.isLeaving ||= parseCommand(line.text).op === 'leave'
    }
  }

  /** No more is to be read before there is a session. */
  get isFull(): boolean {
    return this.#lines.length >= HELD_COMMANDS_MAX || this.#chars >= HELD_BYTES_MAX
  }

  handTo(session: PipeSession): void {
    for (const line of this.#lines.splice(0)) session.read(line)
  }

  /** There will be no session: of what was accepted none disappears without a word. */
  refuse(output: EventOutput, { code, message }: TuttiError): void {
    for (const line of this.#lines.splice(0)) {
      const command = 'text' in line ? parseCommand(line.text) : null
      if (command?.op === 'send' || command?.op === 'tell') output.event('error', { code, message, id: command.id })
    }
  }
}
