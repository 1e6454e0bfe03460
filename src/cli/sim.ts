import { randomInt } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { Command, InvalidArgumentError } from 'commander'
import { type Order, TuttiError } from 'tutti'
import {
  type Campaign,
  checkers,
  checkTrace,
  FAULT_KINDS,
  type FaultKind,
  FIGURES,
  ORDERS,
  parseTrace,
  type Run,
  replayOf,
  runCampaign,
  type ScheduleOptions,
  type TraceLine,
  traceText,
  type Violation,
} from 'tutti/sim'
import { columns } from './columns.js'
import { endWithReader, FAILED } from './exit.js'
import { positiveNumber, wholeNumber } from './member-options.js'
import { LiveBlock, styler } from './terminal.js'

interface SimFlags {
  readonly members?: number
  readonly seconds?: number
  readonly messages?: number
  readonly faults?: number | readonly FaultKind[]
  readonly orders?: readonly Order[]
  readonly seed?: number
  readonly seeds: number
  readonly trace?: string
  readonly check?: string
  readonly json?: boolean
}

const VIOLATIONS_SHOWN = 10

export function simCommand(): Command {
  return new Command('sim')
    .description('run groups on a simulated network, from a seed, and check that every promise is kept')
    .option('--members <n>', 'members of a group, from 2 (default: 5 to 12, by the seed)', atLeast(2))
    .option('--seconds <s>', 'simulated seconds, from 10 (default: 60)', positiveNumber)
    .option('--messages <n>', 'messages sent (default: 200)', wholeNumber)
    .option(
      '--faults <faults>',
      `how many, or which of ${FAULT_KINDS.join(', ')} (default: 3 to 6, by the seed)`,
      faultsOf,
    )
    .option(
      '--orders <orders>',
      `order classes of the messages, of ${ORDERS.join(', ')}; safe ones among them`,
      ordersOf,
    )
    .option('--seed <n>', 'where chance begins (default: drawn, and printed)', wholeNumber)
    .option('--seeds <n>', 'how many seeds to run, from --seed on', atLeast(1), 1)
    .option('--trace <file>', 'write down what all members of the last run were told and said, as JSON lines')
    .option(
      '--check <file>',
      'run nothing; judge a trace: that of --trace, or what the members of a `tutti pipe` wrote',
    )
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      `
Examples:
  tutti sim --seeds 100                           a hundred runs from a seed that is drawn
  tutti sim --seed 7 --faults loss,partition      one run, with these two faults
  tutti sim --check trace.jsonl                   docs/simulator.md tells what a trace is

Exit codes: 0 every promise was kept, 1 one was broken, 2 wrong usage.`,
    )
    .action(async (flags: SimFlags) => {
      endWithReader()
      const held = flags.check === undefined ? await simulate(flags) : await judge(flags.check, flags)
      process.exitCode = held ? 0 : FAILED
    })
}

async function simulate(flags: SimFlags): Promise<boolean> {
  const { seed = randomInt(2 ** 32), seeds, json } = flags
  const progress = process.stdout.isTTY && !json ? new LiveBlock(process.stdout) : undefined
  let done = 0
  let last: Run | undefined
  const campaign = await refused(() =>
    runCampaign(seed, seeds, optionsOf(flags), run => {
      last = run
      progress?.draw([`${++done} of ${seeds} seeds`])
    }),
  )
  progress?.draw([])
  print(json ? [JSON.stringify(resultOf(campaign, seed, flags))] : summary(campaign, seed, flags))
  if (flags.trace !== undefined && last !== undefined) await writeTrace(flags.trace, last.trace)
  return campaign.failed.length === 0
}

async function judge(file: string, flags: SimFlags): Promise<boolean> {
  const trace = await refused(async () => parseTrace(await readFile(file, 'utf8')))
  const violations = checkTrace(trace)
  const processes = new Set(trace.map(line => line.process)).size
  const held = violations.length === 0
  if (flags.json) print([JSON.stringify({ held, lines: trace.length, processes, violations })])
  else print([`${trace.length} lines of ${processes} processes`, ...verdict(violations)])
  return held
}

const optionsOf = ({ members, seconds, messages, faults, orders }: SimFlags): ScheduleOptions => ({
  members,
  seconds,
  messages,
  faults,
  orders,
})

/** What the simulator does not take is wrong usage. */
async function refused<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new TuttiError('ERR_TUTTI_OPTION', error.message, { cause: error })
  }
}

const writeTrace = (file: string, trace: readonly TraceLine[]): Promise<void> =>
  writeFile(file, trace.map(line => `${traceText(line)}\n`).join(''))

function resultOf(campaign: Campaign, seed: number, flags: SimFlags): object {
  const failed = campaign.failed.map(run => ({
    seed: run.seed,
    violations: run.violations,
    replay: replayOf(run.seed, optionsOf(flags)),
  }))
  return { held: failed.length === 0, seed, hashes: campaign.hashes, figures: campaign.figures, failed }
}

function summary(campaign: Campaign, seed: number, flags: SimFlags): string[] {
  const { runs, failed, figures } = campaign
  const style = styler(process.stdout)
  const seeds = runs === 1 ? `seed ${seed}` : `seeds ${seed} to ${seed + runs - 1}`
  const lines = [style('bold', seeds), '', ...columns(FIGURES.map(name => [name, figures[name]])), '']
  for (const run of failed) {
    lines.push(style('red', `seed ${run.seed}: broken`), ...verdict(run.violations).map(line => `  ${line}`))
    lines.push(`  replay: ${replayOf(run.seed, optionsOf(flags))}`, '')
  }
  if (failed.length === 0)
    lines.push(style('green', `held in all: ${checkers.map(checker => checker.name).join(', ')}`))
  else lines.push(style('red', `broken in ${failed.length} of ${runs}`))
  return lines
}

/** One line for each promise. */
function verdict(violations: readonly Violation[]): string[] {
  const style = styler(process.stdout)
  const names = new Set([...checkers.map(checker => checker.name), ...violations.map(violation => violation.checker)])
  return [...names].flatMap(name => {
    const broken = violations.filter(violation => violation.checker === name)
    if (broken.length === 0) return [`${name}: ${style('green', 'held')}`]
    const more = broken.length - VIOLATIONS_SHOWN
    return [
      `${name}: ${style('red', 'broken')}`,
      ...broken.slice(0, VIOLATIONS_SHOWN).map(({ process, what }) => `  ${process} ${what}`),
      ...(more > 0 ? [`  and ${more} more`] : []),
    ]
  })
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

function atLeast(min: number): (text: string) => number {
  return text => {
    const value = wholeNumber(text)
    if (value < min) throw new InvalidArgumentError(`It must be at least ${min}.`)
    return value
  }
}

function faultsOf(text: string): number | FaultKind[] {
  if (/^\d+$/.test(text)) return Number(text)
  return someOf(FAULT_KINDS, text)
}

const ordersOf = (text: string): Order[] => someOf(ORDERS, text)

function someOf<T extends string>(known: readonly T[], text: string): T[] {
  const words = text.split(',')
  const unknown = words.find(word => !(known as readonly string[]).includes(word))
  if (unknown !== undefined) throw new InvalidArgumentError(`${unknown} is none of ${known.join(', ')}.`)
  return words as T[]
}
