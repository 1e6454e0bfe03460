import { readFileSync } from 'node:fs'
import { isIP, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { TuttiError } from '../errors.js'

export type Family = 4 | 6

/** One address of one network interface: what a socket is bound to. */
export interface InterfaceAddress {
  readonly name: string
  readonly family: Family
  readonly address: string
  /** Index of the interface where its addresses need one (IPv6), else 0. */
  readonly scopeId: number
  readonly loopback: boolean
}

/** Every address that this host has, in the order in which the system names them. */
export function interfaceAddresses(): InterfaceAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses.map(each => ({
      name,
      family: each.family === 'IPv6' ? (6 as const) : (4 as const),
      address: each.address,
      scopeId: each.family === 'IPv6' ? each.scopeid || indexOf(name) : 0,
      loopback: each.internal,
    })),
  )
}

/** The address meant by `wanted` (a name or an address); without it that of the default route, or loopback. */
export function chooseInterface(wanted: string | undefined, family: Family): InterfaceAddress {
  const all = interfaceAddresses()
  const usable = all.filter(each => each.family === family)
  if (wanted === undefined) {
    const name = defaultRouteInterface(family)
    const chosen = usable.find(each => each.name === name) ?? usable.find(each => each.loopback)
    if (chosen) return chosen
    throw new TuttiError('ERR_TUTTI_INTERFACE', `This host has no IPv${family} address to use. ${listing(all)}`)
  }
  const plain = wanted.replace(/%.*$/, '')
  const chosen = usable.find(each => each.name === wanted || each.address === plain)
  if (chosen) return chosen
  // All of 127.0.0.0/8 is this host's, though only 127.0.0.1 is listed: handy for several members with one port.
  const lo = usable.find(each => each.loopback)
  if (family === 4 && lo && plain.startsWith('127.') && isIP(plain) === 4) return { ...lo, address: plain }
  throw new TuttiError('ERR_TUTTI_INTERFACE', whyNot(wanted, plain, family, all))
}

function whyNot(wanted: string, plain: string, family: Family, all: InterfaceAddress[]): string {
  const other = family === 4 ? 6 : 4
  if (all.some(each => each.address === plain))
    return `${wanted} is an IPv${other} address, and the group's is IPv${family}: give both of one family.`
  if (all.some(each => each.name === wanted))
    return `Interface ${wanted} has no IPv${family} address: give it one, or use an IPv${other} group address.`
  return `No network interface is called or has "${wanted}". ${listing(all)}`
}

/** Without the zone of a link-local address, which is each host's own. */
export const hostOf = (address: string): string => address.split('%', 1)[0]

/** An IPv6 address in its canonical form (RFC 5952), as Node writes it, so that equal ones are equal texts. */
export function canonical(address: string): string {
  const host = hostOf(address)
  // URL has the rule for which zeros to leave out.
  return isIPv6(host) ? new URL(`http://[${host}]`).hostname.slice(1, -1) + address.slice(host.length) : address
}

export function familyOf(address: string): Family {
  return isIPv6(address) ? 6 : 4
}

/** An address as a socket of that family wants it: link-local ones name their interface. */
export function scoped(address: string, at: InterfaceAddress): string {
  return at.family === 6 && /^(fe[89ab]|ff.[12])/i.test(address) && !address.includes('%')
    ? `${address}%${at.name}`
    : address
}

/**
 * Bytes that fit one packet on this interface without IP fragments, or undefined where the system does not say.
 * Not from /sys/class/net: in a network namespace that may be another's, with interfaces of the same names.
 */
export function payloadBytesMax(at: InterfaceAddress): number | undefined {
  try {
    const mtu = Number(readFileSync(`/proc/sys/net/ipv6/conf/${at.name}/mtu`, 'utf8'))
    return mtu - (at.family === 6 ? 48 : 28)
  } catch {
    return undefined
  }
}

/** The interface of the default route, where the system says so (Linux); else the first that is not loopback. */
export function defaultRouteInterface(family: Family): string | undefined {
  try {
    return family === 4
      ? defaultOf(readFileSync('/proc/net/route', 'utf8'), 0, row => row[1] === '00000000' && row[7] === '00000000')
      : defaultOf(
          readFileSync('/proc/net/ipv6_route', 'utf8'),
          9,
          row => /^0+$/.test(row[0]) && row[1] === '00' && row[9] !== 'lo',
        )
  } catch {
    return interfaceAddresses().find(each => each.family === family && !each.loopback)?.name
  }
}

function defaultOf(table: string, column: number, isDefault: (row: string[]) => boolean): string | undefined {
  const rows = table.split('\n').map(line => line.trim().split(/\s+/))
  return rows.find(row => row.length > column && isDefault(row))?.[column]
}

function listing(all: InterfaceAddress[]): string {
  return `There is: ${all.map(each => `${each.name} (${each.address})`).join(', ') || 'none'}.`
}

/** The interface's index, for what Node does not tell it of: addresses that are not link-local. */
function indexOf(name: string): number {
  try {
    const rows = readFileSync('/proc/net/if_inet6', 'utf8').split('\n')
    const row = rows.map(line => line.trim().split(/\s+/)).find(columns => columns[5] === name)
    return row ? Number.parseInt(row[1], 16) : 0
  } catch {
    return 0
  }
}
