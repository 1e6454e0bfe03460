import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'

const TICKS_PER_SECOND = 100
/** Nothing that is asked for takes longer. */
const WAIT_MS_MAX = 60_000

const running = new Set()
process.on('exit', () => {
  for (const each of running) each.kill('SIGKILL')
})

/** A program of a peer, and the lines that it has written. */
export class LineProcess {
  lines = []
  #child
  #errors = ''
  #name
  #ended

  constructor([program, ...args], env = {}) {
    this.#name = program === 'ip' ? args[3] : program
    this.#child = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'pipe' })
    running.add(this.#child)
    this.#child.stdin.on('error', () => {})
    this.#ended = once(this.#child, 'close').then(([code]) => {
      running.delete(this.#child)
      return code
    })
    this.#child.stderr.setEncoding('utf8').on('data', text => {
      this.#errors = (this.#errors + text).slice(-2000)
    })
    createInterface({ input: Readable.from(this.#child.stdout) }).on('line', line => {
      this.lines.push({ atMs: performance.now(), line })
      this.#child.emit('line')
    })
  }

  get pid() {
    return this.#child.pid
  }

  get ended() {
    return this.#ended
  }

  tell(command) {
    this.#child.stdin.write(`${command}\n`)
  }

  /** The first line from `from` on that is `wanted`, as it is or once it comes. */
  async line(wanted, from = 0) {
    const signal = AbortSignal.timeout(WAIT_MS_MAX)
    for (;;) {
      const found = this.lines.slice(from).find(({ line }) => wanted.test(line))
      if (found !== undefined) return found
      const code = await Promise.race([
        once(this.#child, 'line', { signal }).then(() => undefined),
        this.#ended.then(code => `ended with exit code ${code}`),
      ]).catch(() => `did not say ${wanted}`)
      if (code !== undefined) throw new Error(`${this.#name} ${code}: ${this.#errors}`)
    }
  }

  /** What a member answers to 'sample', with the CPU time of it and of `others` that work for it. */
  async sample(others = []) {
    const from = this.lines.length
    this.tell('sample')
    const { line } = await this.line(/^\{/, from)
    return { ...JSON.parse(line), cpuMicros: cpuMicros([this, ...others]) }
  }

  async stop() {
    this.#child.kill('SIGKILL')
    await this.#ended
  }
}

/** User and system time of processes, threads included. */
export function cpuMicros(processes) {
  let ticks = 0
  for (const { pid } of processes) {
    // The name, in brackets, may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return (ticks * 1e6) / TICKS_PER_SECOND
}
