import { SeededRandom } from '../../src/sim/random.js'

/** Steps of a view change at which a member may die, with some of the others having heard it and others not. */
const STEPS = ['prepare', 'promise', 'fill', 'filled', 'accept', 'accepted', 'decide', 'suspect', 'invite'] as const

export type Step = (typeof STEPS)[number]

/** Something that happens. Members are meant by number, in order of their start; who is not there any more is spared. */
export type Incident = { readonly atMs: number } & (
  | { readonly kind: 'send'; readonly who: number; readonly bytes: number; readonly count: number }
  | { readonly kind: 'start' }
  /** A new process under the name of one that is dead or, if `isLive`, is not. */
  | { readonly kind: 'restart'; readonly who: number; readonly isLive: boolean }
  | { readonly kind: 'leave'; readonly who: number }
  /** `isSilent`: its host is gone too. */
  | { readonly kind: 'crash'; readonly who: number; readonly isSilent: boolean }
  /** Who sends the `nth` such packet from here on dies of it, after so many others got it. */
  | { readonly kind: 'ambush'; readonly step: Step; readonly nth: number; readonly reach: number }
  /** `isDeaf`: what comes meanwhile is lost. */
  | { readonly kind: 'pause'; readonly who: number; readonly ms: number; readonly isDeaf: boolean }
  | { readonly kind: 'cut'; readonly from: number; readonly to: number; readonly ms: number }
  | { readonly kind: 'deafen' | 'mute'; readonly who: number; readonly ms: number }
  | { readonly kind: 'partition'; readonly side: readonly number[]; readonly ms: number }
  | { readonly kind: 'lose'; readonly step: Step | 'data'; readonly to: number; readonly ms: number }
  | { readonly kind: 'loss'; readonly chance: number; readonly ms: number }
  | { readonly kind: 'delay'; readonly upToMs: number; readonly ms: number }
  /** An operator takes the way out too early: who hears no quorum founds the group anew, though others may live. */
  | { readonly kind: 'reform'; readonly who: number }
  /** `isDeaf`: no multicast comes to it, else none of its own gets out; unicast is as it was. */
  | { readonly kind: 'path'; readonly who: number; readonly isDeaf: boolean; readonly ms: number }
)

/** One story: who is there at first, what happens to them, and when. */
export interface Plot {
  readonly seed: number
  readonly members: number
  /** They are a group at first, or two that cannot hear each other, or start all at once, in the middle of it. */
  readonly beginning: 'group' | 'apart' | 'together'
  readonly incidents: readonly Incident[]
}

const DRAWN = [
  'send',
  'send',
  'start',
  'restart',
  'leave',
  'crash',
  'crash',
  'ambush',
  'ambush',
  'ambush',
  'pause',
  'pause',
  'cut',
  'cut',
  'deafen',
  'mute',
  'partition',
  'lose',
  'lose',
  'loss',
  'delay',
] as const

export function plotOf(seed: number): Plot {
  const random = new SeededRandom(seed).fork()
  const members = 3 + random.below(4)
  const beginning = random.pick(['group', 'group', 'group', 'group', 'apart', 'together'] as const)
  const incidents: Incident[] = []
  let atMs = 0
  const isStorm = random.chance(0.3)
  const count = isStorm ? 6 + random.below(8) : 3 + random.below(8)
  for (let i = 0; i < count; i++) {
    // What breaks an agreement is mostly what happens while the last thing is dealt with.
    atMs += random.below(isStorm ? 40 : random.pick([3, 30, 30, 300, 1_500]))
    incidents.push({ atMs, ...incidentOf(random.pick(DRAWN), members, random) } as Incident)
    if (random.chance(0.4)) incidents.push({ atMs, ...incidentOf('send', members, random) } as Incident)
  }
  // Last, so that each of these leaves the rest of a seed's story as it was.
  const at = () => random.below(atMs + 3_000)
  if (random.chance(0.15)) incidents.push({ atMs: at(), kind: 'reform', who: random.below(members) })
  if (random.chance(0.15)) {
    const ms = random.below(random.pick([2_000, 8_000]))
    incidents.push({ atMs: at(), kind: 'path', who: random.below(members), isDeaf: random.chance(0.5), ms })
  }
  incidents.sort((a, b) => a.atMs - b.atMs)
  return { seed, members, beginning, incidents }
}

function incidentOf(kind: (typeof DRAWN)[number], members: number, random: SeededRandom): object {
  const who = random.below(members + 2)
  const ms = random.below(random.pick([100, 900, 900, 6_000]))
  switch (kind) {
    case 'send':
      return { kind, who, bytes: random.pick([20, 20, 700, 5_000, 40_000, 150_000]), count: 1 + random.below(4) }
    case 'start':
      return { kind }
    case 'restart':
      return { kind, who, isLive: random.chance(0.2) }
    case 'leave':
      return { kind, who }
    case 'crash':
      return { kind, who, isSilent: random.chance(0.4) }
    case 'ambush':
      return { kind, step: random.pick(STEPS), nth: 1 + random.below(3), reach: random.below(members) }
    case 'pause':
      return { kind, who, ms: random.chance(0.1) ? 30_000 : ms, isDeaf: random.chance(0.5) }
    case 'cut':
      return { kind, from: who, to: random.below(members), ms }
    case 'deafen':
    case 'mute':
      return { kind, who, ms }
    case 'partition':
      return { kind, side: Array.from({ length: members + 2 }, (_, i) => i).filter(() => random.chance(0.5)), ms }
    case 'lose':
      return { kind, step: random.chance(0.3) ? 'data' : random.pick(STEPS), to: who, ms }
    case 'loss':
      return { kind, chance: random.pick([0.05, 0.2, 0.5]), ms }
    case 'delay':
      return { kind, upToMs: random.pick([3, 20, 100]), ms }
  }
}

/** Leaves out whatever is not needed for `fails` to stay true. */
export function shrink(plot: Plot, fails: (plot: Plot) => boolean): Plot {
  let smallest = plot
  for (let i = plot.incidents.length - 1; i >= 0; i--) {
    const fewer = { ...smallest, incidents: smallest.incidents.filter((_, j) => j !== i) }
    if (fails(fewer)) smallest = fewer
  }
  while (smallest.members > 2) {
    const fewer = { ...smallest, members: smallest.members - 1 }
    if (!fails(fewer)) break
    smallest = fewer
  }
  return smallest
}
