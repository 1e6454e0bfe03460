import type { Endpoint } from '../types.js'

export function isSame(a: Endpoint, b: Endpoint): boolean {
  // The zone of a link-local address is each host's own.
  return a.port === b.port && (a.address === b.address || hostOf(a.address) === hostOf(b.address))
}

const hostOf = (address: string): string => address.split('%', 1)[0]
