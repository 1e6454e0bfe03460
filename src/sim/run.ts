import { Actor } from './actor.js'
import type { Violation } from './checkers/index.js'
import type { Fault } from './faults.js'
import { type Figures, figuresOf } from './figures.js'
import { Operator } from './operator.js'
import type { Schedule } from './schedule.js'
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

/** How late a member may be with what the schedule has, before the run counts as stuck. */
const GRACE_MS = 30_000

/** Plays a schedule, and judges what came of it. */
export async function runSchedule(schedule: Schedule): Promise<Run> {
  const sim = new Simulation({ seed: schedule.seed })
  const actors = schedule.members.map(member => new Actor(sim, member, schedule))
  const healedAtMs = Math.max(0, ...schedule.faults.map(fault => fault.untilMs))
  const operator = new Operator(sim, actors, () => sim.nowMs >= healedAtMs)
  let sequencerKills = 0
  const onKill = (): void => {
    sequencerKills++
  }
  for (const fault of schedule.faults) strike(sim, fault, actors, onKill)
  for (const actor of actors) void actor.live()
  const isDone = () => actors.every(({ doing, failure }) => doing === null || failure !== null)
  const failure = await sim
    .run(schedule.durationMs)
    .then(() => sim.runUntil(isDone, GRACE_MS))
    .then(() => null, String)
  const violations = [...sim.check(), ...disagreements(schedule, actors)]
  for (const actor of actors) {
    if (actor.doing === null) continue
    const what = `could not ${actor.doing}: ${actor.failure ?? failure}`
    violations.unshift({ checker: 'progress', process: actor.name, what })
  }
  const figures = figuresOf(sim, actors)
  figures.reforms = operator.reforms
  figures.sequencerKills = sequencerKills
  return { seed: schedule.seed, hash: sim.hash, violations, trace: sim.trace, figures }
}

/** @param onKill  a sequencer was killed at its work */
function strike(sim: Simulation, fault: Fault, actors: readonly Actor[], onKill: () => void): void {
  sim.at(fault.atMs, () => {
    const actor = 'member' in fault ? actors.find(({ name }) => name === fault.member) : undefined
    if (fault.kind === 'crash') actor!.crash({ ...fault, backAtMs: fault.untilMs })
    else if (fault.kind === 'ambush' || fault.kind === 'order-ambush') ambush(sim, fault, actors, onKill)
    else if (fault.kind === 'pause') actor!.pause(fault.untilMs - fault.atMs)
    else sim.at(fault.untilMs, begin(sim, fault))
  })
}

type Ambush = Fault & { kind: 'ambush' | 'order-ambush' }

const OF_SEQUENCER: ReadonlySet<string> = new Set(['total', 'order', 'ordered'])

function ambush(sim: Simulation, { step, untilMs }: Ambush, actors: readonly Actor[], onKill: () => void): void {
  const end = sim.onStep(step, name => {
    end()
    if (OF_SEQUENCER.has(step)) onKill()
    const kill = () => actors.find(actor => actor.name === name)?.crash({ backAtMs: untilMs, isSilent: false })
    // Who has announced an order delivers by it in the same turn: it dies in the middle of that.
    if (step === 'ordered') kill()
    // Not within the call that sends: a process dies between two instructions, and what it has sent is on its way.
    else sim.at(sim.nowMs, kill)
  })
  sim.at(untilMs, end)
}

function begin(
  sim: Simulation,
  fault: Exclude<Fault, { kind: 'pause' | 'crash' | 'ambush' | 'order-ambush' }>,
): () => void {
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
function disagreements(schedule: Schedule, actors: readonly Actor[]): Violation[] {
  const staying = schedule.members.filter(member => member.leavesAtMs === Infinity).map(member => member.name)
  const violations: Violation[] = []
  const expected = [...staying].sort().join(' ')
  for (const process of staying) {
    const group = actors.find(({ name }) => name === process)?.group
    const members = group?.view.members.map(member => member.name)
    const found = members?.sort().join(' ') ?? 'nobody'
    if (found === expected) continue
    violations.push({ checker: 'agreement', process, what: `ended in a view of ${found}, not of ${expected}` })
  }
  return violations
}
