import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { TuttiError } from '../errors.js'
import type { NetworkPort } from '../ports.js'
import type { Endpoint } from '../types.js'
import { defaultRouteInterface, type Family, type InterfaceAddress, interfaceAddresses } from './interfaces.js'
import { loadNative } from './native-socket.js'
import { openUdpNetwork } from './udp-network.js'
import { checkUdpOptions, optionError } from './udp-options.js'

export interface ProbeOptions {
  /** Names or addresses of interfaces; default: every IPv4 address of this host. */
  readonly interfaces?: readonly string[]
  /** The group that is tried: give the same on every host. Default 239.255.84.84, or ff15::5454 on IPv6. */
  readonly address?: string
  readonly port?: number
  /** How long to listen. Default 1,000. */
  readonly listenMs?: number
}

export interface InterfaceReport {
  readonly interface: string
  readonly address: string
  readonly isDefaultRoute: boolean
  /** Whether this host hears its own multicast, as other processes on it would. */
  readonly multicast: boolean
  /** Other hosts and processes that were probing at the same time. */
  readonly heard: readonly Endpoint[]
  /** Whether the system cuts trains that are sent, and joins those that come in. */
  readonly trainsCut: boolean
  readonly trainsJoined: boolean
  /** Of rx-udp-gro-forwarding: without it a network card hands up multicast trains in single packets. */
  readonly groForwarding: 'on' | 'off' | 'unknown'
  readonly packetBytes: number
  readonly receiveBufferBytes: number
  /** What to do, one sentence each; empty where all is well. */
  readonly advice: readonly string[]
}

export interface ProbeReport {
  readonly platform: string
  /** Whether socket options beyond Node's own can be set (koffi). */
  readonly native: boolean
  readonly interfaces: readonly InterfaceReport[]
}

const GROUP = '239.255.84.84'
const GROUP6 = 'ff15::5454'
const PORT = 45_454
const LISTEN_MS = 1000
const SEND_EVERY_MS = 100
const MARK = Buffer.alloc(14, 'tutti probe 1 ')
const ID_BYTES = 8
const BUFFER_BYTES_LOW = 1 << 20

/**
 * Tries multicast on each interface: sends, listens, and says what it saw and what to fix.
 * @throws TuttiError if an option is none, or none that could be tried
 */
export async function probe(options: ProbeOptions = {}): Promise<ProbeReport> {
  checkProbeOptions(options)
  const native = (await loadNative()) !== undefined
  const reports: InterfaceReport[] = []
  // One after the other: where two interfaces are on one network, each would hear the other's packets.
  for (const at of addressesOf(options)) reports.push(await probeInterface(at, options, native))
  return { platform: `${process.platform} ${process.arch}, Node ${process.version}`, native, interfaces: reports }
}

const KNOWN = ['interfaces', 'address', 'port', 'listenMs']

function checkProbeOptions(options: ProbeOptions): void {
  const { interfaces = [], address = GROUP, port = PORT, listenMs = LISTEN_MS } = options
  const unknown = Object.keys(options).find(key => !KNOWN.includes(key))
  if (unknown !== undefined) throw optionError(`unknown option ${unknown}; known are ${KNOWN.join(', ')}`)
  if (!Array.isArray(interfaces) || interfaces.some(each => typeof each !== 'string'))
    throw optionError('`interfaces` must be an array of names or addresses')
  if (!(listenMs >= 0 && listenMs < 2 ** 31))
    throw optionError(`\`listenMs\` must be a number from 0 to 2^31, not ${listenMs}`)
  checkUdpOptions({ address, port })
}

function addressesOf({ interfaces, address }: ProbeOptions): InterfaceAddress[] {
  const family: Family = address?.includes(':') ? 6 : 4
  const all = interfaceAddresses().filter(each => each.family === family)
  if (!interfaces) return all
  return interfaces.map(wanted => {
    const found = all.find(each => each.name === wanted || each.address === wanted)
    // An unknown one is reported like any other that does not work.
    return found ?? { name: wanted, family, address: wanted, scopeId: 0, loopback: false }
  })
}

