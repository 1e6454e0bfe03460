import { Command } from 'commander'
import pino from 'pino'
import { type JoinOptions, type Order, TuttiError } from 'tutti'
import { EventOutput } from './event-output.js'
import { report } from './exit.js'
import { addMemberOptions, joinOptionsOf, type MemberFlags, wholeNumber } from './member-options.js'
import { PipeMember } from './pipe-member.js'

interface PipeFlags extends MemberFlags {
  readonly order?: Order
  readonly expect?: number
  readonly partition?: 'majority' | 'continue'
  readonly faults?: string
  readonly seed?: number
  readonly log?: string
  readonly sync?: string
  readonly state?: boolean
  readonly secretFile?: string
}

/** A reader that takes nothing for so long is not waited for. */
const READ_MS_MAX = 4_500

/** Options of the interface that this release does not have: known, so that they are refused by name. */
const LATER_FLAGS = { log: '--log', sync: '--sync', state: '--state', secretFile: '--secret-file' } as const

export function pipeCommand(): Command {
  const command = new Command('pipe')
    .description('be a member that speaks JSON lines: commands on standard input, events on standard output')
    .argument('<group>', 'name of the group')
    .addHelpText(
      'after',
      `
Example:
  echo '{"op":"send","data":"hello","id":"1"}' | tutti pipe orders --name alice

Commands: send, tell, stats, leave. The end of standard input leaves, too. docs/pipe.md has every field.`,
    )
  return addMemberOptions(command)
    .option('--order <order>', 'order of messages that do not say: fifo (the default), causal or total')
    .option('--expect <n>', 'hold the first view back until n members are in', wholeNumber)
    .option('--partition <choice>', 'what to do in a partition: majority')
    .option('--faults <spec>', 'faults on what this member receives, as loss=0.1,duplicate=0.01,delay=5..20ms')
    .option('--seed <n>', 'seed of the faults', wholeNumber)
    .addOption(command.createOption('--log <dir>').hideHelp())
    .addOption(command.createOption('--sync <when>').hideHelp())
    .addOption(command.createOption('--state').hideHelp())
    .addOption(command.createOption('--secret-file <file>').hideHelp())
    .action(runPipe)
}

async function runPipe(group: string, flags: PipeFlags): Promise<never> {
  const output = new EventOutput(process.stdout)
  const member = new PipeMember(output)
  try {
    await member.run(group, pipeOptionsOf(flags))
    output.event('left')
    // At once: a write to a pipe that nobody reads never ends, and while Node winds down by itself a second signal would kill.
    if (await output.flushed(READ_MS_MAX)) process.exit(0)
    process.exit(report(new TuttiError('ERR_TUTTI_LEAVE_TIMEOUT', 'left, but nobody reads the events')))
  } catch (error) {
    await member.fail(error)
    // What went wrong may hold a socket or a reader for ever; there is no order left to leave in.
    process.exit(report(output.error === null ? error : unwritten(output.error)))
  }
}

function unwritten(error: NodeJS.ErrnoException): TuttiError {
  const what = error.code === 'EPIPE' ? 'nobody reads the events' : `the events cannot be written: ${error.message}`
  return new TuttiError('ERR_TUTTI_LEFT', what)
}

function pipeOptionsOf(flags: PipeFlags): JoinOptions {
  for (const [key, flag] of Object.entries(LATER_FLAGS)) {
    if (key in flags) throw new TuttiError('ERR_TUTTI_UNSUPPORTED', `this release does not have the option ${flag} yet`)
  }
  const { order, expect, partition, faults, seed } = flags
  const logger = pino({ level: 'warn' }, pino.destination({ fd: 2, sync: true }))
  return { ...joinOptionsOf(flags), order, expect, partition, faults, seed, logger }
}
