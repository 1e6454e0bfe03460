import { once } from 'node:events'
import type { Group } from '../group.js'
import type { Stats } from '../types.js'
import type { Violation } from './checkers/index.js'
import type { Fault, Schedule, ScheduledMember, ScheduledMessage } from './schedule.js'
import { Simulation } from './simulation.js'
import type { TraceLine } from './trace.js'

/** What became of one schedule. */
export interface Run {
  readonly seed: number
  /** Equal for equal seeds, options and programs. */
  readonly hash: string
  /** Empty if all promises were kept. */
  readonly violations: readonly Violation[]
  readonly trace: readonly TraceLine[]
  readonly figures: Figures
}

/** Counted over one run, or over many. */
export type Figures = Record<(typeof FIGURES)[number], number>

export const FIGURES = [
  'members',
  'messages',
  'deliveries',
  'datagrams',
  'packetsLost',
  'views',
  'nacksSent',
  'nacksSuppressed',
  'repairsSent',
  'repairsForOthers',
  'duplicates',
  'tailsRecovered',
  'windowClosings',
  'sequenceWraps',
  'fragmentsRepaired',
] as const

const GROUP = 'simulated'
const GONE: ReadonlySet<unknown> = new Set(['ERR_TUTTI_LEFT', 'ERR_TUTTI_NOT_MEMBER', 'ERR_TUTTI_FATE_UNKNOWN'])
/** How late a member may be with what the schedule has, before the run counts as stuck. */
const GRACE_MS = 30_000

/** Plays a schedule, and judges what came of it. */
export async function runSchedule(schedule: Schedule): Promise<Run> {
  const sim = new Simulation({ seed: schedule.seed })
  const groups = new Map<string, Group>()
  const doing = new Map<string, string>()
  const limits = schedule.windowBytesMax === undefined ? {} : { windowBytesMax: schedule.windowBytesMax }
  const actors = schedule.members.map(async member => {
    const { name } = member
    await sim.sleep(member.joinsAtMs)
    doing.set(name, 'join')
    const group = await sim.join(GROUP, { name, payloadChecksum: schedule.payloadChecksum, limits })
    groups.set(name, group)
    const reading = read(sim, group, member)
    doing.set(name, 'send')
    const sending = await speak(sim, group, messagesOf(schedule, name))
    if (member.leavesAtMs < Infinity) {
      await sim.sleep(Math.max(0, member.leavesAtMs - sim.nowMs))
      doing.set(name, 'leave')
      await group.leave()
      await reading
    }
    await taken(sending)
    doing.delete(name)
  })
  for (const fault of schedule.faults) strike(sim, fault)
  const acting = Promise.all(actors)
  // Looked at once time is up; until then a member that fails is nobody's unhandled rejection.
  acting.catch(() => {})
  const failure = await sim
    .run(schedule.durationMs)
    .then(() => sim.until(acting, GRACE_MS))
    .then(() => undefined, String)
  const violations = [...sim.check(), ...disagreements(schedule, groups)]
  if (failure !== undefined) {
    const who = [...doing].map(([name, what]) => `${name} could not ${what}; `).join('')
    violations.unshift({ checker: 'progress', process: '', what: `${who}${failure}` })
  }
  return { seed: schedule.seed, hash: sim.hash, violations, trace: sim.trace, figures: figuresOf(sim, groups) }
}

const messagesOf = (schedule: Schedule, name: string): readonly ScheduledMessage[] =>
  schedule.messages.filter(message => message.from === name)

/** Some members listen, others iterate and take their time. */
async function read(sim: Simulation, group: Group, member: ScheduledMember): Promise<void> {
  if (member.readsMs === 0) {
    const ignore = (): void => {}
    group.on('view', ignore).on('message', ignore).on('told', ignore)
    return
  }
  for await (const event of group) if (event.type !== 'view') await sim.sleep(member.readsMs)
}

