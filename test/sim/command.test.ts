import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
const MINUTE_MS = 60_000
const FULL = process.env.FULL === '1'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tutti-sim-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** `tutti sim` in a process of its own. */
function sim(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [MAIN, 'sim', ...args], (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })
}

it(
  'equal seeds give equal runs in separate processes',
  async () => {
    const seeds = FULL ? 20 : 4
    const args = ['--seed', '1000', '--seeds', String(seeds), '--json']
    const [one, other] = await Promise.all([1, 2].map(() => sim(...args)))
    expect(one.code).toBe(0)
    const { hashes } = JSON.parse(one.out)
    expect(hashes).toHaveLength(seeds)
    expect(new Set(hashes).size).toBe(seeds)
    expect(JSON.parse(other.out).hashes).toEqual(hashes)
  },
  4 * MINUTE_MS,
)

it(
  'writes a trace that it judges as the run was judged, and catches one with a line missing',
  async () => {
    const file = join(folder, 'trace.jsonl')
    const run = await sim(
      '--seed',
      '7',
      '--members',
      '3',
      '--seconds',
      '20',
      '--messages',
      '30',
      '--faults',
      'loss',
      '--trace',
      file,
    )
    expect(run.out).toContain('held in all: integrity, no-duplication, fifo, self-delivery, termination')
    expect(await sim('--check', file)).toMatchObject({ code: 0, out: expect.stringContaining('fifo: held') })

    const lines = (await readFile(file, 'utf8')).trim().split('\n')
    const lost = lines.findLastIndex(line => JSON.parse(line).event === 'message')
    await writeFile(file, lines.toSpliced(lost, 1).join('\n'))
    const broken = await sim('--check', file, '--json')
    expect(broken.code).toBe(1)
    expect(JSON.parse(broken.out)).toMatchObject({ held: false, lines: lines.length - 1, processes: 3 })
  },
  MINUTE_MS,
)

it('refuses a file that is no trace, with a sentence and exit code 2', async () => {
  const file = join(folder, 'no-trace.jsonl')
  await writeFile(file, '{"process":"a"}\n')
  const { code, err } = await sim('--check', file)
  expect(err).toContain('line 1: neither a command (`op`) nor an event (`event`)')
  expect(code).toBe(2)
})
