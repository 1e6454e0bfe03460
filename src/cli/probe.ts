import { Command } from 'commander'
import { type ProbeReport, probe } from 'tutti'
import { endWithReader, FAILED } from './exit.js'
import { positiveNumber, wholeNumber } from './member-options.js'
import { styler } from './terminal.js'

interface ProbeFlags {
  readonly interface?: readonly string[]
  readonly address?: string
  readonly port?: number
  readonly seconds: number
  readonly json?: boolean
}

export function probeCommand(): Command {
  return new Command('probe')
    .description('does multicast work here, and between these hosts? says what to fix')
    .option('--interface <interface...>', 'network interfaces, by address or name (default: all)')
    .option('--address <address>', 'multicast address to try, IPv4 or IPv6')
    .option('--port <port>', 'UDP port to try', wholeNumber)
    .option('--seconds <s>', 'how long to listen on each interface', positiveNumber, 1)
    .option('--json', 'print the report as one JSON object')
    .addHelpText(
      'after',
      `
Run it on several hosts at the same time to see whether they hear each other. Exit code 1 if multicast works nowhere.

Example:
  tutti probe --interface eth0 --seconds 20`,
    )
    .action(async (flags: ProbeFlags) => {
      endWithReader()
      const { interface: interfaces, address, port, seconds } = flags
      const report = await probe({ interfaces, address, port, listenMs: seconds * 1000 })
      process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : textOf(report))
      if (!report.interfaces.some(each => each.multicast)) process.exitCode = FAILED
    })
}

function textOf({ platform, native, interfaces }: ProbeReport): string {
  const lines = [`${platform}; socket options beyond Node's own: ${native ? 'yes (koffi)' : 'no'}`]
  for (const each of interfaces) lines.push('', ...linesOf(each))
  if (interfaces.length === 0) lines.push('No network interface has an address of this family.')
  return lines.map(line => `${line}\n`).join('')
}

function linesOf(each: ProbeReport['interfaces'][number]): string[] {
  const style = styler(process.stdout)
  const verdict = each.multicast ? style('green', 'multicast works') : style('red', 'no multicast')
  const route = each.isDefaultRoute ? ', default route' : ''
  const lines = [`${style('bold', each.interface)} (${each.address}${route}): ${verdict}`]
  if (each.multicast) {
    const heard = each.heard.map(({ address, port }) => `${address}:${port}`).join(', ')
    const trains = each.trainsCut ? (each.trainsJoined ? 'sent and received' : 'sent, not received whole') : 'no'
    lines.push(
      `  heard:          ${heard === '' ? 'nobody else (is another probe running?)' : heard}`,
      `  trains:         ${trains}; GRO forwarding ${each.groForwarding}`,
      `  packet:         ${each.packetBytes} bytes`,
      `  receive buffer: ${each.receiveBufferBytes} bytes`,
    )
  }
  for (const sentence of each.advice) lines.push(`  ${style('yellow', 'fix:')} ${sentence}`)
  return lines
}