/** Resolves when it has said all; what it sent may still wait for the window. */
async function speak(
  sim: Simulation,
  group: Group,
  messages: readonly ScheduledMessage[],
): Promise<readonly Promise<unknown>[]> {
  const sending: Promise<unknown>[] = []
  const send = (sent: Promise<unknown>): void => {
    // Looked at by `taken`; until then it is nobody's unhandled rejection.
    sent.catch(() => {})
    sending.push(sent)
  }
  for (const [i, message] of messages.entries()) {
    if (message.atMs > sim.nowMs) await sim.sleep(message.atMs - sim.nowMs)
    const data = dataOf(`${group.self.name}.${i}`, message.bytes)
    if (message.to !== undefined) send(group.tell(message.to, data))
    // Both ways of sending: the one waits in the group's queue, the other here.
    else if (i % 3 > 0) send(group.send(data))
    else while (!group.offer(data)) await once(group, 'drain')
  }
  return sending
}

/** Rejects if one was refused for another reason than that its sender, or who it was for, has left. */
async function taken(sending: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(sending)) {
    if (result.status === 'rejected' && !GONE.has(result.reason?.code)) throw result.reason
  }
}

/** Data that no other message has, and that is wrong if any part of it is lost or moved. Some of it is not text. */
function dataOf(id: string, length: number): string | Uint8Array {
  let text = `${id} `
  for (let part = 0; text.length < length; part++) text += `${id}:${part} `
  text = text.slice(0, Math.max(length, id.length + 1))
  if (length % 8 !== 0) return text
  const bytes = new TextEncoder().encode(text)
  bytes[bytes.length - 1] = 0xff
  return bytes
}

function strike(sim: Simulation, fault: Fault): void {
  sim.at(fault.atMs, () => {
    if (fault.kind === 'pause') sim.pause(fault.member, fault.untilMs - fault.atMs)
    else sim.at(fault.untilMs, begin(sim, fault))
  })
}

function begin(sim: Simulation, fault: Exclude<Fault, { kind: 'pause' }>): () => void {
  switch (fault.kind) {
    case 'loss':
    case 'duplicate':
    case 'reorder':
    case 'corrupt':
      return sim.impair({ [fault.kind]: fault.probability }, { to: fault.to })
    case 'delay':
      return sim.impair({ delayMs: fault.delayMs }, { to: fault.to })
    case 'cut':
      return sim.cut(fault.from, fault.to)
    case 'multicast-cut':
      return sim.cut(fault.from, fault.to, { multicastOnly: true })
    case 'partition':
      return sim.partition(...fault.sides)
  }
}

/** What no checker sees in a trace: that all who should be in one view at the end are. */
function disagreements(schedule: Schedule, groups: ReadonlyMap<string, Group>): Violation[] {
  const staying = schedule.members.filter(member => member.leavesAtMs === Infinity).map(member => member.name)
  const violations: Violation[] = []
  const expected = [...staying].sort().join(' ')
  for (const process of staying) {
    const members = groups.get(process)?.view.members.map(member => member.name)
    const found = members?.sort().join(' ') ?? 'nobody'
    if (found === expected) continue
    violations.push({ checker: 'agreement', process, what: `ended in a view of ${found}, not of ${expected}` })
  }
  return violations
}

function figuresOf(sim: Simulation, groups: ReadonlyMap<string, Group>): Figures {
  const figures = Object.fromEntries(FIGURES.map(name => [name, 0])) as Figures
  figures.members = groups.size
  figures.datagrams = sim.traffic.datagrams
  figures.packetsLost = sim.traffic.packetsLost
  for (const line of sim.trace) {
    if ('op' in line) figures.messages += line.op === 'leave' ? 0 : 1
    else if (line.event === 'message' || line.event === 'told') figures.deliveries++
  }
  for (const group of groups.values()) addStats(figures, group.stats())
  return figures
}

function addStats(figures: Figures, stats: Stats): void {
  for (const name of FIGURES) {
    const value = name in stats ? stats[name as keyof Stats] : undefined
    if (typeof value === 'number') figures[name] += value
  }
}
