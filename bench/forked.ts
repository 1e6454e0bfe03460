import { type ChildProcess, fork, type Serializable } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** So long no answer takes: what a benchmark waits for is lost, or its process stands still. */
const ANSWER_MS_MAX = 120_000

/** A process of a benchmark, forked from a compiled file, that answers one message with one message. */
export class Forked<Answer> {
  readonly #process: ChildProcess

  /**
   * @param file  compiled, as a path inside dist/bench
   * @param settings  its only argument, as JSON
   * @param launcher  a program with arguments that runs it, for example elsewhere
   */
  constructor(file: string, settings: unknown, launcher: readonly string[] = []) {
    const [execPath, ...execArgv] = [...launcher, process.execPath]
    this.#process = fork(compiled(file), [JSON.stringify(settings)], { execPath, execArgv })
  }

  /** The next message from the process; rejects if it ends before that, or says nothing for two minutes. */
  async next(): Promise<Answer> {
    const heard = new AbortController()
    const { signal } = heard
    try {
      return await Promise.race([
        once(this.#process, 'message', { signal }).then(([message]) => message as Answer),
        once(this.#process, 'exit', { signal }).then(([code]) => {
          throw new Error(`a process of the benchmark ended with exit code ${code}; what it said is above`)
        }),
        delay(ANSWER_MS_MAX, undefined, { signal, ref: false }).then(() => {
          throw new Error(`a process of the benchmark has not answered for ${ANSWER_MS_MAX / 1000} s`)
        }),
      ])
    } finally {
      heard.abort()
    }
  }

  /** Hears everything that the process says from now on. */
  listen(hear: (answer: Answer) => void): void {
    this.#process.on('message', message => hear(message as Answer))
  }

  /** It ended by itself, which none is to do. */
  get hasFailed(): boolean {
    return this.#process.exitCode !== null
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  tell(command: Serializable): void {
    this.#process.send(command)
  }

  ask(command: Serializable): Promise<Answer> {
    const answer = this.next()
    this.tell(command)
    return answer
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await ended
  }
}

/** Where the compiled file is, also when this one runs from source. */
function compiled(file: string): string {
  const here = import.meta.url.endsWith('.ts') ? '../dist/bench/' : './'
  return fileURLToPath(new URL(`${here}${file}`, import.meta.url))
}