async function probeInterface(at: InterfaceAddress, options: ProbeOptions, native: boolean): Promise<InterfaceReport> {
  const address = options.address ?? (at.family === 6 ? GROUP6 : GROUP)
  const settings = { interface: at.address, address, port: options.port ?? PORT }
  const found = {
    interface: at.name,
    address: at.address,
    isDefaultRoute: defaultRouteInterface(at.family) === at.name,
    groForwarding: at.loopback ? 'unknown' : await groForwarding(at.name),
  } as const
  const ports: NetworkPort[] = []
  try {
    // A port does not hear itself, so there are two.
    for (let i = 0; i < 2; i++) ports.push(await openUdpNetwork(settings))
    const seen = await exchange(ports[0], ports[1], options.listenMs ?? LISTEN_MS)
    const { packetBytes, receiveBufferBytes } = ports[0]
    const report = { ...found, ...seen, packetBytes, receiveBufferBytes }
    return { ...report, advice: adviceFor(report, at, native) }
  } catch (error) {
    const advice = [error instanceof TuttiError ? error.message : String(error)]
    const nothing = { multicast: false, heard: [], trainsCut: false, trainsJoined: false }
    return { ...found, ...nothing, packetBytes: 0, receiveBufferBytes: 0, advice }
  } finally {
    await Promise.all(ports.map(port => port.close()))
  }
}

type Seen = Pick<InterfaceReport, 'multicast' | 'heard' | 'trainsCut' | 'trainsJoined'>

/** Sends a train at intervals from one port, and listens at the other. */
async function exchange(sender: NetworkPort, listener: NetworkPort, listenMs: number): Promise<Seen> {
  const id = randomBytes(ID_BYTES)
  const packet = Buffer.alloc(sender.packetBytes)
  MARK.copy(packet)
  id.copy(packet, MARK.length)
  const train = Buffer.concat([packet, packet])
  const heard = new Map<string, Endpoint>()
  let multicast = false
  let trainsJoined = false
  listener.start({
    datagram: (bytes, from) => {
      const received = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
      if (!received.subarray(0, MARK.length).equals(MARK)) return
      if (received.subarray(MARK.length, MARK.length + ID_BYTES).equals(id)) {
        multicast = true
        trainsJoined ||= received.length > packet.length
      } else heard.set(`${from.address} ${from.port}`, { address: from.address, port: from.port })
    },
    failed: () => {},
    refused: () => {},
    overflowed: () => {},
  })
  sender.start({ datagram: () => {}, failed: () => {}, refused: () => {}, overflowed: () => {} })
  for (let waited = 0; waited < listenMs; waited += SEND_EVERY_MS) {
    sender.multicast(train, 0, train.length)
    await sleep(Math.min(SEND_EVERY_MS, listenMs - waited))
  }
  return { multicast, heard: [...heard.values()], trainsCut: sender.path === 'trains', trainsJoined }
}

function adviceFor(seen: Omit<InterfaceReport, 'advice'>, at: InterfaceAddress, native: boolean): string[] {
  const advice: string[] = []
  if (!seen.multicast) {
    advice.push(
      `No multicast comes back on ${at.name}: check the firewall (UDP) and \`ip link show ${at.name}\`, or use \`peers\`.`,
    )
  }
  if (process.platform === 'linux' && !native) {
    advice.push(
      'Install the optional package koffi: without it each packet costs a system call, and rates fall tenfold.',
    )
  } else if (native && !seen.trainsCut) {
    advice.push(
      `The system does not cut trains on ${at.name}: check \`ip link show ${at.name}\` (MTU) and \`ethtool -K ${at.name} tx-checksum-ip-generic on\`.`,
    )
  }
  if (seen.groForwarding === 'off') {
    advice.push(`For high rates from other hosts: \`ethtool -K ${at.name} rx-udp-gro-forwarding on\`.`)
  }
  if (seen.receiveBufferBytes < BUFFER_BYTES_LOW) {
    advice.push(
      `Receive buffer ${seen.receiveBufferBytes} bytes (net.core.rmem_max is ${rmemMax()}): \`sysctl -w net.core.rmem_max=8388608\`.`,
    )
  }
  return advice
}

async function groForwarding(name: string): Promise<'on' | 'off' | 'unknown'> {
  try {
    const { stdout } = await promisify(execFile)('ethtool', ['-k', name])
    const setting = /rx-udp-gro-forwarding: (on|off)/.exec(stdout)?.[1]
    return setting === 'on' || setting === 'off' ? setting : 'unknown'
  } catch {
    return 'unknown' // no ethtool here, or not allowed
  }
}

function rmemMax(): string {
  try {
    return readFileSync('/proc/sys/net/core/rmem_max', 'utf8').trim()
  } catch {
    return 'unknown'
  }
}
