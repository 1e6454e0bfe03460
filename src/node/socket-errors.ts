import { type ErrorCode, TuttiError } from '../errors.js'
import type { InterfaceAddress } from './interfaces.js'

/** What was being opened when the system refused. */
export interface Opening {
  readonly at: InterfaceAddress
  readonly group: string | undefined
  readonly port: number
}

/** The system's error as one that says what to do. */
export function explain(cause: unknown, { at, group, port }: Opening): TuttiError {
  if (cause instanceof TuttiError) return cause
  const [code, sentence] = sentenceFor((cause as NodeJS.ErrnoException).code ?? '', at, group, port)
  return new TuttiError(code, sentence ?? `The network refused: ${(cause as Error).message}.`, { cause })
}

function sentenceFor(
  code: string,
  at: InterfaceAddress,
  group: string | undefined,
  port: number,
): [code: ErrorCode, sentence?: string] {
  const where = `${group ?? at.address} port ${port}`
  switch (code) {
    case 'EADDRINUSE':
      return [
        'ERR_TUTTI_ADDRESS_IN_USE',
        `${where} is taken by a process that does not share it: stop that process, or choose another \`port\`.`,
      ]
    case 'EADDRNOTAVAIL':
      return [
        'ERR_TUTTI_INTERFACE',
        `Interface ${at.name} no longer has the address ${at.address}, or cannot join ${group}: check \`ip address show ${at.name}\`.`,
      ]
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'ENODEV':
    case 'ENETDOWN':
      return ['ERR_TUTTI_NO_ROUTE', `There is no way to ${where} through interface ${at.name}: ${remedy(at, group)}.`]
    case 'ENOBUFS':
    case 'ENOMEM':
      return [
        'ERR_TUTTI_NETWORK',
        `The system has no room for one more group on ${at.name}: raise \`sysctl net.ipv4.igmp_max_memberships\`, or leave other groups.`,
      ]
    case 'EACCES':
    case 'EPERM':
      return [
        'ERR_TUTTI_NETWORK',
        `This process may not use ${where}: choose a \`port\` over 1023, or check the firewall.`,
      ]
    default:
      return ['ERR_TUTTI_NETWORK']
  }
}

function remedy(at: InterfaceAddress, group: string | undefined): string {
  if (!group) return 'check `ip route`'
  // With a route, sends succeed and nothing arrives.
  if (at.family === 6 && at.loopback) {
    return 'Linux has no IPv6 multicast on loopback, so choose another `interface`, an IPv4 `address`, or `peers`'
  }
  return at.family === 6
    ? `try \`ip -6 route add ff00::/8 dev ${at.name} table local\`, or choose another \`interface\``
    : `try \`ip link set ${at.name} up multicast on\` and \`ip route add 239.0.0.0/8 dev ${at.name}\`, or choose another \`interface\``
}
