import { writeFileSync } from 'node:fs'
import { RoundTrip } from '../src/multicast/round-trip.js'
import { SeededRandom } from '../src/sim/random.js'
import {
  Experiment,
  expectedNacks,
  type ReceiverTiming,
  ROUND_TRIP_MS,
  type Summary,
  summary,
  waiting,
  withoutSuppression,
} from './suppression-experiment.js'
import { curve } from './suppression-svg.js'

/**
 * The tables and the curve of docs/feedback-suppression.md. After `npm run build`:
 *
 *     node dist/bench/suppression.js [FILE.svg]
 */
const K = 4
const TRIALS = 500
const SEED = 1

function table(head: string[], rows: (string | number)[][]): void {
  const cell = (value: string | number) => (typeof value === 'number' ? value.toFixed(1) : value)
  for (const row of [head, head.map(() => '---'), ...rows]) console.log(`| ${row.map(cell).join(' | ')} |`)
  console.log()
}

/** Waits for as many losers as are expected, over so many round trips that this many NACKs come of a hundred of them. */
function sizedBy(losers: number): { k: number; timingOf: (product: RoundTrip) => ReceiverTiming } {
  const k = (0.6 * (Math.log(losers) + 1)) / Math.log(expectedNacks(100, K))
  const random = new SeededRandom(SEED)
  const sized = new RoundTrip(losers + 1, () => random.next())
  sized.measured((ROUND_TRIP_MS * k) / K)
  return { k, timingOf: product => waiting(product, () => sized.backoffMs()) }
}

/** Asks at once if its last loss was its own alone. */
function learning(product: RoundTrip): ReceiverTiming {
  let wasAlone = false
  return {
    ...waiting(product, () => (wasAlone ? 0 : product.backoffMs())),
    learn: isShared => {
      wasAlone = !isShared
    },
  }
}

function bySize(): void {
  const sizes = [10, 30, 100, 300, 1000, 3000, 10_000]
  const measured: [number, number][] = []
  const rows = sizes.map(receivers => {
    const trials = receivers > 1000 ? TRIALS / 5 : TRIALS
    const all = summary(new Experiment(receivers, SEED), trials, () => receivers)
    const one = summary(new Experiment(receivers, SEED), trials, () => 1)
    const none = summary(new Experiment(receivers, SEED, withoutSuppression), 1, () => receivers)
    measured.push([receivers, all.nacks])
    const nacks = [expectedNacks(receivers, K), all.nacks, `${all.nacksMax}`, `${none.nacks}`]
    return [`${receivers}`, ...nacks, all.medianRecovery, one.meanRecovery, one.medianRecovery]
  })
  console.log(
    `One packet lost, K = ${K}, ${TRIALS} trials (${TRIALS / 5} above 1,000 receivers), round trip ${ROUND_TRIP_MS} ms:\n`,
  )
  const head = 'receivers, expected NACKs, NACKs, most, without suppression, all lose: median recovery'
  table([...head.split(', '), 'one loses: mean recovery', 'median'], rows)
  const file = process.argv[2]
  if (file !== undefined)
    writeFileSync(
      file,
      curve(measured, receivers => expectedNacks(receivers, K)),
    )
}

function bySizeOfTimers(): void {
  const receivers = 1000
  const losers = [1, 10, 100, 1000]
  const row = (name: string, k: number, timingOf?: (product: RoundTrip) => ReceiverTiming) => {
    const results = losers.map(count => summary(new Experiment(receivers, SEED, timingOf), TRIALS / 5, () => count))
    return [name, k, results[0].meanRecovery, ...results.map(({ nacks }) => nacks)]
  }
  const rows = losers.map(expected => {
    const { k, timingOf } = sizedBy(expected)
    return row(`${expected}`, k, timingOf)
  })
  console.log(`${receivers} receivers, waits sized by the losers that are expected:\n`)
  table(
    ['expected losers', 'K', 'one loses: mean recovery', ...losers.map(count => `NACKs if ${count} lose`)],
    [...rows, row('the group (the product)', K)],
  )
}

function byExperience(): void {
  const rows: (string | number)[][] = []
  for (const receivers of [20, 100]) {
    for (const everyLosses of [0, 100, 10, 2]) {
      const losersOf = (trial: number) => (everyLosses > 0 && trial % everyLosses === 0 ? receivers : 1)
      const run = (timingOf?: (product: RoundTrip) => ReceiverTiming): Summary =>
        summary(new Experiment(receivers, SEED, timingOf), 4 * TRIALS, losersOf)
      const product = run()
      const learnt = run(learning)
      const shared = everyLosses === 0 ? 'none' : `1 in ${everyLosses}`
      const figures = [product, learnt].flatMap(({ nacks, nacksMax, meanRecovery }) => [
        nacks,
        `${nacksMax}`,
        meanRecovery,
      ])
      rows.push([`${receivers}`, shared, ...figures])
    }
  }
  console.log('No wait for who lost its last packet alone:\n')
  const figures = ['NACKs a loss', 'most', 'mean recovery']
  table(['receivers', 'losses shared by all', ...figures, ...figures.map(figure => `learning: ${figure}`)], rows)
}

bySize()
bySizeOfTimers()
byExperience()
