import type { Stats } from '../types.js'
import type { Actor } from './actor.js'
import type { Simulation } from './simulation.js'
import type { TraceLine } from './trace.js'

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
  'fills',
  'ballotsOutbid',
  'valuesReproposed',
  'exclusions',
  'merges',
  'blocks',
  'crashes',
  'crashesInJoin',
  'reforms',
  'causalWaits',
  'orderRuns',
  'orderedAtClose',
  'sequencerKills',
  'totalAcrossViews',
  'safeBeforeClose',
  'safeAtClose',
] as const

export function figuresOf(sim: Simulation, actors: readonly Actor[]): Figures {
  const figures = Object.fromEntries(FIGURES.map(name => [name, 0])) as Figures
  figures.members = actors.length
  figures.datagrams = sim.traffic.datagrams
  figures.packetsLost = sim.traffic.packetsLost
  for (const line of sim.trace) {
    if ('op' in line) figures.messages += line.op === 'leave' ? 0 : 1
    else if (line.event === 'message' || line.event === 'told') figures.deliveries++
    if ('event' in line && line.event === 'message' && line.safe === true) figures.safeBeforeClose++
  }
  figures.totalAcrossViews = totalAcrossViews(sim.trace)
  for (const { groups, crashes, crashesInJoin } of actors) {
    for (const group of groups) addStats(figures, group.stats())
    figures.crashes += crashes
    figures.crashesInJoin += crashesInJoin
  }
  return figures
}

function addStats(figures: Figures, stats: Stats): void {
  for (const name of FIGURES) {
    const value = name in stats ? stats[name as keyof Stats] : undefined
    if (typeof value === 'number') figures[name] += value
  }
}

/** How many lineages had total messages delivered in three of their views, or more. */
function totalAcrossViews(trace: readonly TraceLine[]): number {
  const lineageOf = new Map<string, string>()
  const views = new Map<string, Set<number>>()
  for (const line of trace) {
    if ('op' in line) continue
    if (line.event === 'view') lineageOf.set(line.process, line.lineage)
    else if (line.event === 'message' && line.order === 'total') {
      const lineage = lineageOf.get(line.process) ?? ''
      views.set(lineage, (views.get(lineage) ?? new Set()).add(line.view))
    }
  }
  return [...views.values()].filter(ids => ids.size >= 3).length
}
