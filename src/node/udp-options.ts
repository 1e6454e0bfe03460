import { isIP } from 'node:net'
import { TuttiError } from '../errors.js'
import type { Endpoint } from '../types.js'

export interface UdpNetworkOptions {
  /** Name or address of a network interface; default: that of the default route, without one loopback. */
  readonly interface?: string
  /** The group's multicast address, IPv4 or IPv6. Not used with `peers`. */
  readonly address?: string
  /** The group's port; with `peers`, the one that this process is reached at (0: any). */
  readonly port: number
  /** How many routers a multicast may pass. Default 1: stays in this network. */
  readonly ttl?: number
  /** The members' endpoints, by address or name of the host, where the network has no multicast. This process's own may be among them. */
  readonly peers?: readonly Endpoint[]
  /** Size of a full packet. Default 1,400, or what the interface's MTU allows if that is less. */
  readonly packetBytes?: number
  /** Default 8 MiB; what the system grants may be less. */
  readonly receiveBufferBytes?: number
  /** Whether the system cuts and joins trains. Default: where it can. */
  readonly trains?: boolean
  readonly warn?: (message: string) => void
}

/** Rejects what no socket could be opened with. */
export function checkUdpOptions({ address, port, peers, ttl, packetBytes }: UdpNetworkOptions): void {
  const group = address?.replace(/%.*$/, '') ?? ''
  if (!peers && !(isIP(group) && /^(22[4-9]|23\d|ff[0-9a-f]{2}:)/i.test(group))) {
    throw optionError(`\`address\` must be a multicast address such as 239.1.2.3 or ff15::1, not "${address}"`)
  }
  const portMin = peers ? 0 : 1
  if (!(Number.isInteger(port) && port >= portMin && port <= 65535)) {
    throw optionError(`\`port\` must be a whole number from ${portMin} to 65535, not ${port}`)
  }
  if (!(ttl === undefined || (Number.isInteger(ttl) && ttl >= 0 && ttl <= 255))) {
    throw optionError(`\`ttl\` must be a whole number from 0 to 255, not ${ttl}`)
  }
  if (!(packetBytes === undefined || (Number.isInteger(packetBytes) && packetBytes >= 64 && packetBytes <= 65507))) {
    throw optionError(`\`packetBytes\` must be a whole number from 64 to 65507, not ${packetBytes}`)
  }
}

export function optionError(what: string): TuttiError {
  return new TuttiError('ERR_TUTTI_OPTION', `${what}.`)
}
