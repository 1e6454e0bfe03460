import { Command, CommanderError } from 'commander'
import { endWithReader, report, WRONG_USAGE } from './exit.js'
import { version } from './version.js'

/** Loaded when they are asked for: all of them are a third of the time that a start takes. */
const COMMANDS = new Map<string, () => Promise<Command>>([
  ['demo', async () => (await import('./demo.js')).demoCommand()],
  ['chat', async () => (await import('./chat.js')).chatCommand()],
  ['pipe', async () => (await import('./pipe.js')).pipeCommand()],
  ['probe', async () => (await import('./probe.js')).probeCommand()],
  ['bench', async () => (await import('./bench.js')).benchCommand()],
  ['sim', async () => (await import('./sim.js')).simCommand()],
])

/** Does what the arguments say, those behind the program's name, and sets the exit code. */
export async function run(args: readonly string[]): Promise<void> {
  try {
    const program = await programFor(args[0])
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE
    else process.exitCode = report(error)
  }
}

/** @param wanted  the command that is called; if it is none, all are there, for the help and for hints */
async function programFor(wanted: string | undefined): Promise<Command> {
  const program = new Command('tutti')
    .description('Reliable, ordered group messaging over UDP multicast')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: text => {
        endWithReader()
        process.stdout.write(text)
      },
    })
    .addHelpText(
      'after',
      `
Examples:
  tutti demo                        five members on this machine, under injected loss
  tutti chat lobby --name alice     talk to everybody on the network who does the same
  tutti probe                       does multicast work here?

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
    )

  const load = COMMANDS.get(wanted ?? '')
  for (const command of await Promise.all((load ? [load] : [...COMMANDS.values()]).map(load => load()))) {
    program.addCommand(command.copyInheritedSettings(program))
  }
  return program
}
