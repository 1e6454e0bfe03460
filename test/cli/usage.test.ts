import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { run } from '../../src/cli/program.js'
import { type Ended, ownGroup, runTutti } from './pipe-process.js'

const FULL = process.env.FULL === '1'
const COMMANDS = ['demo', 'chat', 'pipe', 'probe', 'bench', 'sim']

/** Runs the command line in this process: for what starts nothing. */
async function say(...args: string[]): Promise<Ended> {
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map(name =>
    vi.spyOn(process[name], 'write').mockImplementation(text => {
      written[name] += text
      return true
    }),
  )
  const before = process.exitCode
  process.exitCode = 0
  try {
    await run(args)
    return { code: process.exitCode, ...written }
  } finally {
    process.exitCode = before
    for (const spy of spies) spy.mockRestore()
  }
}

describe('usage', () => {
  it.each(COMMANDS)('tutti %s --help has an example', async command => {
    const { code, stdout, stderr } = await say(command, '--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(new RegExp(`Examples?:[\\s\\S]*tutti ${command}`))
  })

  it('tutti --help names every command', async () => {
    const { code, stdout } = await say('--help')
    expect(code).toBe(0)
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^ +${command} `, 'm'))
  })

  it('the help ends without a word when its reader goes away', async () => {
    const { code, stderr } = await runTutti(['bench', '--help'], { reads: 'nothing' })
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
  })

  it('tutti --version', async () => {
    expect(await runTutti(['--version'])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: '',
    })
  })

  const wrong: [args: string, says: RegExp][] = [
    ['', /Usage: tutti/],
    ['fly', /unknown command/],
    ['--fly', /unknown option/],
    ['pipe', /missing required argument/],
    ['pipe orders birds', /too many arguments/],
    ['pipe orders --fly', /unknown option/],
    ['pipe orders --port none', /whole number/],
    ['demo --members 2', /3 to 16/],
    ['demo --loss 0.9', /0 to 0.5/],
    ['demo --seconds none', /above 0/],
    ['bench --sizes 0', /from 1 to/],
    ['bench --sizes 20000000', /from 1 to/],
    ['chat --name a', /missing required argument/],
    ['bench --members 1', /2 to 32/],
    ['bench w9', /w1, w2, w3, w4, w5/],
    ['bench --api iterator', /batch, message/],
    ['bench --loss 80', /0 to 50/],
    ['bench --loss few', /whole number/],
    ['bench --samples 0', /at least 1/],
    ['bench --repetitions 0', /at least 1/],
    ['bench --seconds 0', /above 0/],
    ['bench --svg', /argument missing/],
    ['sim --faults gremlins', /gremlins is none of loss, duplicate/],
    ['sim --orders total,random', /random is none of fifo, causal, total/],
    ['sim --seconds 1', /seconds must be at least 10, not 1/],
    ['sim --check absent/file', /no such file/],
    ['sim --seed 99999999999999999999', /seeds are integers/],
    ['probe --interface 127.0.0.1 --port 0', /port/],
    ['probe --interface 127.0.0.1 --address 1.2.3.4', /multicast address/],
  ]
  it.each(wrong)('tutti %s: exit code 2', async (args, says) => {
    const { code, stderr } = await say(...args.split(' ').filter(arg => arg !== ''))
    expect(stderr).toMatch(says)
    expect(stderr).not.toMatch(/^ {4}at /m)
    expect(code).toBe(2)
  })

  const refused: [options: string, says: RegExp][] = [
    ['--port 70000', /ERR_TUTTI_OPTION/],
    [`--name ${'x'.repeat(256)}`, /1 to 255 bytes.*ERR_TUTTI_OPTION/],
    ['--expect 0', /ERR_TUTTI_OPTION/],
    ['--peers here', /ERR_TUTTI_OPTION/],
    ['--order random', /ERR_TUTTI_OPTION/],
    ['--faults loss=2', /ERR_TUTTI_OPTION/],
    ['--partition continue', /ERR_TUTTI_UNSUPPORTED/],
    ['--log dir', /ERR_TUTTI_UNSUPPORTED.*\n$/],
    ['--sync always', /ERR_TUTTI_UNSUPPORTED/],
    ['--state', /ERR_TUTTI_UNSUPPORTED/],
    ['--secret-file file', /ERR_TUTTI_UNSUPPORTED/],
  ]
  it.concurrent.each(refused)('tutti pipe orders %s: exit code 2', async (options, says) => {
    const { code, stderr } = await runTutti(['pipe', 'orders', ...options.split(' ')])
    expect(stderr).toMatch(says)
    expect(stderr).not.toMatch(/^ {4}at /m)
    expect(code).toBe(2)
  })

  it('a failure is one sentence on standard error, and exit code 1', async () => {
    const { code, stderr } = await runTutti(['pipe', 'orders', '--interface', 'nothing0'])
    expect(stderr).toMatch(/^tutti: .*nothing0.*\(ERR_TUTTI_INTERFACE\)\n$/)
    expect(code).toBe(1)
  })
})

describe('demo', () => {
  it('shows equal digests, without colour when piped', async () => {
    const { code, stdout, stderr } = await runTutti(['demo', '--seconds', '2'])
    expect(stderr).toBe('')
    expect(stdout).toMatch(/view \d+: /)
    expect(stdout).toMatch(/kill -9 of cello\n[\s\S]*cello is started again\n/)
    expect(stdout).toMatch(/Digests are equal\./)
    expect(stdout).not.toContain('\x1b')
    expect(code).toBe(0)
  })

  it('ends without a word when its reader goes away', async () => {
    const { code, stderr } = await runTutti(['demo', '--seconds', '2', '--members', '3'], { reads: 'some' })
    expect(stderr).toBe('')
    expect(code).toBe(1)
  })

  it('gives figures as JSON', async () => {
    const { code, stdout } = await runTutti(['demo', '--seconds', '2', '--members', '3', '--loss', '0.2', '--json'])
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({ equal: true, faults: [] })
    expect(result.repairs).toBeGreaterThan(0)
    expect(result.delivered).toBeGreaterThan(result.sent)
    // One joined late, one was killed and one left: nobody but the witness saw every view, and each view had its digest from all in it.
    expect(result.views.length).toBeGreaterThanOrEqual(2)
    for (const { members } of result.views) {
      const digests = Object.values(members).map(account => (account as { digest: string }).digest)
      expect(new Set(digests).size).toBe(1)
    }
    expect(code).toBe(0)
  })
})

describe('chat', () => {
  it('says what was said, and who is there', async () => {
    const { code, stdout } = await runTutti(['chat', ...ownGroup(), '--name', 'alice'], {
      input: 'hello\n\nbye \u001b[2J\n',
    })
    expect(stdout).toBe('here: alice\nalice: hello\nalice: bye [2J\n')
    expect(code).toBe(0)
  })
})

describe('chat that cannot write', () => {
  it('says that not all of its input was sent', async () => {
    const input = 'hello\n'.repeat(20_000)
    const { code, stderr } = await runTutti(['chat', ...ownGroup(), '--name', 'alice'], { reads: 'nothing', input })
    expect(stderr).toBe('tutti: not all of the input was sent: write EPIPE (ERR_TUTTI_LEFT)\n')
    expect(code).toBe(1)
  })
})

describe('commands whose reader goes away', () => {
  it.each([
    ['chat', ...ownGroup(), '--name', 'alice'],
    ['sim', '--seed', '1', '--members', '2', '--seconds', '10', '--messages', '5'],
  ])('tutti %s: no stack trace', async (...args) => {
    const input = 'hello\n'.repeat(50)
    const { code, stderr } = await runTutti(args, { reads: 'some', input })
    expect(stderr).not.toMatch(/^ {4}at /m)
    expect(code).toBeLessThan(2)
  })
})

describe('bench', () => {
  it('gives figures and ratios as JSON, with progress on standard error', async () => {
    const args = ['--sizes', '1000', '--members', '2', '--seconds', '0.3', '--repetitions', '1', '--json']
    const { code, stdout, stderr } = await runTutti(['bench', 'w1', ...args])
    const { results } = JSON.parse(stdout)
    expect(results).toMatchObject([
      { workload: 'W1', members: 2, senders: 2, bytes: 1000, order: 'fifo', api: 'batch' },
      { workload: 'W1', members: 2, senders: 2, bytes: 1000, order: 'fifo', api: 'message' },
      { workload: 'one to one', members: 2, senders: 1, bytes: 1000, order: 'fifo', api: 'batch' },
      { workload: 'one to one', members: 2, senders: 1, bytes: 1000, order: 'fifo', api: 'message' },
    ])
    for (const { tutti, ceiling, ratio } of results) {
      expect(tutti.messagesPerSecond).toBeGreaterThan(0)
      expect(ratio).toBeCloseTo(tutti.messagesPerSecond / ceiling.messagesPerSecond)
    }
    expect(stderr.trim().split('\n')).toHaveLength(1 + 6)
    expect(code).toBe(0)
  })

  it.runIf(FULL)('compares orders, takes latencies, and draws them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tutti-bench-'))
    const file = join(folder, 'results.svg')
    const small = ['--sizes', '100', '--members', '2', '--seconds', '0.3', '--repetitions', '1', '--samples', '20']
    try {
      const { code, stdout } = await runTutti(['bench', 'w2', 'w3', ...small, '--json', '--svg', file])
      const { results, latency } = JSON.parse(stdout)
      expect(results).toMatchObject([
        { workload: 'W2', order: 'fifo', safe: false, ofFifo: 1 },
        { workload: 'W2', order: 'causal', safe: false },
        { workload: 'W2', order: 'total', safe: false },
        { workload: 'W2', order: 'total', safe: true },
      ])
      expect(latency.points.map(({ load }: { load: number }) => load)).toEqual([0, 0.1, 0.5, 0.8])
      for (const { p50Ms, p99Ms, samples } of [latency.echo, ...latency.points]) {
        expect(p50Ms).toBeGreaterThan(0)
        expect(p99Ms).toBeGreaterThanOrEqual(p50Ms)
        expect(samples).toBeGreaterThan(0)
      }
      expect(await readFile(file, 'utf8')).toMatch(
        /^<svg [\s\S]*Throughput by size[\s\S]*Latency in total order[\s\S]*<\/svg>\n$/,
      )
      expect(code).toBe(0)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it.runIf(FULL)('measures goodput under loss, or says why not; and leaves nothing behind', async () => {
    const small = ['--loss', '0,20', '--members', '2', '--seconds', '0.3', '--repetitions', '1']
    const { code, stdout } = await runTutti(['bench', 'w5', ...small, '--json'])
    const { loss } = JSON.parse(stdout)
    expect(code).toBe(0)
    if (loss.skipped !== undefined) return expect(loss.skipped).toMatch(/root|installed|namespaces/)
    expect(loss.points).toMatchObject([
      { lossPercent: 0, order: 'fifo', dropped: { packets: 0 } },
      { lossPercent: 0, order: 'total', dropped: { packets: 0 } },
      { lossPercent: 20, order: 'fifo' },
      { lossPercent: 20, order: 'total' },
    ])
    for (const { lossPercent, dropped } of loss.points) {
      expect(dropped.packets > 0).toBe(lossPercent > 0)
      expect(dropped.bytesMean).toBeLessThan(1500)
    }
  })

  it.runIf(FULL)('kills, stops and adds members, and says how long each took', async () => {
    const { code, stdout } = await runTutti(['bench', 'w4', '--repetitions', '1', '--json'])
    const { results, failover } = JSON.parse(stdout)
    expect(results).toEqual([])
    const events = ['kill -9 of a member', 'one joins', 'kill -9 of the coordinator', 'SIGSTOP of a member']
    expect(failover.failovers.map(({ event }: { event: string }) => event)).toEqual([...events, 'ten join at once'])
    for (const { viewMs, gapMs, views } of failover.failovers) {
      for (const { median } of [viewMs, gapMs, views]) expect(median).toBeGreaterThan(0)
    }
    expect(code).toBe(0)
  })
})

describe('probe', () => {
  it('says what works', async () => {
    const { code, stdout } = await runTutti(['probe', '--interface', '127.0.0.1', '--seconds', '0.3'])
    expect(stdout).toMatch(/\(127\.0\.0\.1\): multicast works/)
    expect(code).toBe(0)
  })

  it('fails with advice where nothing works', async () => {
    const { code, stdout } = await runTutti(['probe', '--interface', 'nothing0', '--seconds', '0.3', '--json'])
    const { interfaces } = JSON.parse(stdout)
    expect(interfaces).toMatchObject([{ multicast: false, advice: [expect.stringContaining('nothing0')] }])
    expect(code).toBe(1)
  })
})
