import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { TuttiError } from '../errors.js'
import type { Endpoint } from '../types.js'
import { canonical, chooseInterface, type Family, familyOf } from './interfaces.js'

/**
 * The peers by address: names of hosts are looked up, once. All are of one family, as a socket is: that of the addresses
 * among them, else that of `wanted` if it is an address, else IPv4 where every name has such an address.
 * @param wanted  this member's network interface, by name or address
 */
export async function resolvePeers(peers: readonly Endpoint[], wanted: string | undefined): Promise<Endpoint[]> {
  const found = await Promise.all(peers.map(({ address }) => addressesOf(address)))
  const family = familyOfAll(peers, found, wanted)
  const isElsewhere = found.some(addresses => !addresses.some(isLoopback))
  return peers.map(({ address: host, port }, i) => {
    const address = found[i].find(each => familyOf(each) === family)
    if (address === undefined) throw noneOf(family, host, found[i])
    // Many systems give a host's own name an address that only the host itself knows (127.0.1.1).
    const isOwnName = isElsewhere && isIP(host) === 0 && isLoopback(address)
    return { address: isOwnName ? chooseInterface(wanted, family).address : address, port }
  })
}

function noneOf(family: Family, host: string, found: readonly string[]): TuttiError {
  if (isIP(host)) return new TuttiError('ERR_TUTTI_OPTION', '`peers` must all be IPv4, or all IPv6, addresses.')
  const what = `The peer "${host}" has no IPv${family} address, but ${found.join(', ')}`
  return new TuttiError('ERR_TUTTI_OPTION', `${what}: \`peers\` must all be reached by one of the two.`)
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || canonical(address) === '::1'

async function addressesOf(host: string): Promise<string[]> {
  if (isIP(host)) return [host]
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const what = `No address is known for the peer "${host}" (${code}): check the name, or give its address.`
    throw new TuttiError('ERR_TUTTI_NETWORK', what, { cause })
  }
}

function familyOfAll(peers: readonly Endpoint[], found: readonly string[][], wanted: string | undefined): Family {
  const given = [...peers.map(({ address }) => address), wanted ?? ''].find(isIP)
  if (given !== undefined) return familyOf(given)
  return found.every(addresses => addresses.some(each => familyOf(each) === 4)) ? 4 : 6
}
