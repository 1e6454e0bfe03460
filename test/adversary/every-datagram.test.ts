import { describe, expect, test } from 'vitest'
import { describeFlight, harming, harms, play, type Scenario } from './explore.js'
import type { Player } from './player.js'
import type { World } from './world.js'

/**
 * Each single datagram of a view change, and pairs of them, lost, late or doubled: the change comes to the same end, and
 * no harm costs more than a retry. Delays are simulated, so that the bound is one of the protocol and not of a machine.
 */

const RETRIES_MS = 100

const everybodySends = (world: World, ...players: Player[]) => {
  for (const player of players) {
    player.send(2)
    world.in(1, () => player.send(1))
    world.in(30, () => player.send(1))
  }
}

const stories: Record<string, Scenario> = {
  'one joins': {
    group: ['a', 'b'],
    begin(world, a, b) {
      everybodySends(world, a, b)
      world.start('c').send(2)
    },
    stay: ['a', 'b', 'c'],
  },
  'one leaves': {
    group: ['a', 'b', 'c'],
    begin(world, a, b, c) {
      everybodySends(world, a, b)
      c.send(3)
      c.leave()
    },
    stay: ['a', 'b'],
  },
  'the coordinator leaves': {
    group: ['a', 'b'],
    begin(world, a, b) {
      everybodySends(world, b)
      a.send(3)
      a.leave()
    },
    stay: ['b'],
  },
  'the coordinator leaves, and then the next': {
    group: ['a', 'b', 'c'],
    begin(world, a, b, c) {
      c.send(2)
      a.leave()
      world.in(1, () => b.leave())
    },
    stay: ['c'],
  },
  'the coordinator leaves, another joins, a third leaves': {
    group: ['a', 'b', 'c'],
    begin(world, a, b, c) {
      b.send(2)
      a.leave()
      world.start('d').send(1)
      c.leave()
    },
    stay: ['b', 'd'],
  },
  'all leave': {
    group: ['a', 'b', 'c'],
    begin(_, ...players) {
      for (const player of players) {
        player.send(1)
        player.leave()
      }
    },
    stay: [],
  },
  'one joins and leaves at once': {
    group: ['a', 'b'],
    begin(world, a) {
      const c = world.start('c')
      world.in(4, () => {
        a.send(1)
        c.leave()
      })
    },
    stay: ['a', 'b'],
  },
}

describe.each(Object.entries(stories))('%s', (_, story) => {
  const { ms, flights, faults } = play(story, () => [0])
  const first = flights.filter(({ atMs }) => atMs <= flights[0].atMs + ms).slice(0, 24)

  test('undisturbed', () => {
    expect(faults).toEqual([])
  })

  test.each(Object.entries(harms))('with any one datagram %s', (_, copies) => {
    const found = first.flatMap(flight => {
      const outcome = play(story, harming([flight.index], copies))
      const isSlow = outcome.ms > ms + RETRIES_MS ? [`took ${outcome.ms} ms instead of ${ms}`] : []
      return [...outcome.faults, ...isSlow].map(fault => `${describeFlight(flight)}: ${fault}`)
    })
    expect(found).toEqual([])
  })
})

test('the coordinator leaves, with any two datagrams lost', () => {
  const story = stories['the coordinator leaves']
  const { ms, flights } = play(story, () => [0])
  const first = flights.filter(({ is }) => is !== 'data').slice(0, 14)
  const found = first.flatMap(one =>
    first.flatMap(other => {
      if (other.index <= one.index) return []
      const outcome = play(story, harming([one.index, other.index], []))
      const isSlow = outcome.ms > ms + 2 * RETRIES_MS ? [`took ${outcome.ms} ms instead of ${ms}`] : []
      return [...outcome.faults, ...isSlow].map(fault => `${describeFlight(one)}; ${describeFlight(other)}: ${fault}`)
    }),
  )
  expect(found).toEqual([])
})
