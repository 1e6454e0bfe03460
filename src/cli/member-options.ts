import { type Command, InvalidArgumentError } from 'commander'
import type { JoinOptions } from 'tutti'

/** The options by which a command joins a group, as they are on the command line. */
export interface MemberFlags {
  readonly name?: string
  readonly interface?: string
  readonly address?: string
  readonly port?: number
  readonly peers?: string
}

export function addMemberOptions(command: Command): Command {
  return command
    .option('--name <name>', "this member's name, unlike any other's in the group (default: host name and process id)")
    .option('--interface <interface>', 'network interface, by address or name (default: that of the default route)')
    .option('--address <address>', "multicast address (default: derived from the group's name)")
    .option('--port <port>', 'UDP port (default: 7475)', wholeNumber)
    .option('--peers <peers>', 'HOST:PORT,... to send to in place of multicast')
}

/** The library checks the values; here they only change their form. */
export function joinOptionsOf(flags: MemberFlags): JoinOptions {
  const { name, address, port, peers } = flags
  return { name, interface: flags.interface, address, port, peers: peers?.split(',') }
}

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.')
  return Number(text)
}

export function positiveNumber(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0 && value < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError('It must be a number above 0.')
  }
  return value
}
