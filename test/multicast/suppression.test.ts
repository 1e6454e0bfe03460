import { expect, test } from 'vitest'
import { Experiment, expectedNacks, summary } from '../../bench/suppression-experiment.js'

const TRIALS = 500

test.each([10, 100, 1000])('x %i', n => {
  const t = performance.now()
  console.log(
    n,
    expectedNacks(n, 4),
    summary(new Experiment(n, 1), TRIALS, () => n),
    summary(new Experiment(n, 2), TRIALS, () => 1),
    performance.now() - t,
  )
  expect(1).toBe(1)
})
