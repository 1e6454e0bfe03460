import { afterEach, describe, expect, it, vi } from 'vitest'
import { FailureReports } from '../../src/node/failure-reports.js'
import { chooseInterface } from '../../src/node/interfaces.js'
import { NodeClock } from '../../src/node/node-clock.js'
import { NodeRandom } from '../../src/node/node-random.js'
import { probe } from '../../src/node/probe.js'
import { freePort } from './loopback.js'

describe("Node's clock", () => {
  const clock = new NodeClock()
  afterEach(() => clock.disarm())

  const firing = (atMs: number) => new Promise<number>(resolve => clock.arm(atMs, () => resolve(clock.now())))

  it('fires at the time it was armed for, never before', async () => {
    for (const waitMs of [0, 0.3, 1, 2.5, 7]) {
      const atMs = clock.now() + waitMs
      expect(await firing(atMs)).toBeGreaterThanOrEqual(atMs)
    }
  })

  it('fires once, for the last time it was armed for', async () => {
    const early = vi.fn()
    clock.arm(clock.now() + 1, early)
    const atMs = clock.now() + 12
    expect(await firing(atMs)).toBeGreaterThanOrEqual(atMs)
    expect(early).not.toHaveBeenCalled()
  })

  it('fires earlier when it is armed for an earlier time', async () => {
    clock.arm(clock.now() + 60_000, () => {})
    await firing(clock.now() + 2)
  })

  it('does not fire once disarmed', async () => {
    const fire = vi.fn()
    clock.arm(clock.now() + 1, fire)
    clock.disarm()
    // Timers fire in order: by then this one would have.
    const other = new NodeClock()
    await new Promise<void>(resolve => other.arm(other.now() + 3, resolve))
    expect(fire).not.toHaveBeenCalled()
  })

  it('can be armed again by what it fires', async () => {
    await firing(clock.now() + 1)
    await firing(clock.now() + 1)
  })

  it('defers to the end of the turn', async () => {
    const steps: string[] = []
    await new Promise<void>(resolve => {
      clock.defer(() => {
        steps.push('deferred')
        resolve()
      })
      queueMicrotask(() => steps.push('microtask'))
      steps.push('now')
    })
    expect(steps).toEqual(['now', 'microtask', 'deferred'])
  })
})

it("Node's random bits are 32, and not the same ones", () => {
  const random = new NodeRandom()
  const drawn = Array.from({ length: 5000 }, () => random.next())
  expect(drawn.every(bits => Number.isInteger(bits) && bits >= 0 && bits < 2 ** 32)).toBe(true)
  expect(new Set(drawn).size).toBeGreaterThan(4990)
  expect(drawn.some(bits => bits >= 2 ** 31)).toBe(true)
})

it('failed sends are reported at a bounded rate, those to closed ports never', () => {
  const reported: Error[] = []
  const reports = new FailureReports(error => reported.push(error))
  const failure = (code: string) => Object.assign(new Error(`send ${code}`), { code })
  for (let i = 0; i < 1000; i++) reports.add(failure('ECONNREFUSED'))
  expect(reported).toEqual([])
  for (let i = 0; i < 1000; i++) reports.add(failure('ENETUNREACH'))
  expect(reported).toHaveLength(1)
  expect(reported[0]).toMatchObject({ code: 'ERR_TUTTI_NETWORK', cause: { code: 'ENETUNREACH' } })
})

describe('a probe', () => {
  it('says what works on an interface', async () => {
    const { interfaces } = await probe({ interfaces: ['127.0.0.1'], port: freePort(), listenMs: 200 })
    expect(interfaces).toEqual([
      expect.objectContaining({ interface: 'lo', address: '127.0.0.1', multicast: true, heard: [], packetBytes: 1400 }),
    ])
  })

  it('hears other probes', async () => {
    const options = { interfaces: ['127.0.0.1'], port: freePort(), listenMs: 500 }
    const reports = await Promise.all([probe(options), probe(options)])
    for (const { interfaces } of reports) expect(interfaces[0].heard).toHaveLength(1)
  })

  it('says why an interface does not work', async () => {
    const { interfaces } = await probe({ interfaces: ['nix0'] })
    expect(interfaces[0]).toMatchObject({ multicast: false, advice: [expect.stringContaining('"nix0"')] })
  })

  it.each([
    ['interface', { interface: '127.0.0.1' }],
    ['interfaces', { interfaces: 'lo' }],
    ['listenMs', { listenMs: Number.NaN }],
    ['port', { port: 0 }],
    ['address', { address: '10.0.0.1' }],
  ])('tries nothing where %s is no such option', async (name, options) => {
    const refusal = { code: 'ERR_TUTTI_OPTION', message: expect.stringContaining(name) }
    await expect(probe(options as object)).rejects.toMatchObject(refusal)
  })
})

describe('the interface', () => {
  const refusal = (wanted: string, family: 4 | 6) => {
    try {
      return chooseInterface(wanted, family)
    } catch (error) {
      return (error as Error).message
    }
  }

  it('is told to be none of this host only where that is so', () => {
    expect(refusal('203.0.113.7', 4)).toContain('No network interface is called or has "203.0.113.7"')
    expect(refusal('127.0.0.1', 6)).toBe(
      "127.0.0.1 is an IPv4 address, and the group's is IPv6: give both of one family.",
    )
  })
})
