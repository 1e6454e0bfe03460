import { readdirSync, readlinkSync } from 'node:fs'
import { openUdpNetwork, type UdpNetworkOptions } from '../../src/node/udp-network.js'
import type { PortPair } from './network-suite.js'

let last = 30_000 + (process.pid % 1500) * 20

/** A port that no other test of this run uses. */
export function freePort(): number {
  return last++
}

/** Two ports of one group on loopback. */
export async function pairOf(options: Partial<UdpNetworkOptions>): Promise<PortPair> {
  const settings = { interface: '127.0.0.1', address: '239.77.3.1', port: freePort(), ...options }
  const [a, b] = await Promise.all([openUdpNetwork(settings), openUdpNetwork(settings)])
  return { a, b }
}

/** Those that this process has open. */
export function sockets(): string[] {
  const files = readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return [] // the directory's own, closed by now
    }
  })
  return files.filter(file => file.startsWith('socket:')).sort()
}
