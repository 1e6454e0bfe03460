import { expect, test } from 'vitest'
import { describeFlight, killing, play, type Scenario } from './explore.js'
import { some } from './sampling.js'
import { everybodySends } from './stories.js'

/**
 * At each single datagram of a join, of a leave and of a change that puts out one who died, another process dies; the
 * datagram itself arrives, is lost, comes late or twice. The survivors end in one view, and whoever saw a view to its
 * end has the same messages of it as all others who did (the judge). Sent and killed in the middle of a multicast: the
 * receivers before this one get it, the others never.
 */

const stories: Record<string, { readonly story: Scenario; readonly victims: readonly string[] }> = {
  'one joins': {
    story: {
      group: ['a', 'b', 'c'],
      begin(world, a, b, c) {
        everybodySends(world, a, b, c)
        world.start('d').send(2)
      },
      stay: ['a', 'b', 'c', 'd'],
    },
    victims: ['a', 'c', 'd'],
  },
  'one leaves': {
    story: {
      group: ['a', 'b', 'c', 'd'],
      begin(world, a, b, _, d) {
        everybodySends(world, a, b)
        d.send(3)
        d.leave()
      },
      stay: ['a', 'b', 'c'],
    },
    victims: ['a', 'b', 'd'],
  },
  'the coordinator leaves': {
    story: {
      group: ['a', 'b', 'c', 'd'],
      begin(world, a, b, c) {
        everybodySends(world, b, c)
        a.send(3)
        a.leave()
      },
      stay: ['b', 'c', 'd'],
    },
    victims: ['a', 'b'],
  },
  'one has died': {
    story: {
      group: ['a', 'b', 'c', 'd', 'e'],
      begin(world, a, b, _, d, e) {
        everybodySends(world, a, b, d)
        e.send(3)
        world.in(0.05, () => e.crash())
      },
      stay: ['a', 'b', 'c', 'd', 'e'],
    },
    victims: ['a', 'b', 'd'],
  },
  'the coordinator has died': {
    story: {
      group: ['a', 'b', 'c', 'd', 'e'],
      begin(world, a, b, _, d) {
        everybodySends(world, b, d)
        a.send(3)
        world.in(0.05, () => a.crash())
      },
      stay: ['a', 'b', 'c', 'd', 'e'],
    },
    victims: ['b', 'c'],
  },
}

const harms: Readonly<Record<string, readonly number[]>> = {
  arrives: [0],
  'is lost': [],
  'is late': [1_000],
  'comes twice': [0, 400],
}
/** A crash costs its detection, and a ballot or two anew. */
const LIMIT_MS = 3_000

const cases = Object.entries(stories).flatMap(([name, { story, victims }]) =>
  victims.map(victim => ({ name, story, victim })),
)

test.each(cases)('$name: $victim dies at any one datagram', ({ story, victim }) => {
  const { ms, flights, faults } = play(story, () => [0])
  expect(faults).toEqual([])
  const found: string[] = []
  for (const [i, flight] of some(
    flights.filter(({ atMs }) => atMs <= flights[0].atMs + ms),
    8,
  ).entries()) {
    for (const [n, [harm, copies]] of Object.entries(harms).entries()) {
      if (process.env.FULL === undefined && n !== i % 4) continue
      const outcome = play(story, killing(victim, flight.index, copies))
      const isSlow = outcome.ms > ms + LIMIT_MS ? [`took ${outcome.ms} ms instead of ${ms}`] : []
      found.push(...[...outcome.faults, ...isSlow].map(fault => `${describeFlight(flight)} ${harm}: ${fault}`))
    }
  }
  expect(found).toEqual([])
})
