import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { Namespaces } from '../../bench/namespaces.js'
import { checkTrace } from '../../src/sim/checkers/index.js'
import { killAll, ownGroup, PipeProcess, traceOf } from '../cli/pipe-process.js'

const isFull = process.env.FULL === '1'
const isRoot = process.getuid?.() === 0
const MEMBERS = 4
const SECONDS = 4
const PADDING = 'x'.repeat(1000)

/** The run of `.ci/run` with FULL=1: four processes, all sending, judged by the checkers over what their pipes said. */
describe.skipIf(!isFull)('four processes (FULL=1)', { timeout: 120_000 }, () => {
  afterEach(killAll)

  it.each([0, 10])('on loopback, %i percent loss', async lossPercent => {
    const faults = ['--faults', `loss=${lossPercent / 100}`, '--seed', '1']
    const members = start(i => [...(lossPercent > 0 ? faults : []), '--seed', String(i)])
    await allDeliverAll(members)
    const repairs = await repairsOf(members)
    if (lossPercent > 0) expect(repairs).toBeGreaterThan(0)
    await allLeave(members)
  })

  describe.skipIf(!isRoot)('between network namespaces (root only)', () => {
    it.each([0, 10])('%i percent loss', async lossPercent => {
      const hosts = new Namespaces(MEMBERS, lossPercent)
      onTestFinished(() => hosts.remove())
      const members = start(() => [], hosts)
      await allDeliverAll(members)
      if (lossPercent > 0) {
        const { packets, bytes } = hosts.dropped
        expect(packets).toBeGreaterThan(0)
        // Single packets, as a network loses them: not trains.
        expect(bytes / packets).toBeLessThan(1500)
        expect(await repairsOf(members)).toBeGreaterThan(0)
      }
      await allLeave(members)
    })
  })
})

function start(optionsOf: (i: number) => readonly string[], hosts?: Namespaces): PipeProcess[] {
  const [group, , , ...port] = ownGroup()
  const at = hosts === undefined ? '127.0.0.1' : 'eth0'
  return Array.from({ length: MEMBERS }, (_, i) => {
    const options = [group, '--interface', at, ...port, '--expect', String(MEMBERS), ...optionsOf(i)]
    return new PipeProcess(`member-${i}`, options, hosts?.launcher(i))
  })
}

/** All send; then every member has delivered every message once, in order, and no checker finds a fault. */
async function allDeliverAll(
  members: readonly PipeProcess[],
  send = (member: PipeProcess) => member.sendFor(SECONDS, PADDING),
): Promise<void> {
  await Promise.all(members.map(member => member.first('view')))
  const sent = await Promise.all(members.map(send))
  const all = sent.reduce((sum, count) => sum + count)
  await Promise.all(members.map(member => member.until(() => member.of('message').length >= all)))
  for (const receiver of members) {
    const next = new Map<string, number>()
    for (const { from, data } of receiver.of('message')) {
      const n = next.get(from) ?? 0
      if (data !== `${from} ${n} ${PADDING}`)
        expect.fail(`${receiver.name} expected ${from} ${n}, got ${data.slice(0, 20)}`)
      next.set(from, n + 1)
    }
    expect(members.map(({ name }) => next.get(name))).toEqual(sent)
  }
  expect(checkTrace(traceOf(members))).toEqual([])
}

async function repairsOf(members: readonly PipeProcess[]): Promise<number> {
  const stats = await Promise.all(members.map(member => member.stats()))
  return stats.reduce((sum, each) => sum + each.repairsSent, 0)
}

async function allLeave(members: readonly PipeProcess[]): Promise<void> {
  const codes = await Promise.all(members.map(member => member.leave()))
  expect(codes).toEqual(members.map(() => 0))
}
