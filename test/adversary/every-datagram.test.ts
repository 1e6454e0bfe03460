import { describe, expect, test } from 'vitest'
import { describeFlight, harming, harms, play, RETRIES_MS } from './explore.js'
import { some } from './sampling.js'
import { stories } from './stories.js'

/**
 * Each single datagram of a view change, and pairs of them, lost, late or doubled: the change comes to the same end, and
 * no harm costs more than a retry. Delays are simulated, so that the bound is one of the protocol and not of a machine.
 */

describe.each(Object.entries(stories))('%s', (_, story) => {
  const { ms, flights, faults } = play(story, () => [0])
  const first = some(
    flights.filter(({ atMs }) => atMs <= flights[0].atMs + ms),
    8,
  )

  test('undisturbed', () => {
    expect(faults).toEqual([])
  })

  test.each(Object.entries(harms))('with any one datagram %s', (_, copies) => {
    const found = first.flatMap(flight => {
      const outcome = play(story, harming([flight.index], copies))
      const isSlow = outcome.ms > ms + (story.retriesMs ?? RETRIES_MS) ? [`took ${outcome.ms} ms instead of ${ms}`] : []
      return [...outcome.faults, ...isSlow].map(fault => `${describeFlight(flight)}: ${fault}`)
    })
    expect(found).toEqual([])
  })
})

test('the coordinator leaves, with any two datagrams lost', () => {
  const story = stories['the coordinator leaves']
  const { ms, flights } = play(story, () => [0])
  const first = flights.filter(({ is }) => is !== 'data').slice(0, process.env.FULL ? 14 : 9)
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
