import { expect, it } from 'vitest'
import { replayOf, runCampaign } from '../../src/sim/campaign.js'
import type { Run } from '../../src/sim/run.js'
import type { ScheduleOptions } from '../../src/sim/schedule.js'

const FULL = process.env.FULL === '1'
const SEEDS = FULL ? 2_000 : 200
const SHARDS = 8
const RUN_MS_MAX = 5_000

/** What a long series of runs must have met, often enough to say that it was tried. */
const MET = [
  'repairsForOthers',
  'nacksSuppressed',
  'tailsRecovered',
  'windowClosings',
  'sequenceWraps',
  'fragmentsRepaired',
] as const
const MET_MIN = 20
/** The same for what happens in few runs, in all parts of a FULL series together. */
const MET_SELDOM = [
  'fills',
  'ballotsOutbid',
  'valuesReproposed',
  'exclusions',
  'blocks',
  'crashesInJoin',
  'merges',
] as const

/** The same for the order classes, where they are mixed. */
const MET_ORDERING = [
  'causalWaits',
  'orderRuns',
  'orderedAtClose',
  'sequencerKills',
  'totalAcrossViews',
  'safeBeforeClose',
  'safeAtClose',
] as const

/** One of the parts into which the seeds are split, so that they run side by side. */
export function playSeeds(shard: number): void {
  const count = SEEDS / SHARDS
  const first = shard * count
  it(
    `seeds ${first} to ${first + count - 1} keep every promise`,
    async () => {
      const { failed, figures } = await runCampaign(first, count)
      expect(failed.map(run => report(run))).toEqual([])
      const rare = MET.filter(name => figures[name] < (FULL ? MET_MIN : 1))
      expect(rare).toEqual([])
      if (!FULL) return
      const wanted = [...MET_SELDOM, ...MET_ORDERING]
      const seldom = wanted.filter(name => figures[name] < MET_MIN / SHARDS)
      expect(seldom).toEqual([])
    },
    count * RUN_MS_MAX,
  )
}

/** What a larger group gets over takes the quorum of one of two, three or four. */
export function playSmallGroups(): void {
  const count = SEEDS / 20
  it.each([2, 3, 4])(
    'groups of %j keep every promise, too',
    async members => {
      const shape = { members, faults: 6 }
      const { failed } = await runCampaign(members * 1_000, count, shape)
      expect(failed.map(run => report(run, shape))).toEqual([])
    },
    count * RUN_MS_MAX,
  )
}

const report = ({ seed, violations }: Pick<Run, 'seed' | 'violations'>, shape?: ScheduleOptions): string =>
  [
    replayOf(seed, shape),
    ...violations.slice(0, 5).map(({ checker, process, what }) => `${checker}: ${process} ${what}`),
  ].join('\n')
