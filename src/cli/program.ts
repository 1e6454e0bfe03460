import { Command, CommanderError } from 'commander'
import { benchCommand } from './bench.js'
import { chatCommand } from './chat.js'
import { demoCommand } from './demo.js'
import { report, WRONG_USAGE } from './exit.js'
import { pipeCommand } from './pipe.js'
import { probeCommand } from './probe.js'
import { simCommand } from './sim.js'
import { version } from './version.js'

/** Does what the arguments say, those behind the program's name, and sets the exit code. */
export async function run(args: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE
    else process.exitCode = report(error)
  }
}

function program(): Command {
  const program = new Command('tutti')
    .description('Reliable, ordered group messaging over UDP multicast')
    .version(version)
    .exitOverride()
    .addHelpText(
      'after',
      `
Examples:
  tutti demo                        five members on this machine, under injected loss
  tutti chat lobby --name alice     talk to everybody on the network who does the same
  tutti probe                       does multicast work here?

Exit codes: 0 done, 1 failed, 2 wrong usage.`,
    )

  for (const command of [demoCommand(), chatCommand(), pipeCommand(), probeCommand(), benchCommand(), simCommand()]) {
    program.addCommand(command.copyInheritedSettings(program))
  }
  return program
}
