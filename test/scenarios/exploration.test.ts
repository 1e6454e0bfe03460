import { expect, test } from 'vitest'
import { judge } from './judge.js'
import { play } from './play.js'
import { plotOf, shrink } from './plot.js'

const FULL = process.env.FULL === '1'
const SEEDS = FULL ? 4_000 : 120
const SHARDS = FULL ? 20 : 2

/** For each fault the seed, and the least that leads to one. */
function explore(first: number, count: number): string[] {
  const reports: string[] = []
  for (let seed = first; seed < first + count; seed++) {
    const plot = plotOf(seed)
    const faults = judge(play(plot))
    if (faults.length === 0) continue
    const least = shrink(plot, each => judge(play(each)).length > 0)
    reports.push([`seed ${seed}`, ...faults.slice(0, 3), JSON.stringify(least)].join('\n'))
  }
  return reports
}

for (let shard = 0; shard < SHARDS; shard++) {
  const count = SEEDS / SHARDS
  const first = 1 + shard * count
  test(`plots ${first} to ${first + count - 1}: one view follows another, for all who go on, and nobody is stuck`, () => {
    expect(explore(first, count)).toEqual([])
  }, 300_000)
}
