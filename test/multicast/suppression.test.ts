import { describe, expect, test } from 'vitest'
import { Experiment, expectedNacks, summary, withoutSuppression } from '../../bench/suppression-experiment.js'

const TRIALS = 500
const K = 4

test('RFC 5401 expects 1.6, 2.3 and 3.3 NACKs of 10, 100 and 1,000 receivers', () => {
  expect([10, 100, 1000].map(receivers => expectedNacks(receivers, K).toFixed(1))).toEqual(['1.6', '2.3', '3.3'])
})

describe.each([10, 100, 1000])('%i receivers', receivers => {
  test('that all lose one packet send as many NACKs as RFC 5401 expects, and wait two round trips', () => {
    const { nacks, medianRecovery } = summary(new Experiment(receivers, 1), TRIALS, () => receivers)
    const expected = expectedNacks(receivers, K)
    expect(nacks).toBeGreaterThan(0.75 * expected)
    expect(nacks).toBeLessThan(1.25 * expected)
    expect(medianRecovery).toBeGreaterThan(1.4)
    expect(medianRecovery).toBeLessThan(2.4)
  })

  test('without suppression all send one, and wait one round trip', () => {
    const { nacks, nacksMax, medianRecovery } = summary(
      new Experiment(receivers, 1, withoutSuppression),
      3,
      () => receivers,
    )
    expect([nacks, nacksMax, medianRecovery]).toEqual([receivers, receivers, 1])
  })

  test('of which one loses a packet: one NACK, after most of the longest wait', () => {
    const { nacks, nacksMax, meanRecovery } = summary(new Experiment(receivers, 1), TRIALS, () => 1)
    expect([nacks, nacksMax]).toEqual([1, 1])
    expect(meanRecovery).toBeGreaterThan(3.8)
    expect(meanRecovery).toBeLessThan(4.7)
  })
})

test('the same seed gives the same run, another seed another', () => {
  const run = (seed: number) => summary(new Experiment(30, seed), 20, () => 30)
  expect(run(7)).toEqual(run(7))
  expect(run(8)).not.toEqual(run(7))
})
