import { invariant } from '../errors.js'
import type { NetworkHandler, NetworkPort } from '../ports.js'
import type { Slab } from '../slab.js'
import type { Endpoint } from '../types.js'
import { keepFreedMemory } from './allocator.js'
import { DatagramSender } from './datagram-sender.js'
import { FailureReports } from './failure-reports.js'
import {
  canonical,
  chooseInterface,
  familyOf,
  hostOf,
  type InterfaceAddress,
  interfaceAddresses,
  payloadBytesMax,
  scoped,
} from './interfaces.js'
import { NativeReceiver } from './native-receiver.js'
import { loadNative } from './native-socket.js'
import { resolvePeers } from './peer-addresses.js'
import { ProbeSockets } from './probe-sockets.js'
import { explain } from './socket-errors.js'
import { checkUdpOptions, type UdpNetworkOptions } from './udp-options.js'
import { checkRoute, multicastInterface, openSocket, type SocketPlan, type UdpSocket } from './udp-socket.js'

export type { UdpNetworkOptions }

const PACKET_BYTES = 1400
const RECEIVE_BUFFER_BYTES = 8 << 20
const RECEIVE_BUFFER_BYTES_LOW = 1 << 20
const TRAIN_BYTES_MAX = 65507
const TRAIN_PACKETS_MAX = 64
const OVERFLOW_CHECK_MS = 250
/** How long closing waits for what the system has not taken yet. */
const CLOSE_MS_MAX = 1000

/** Opens the sockets of one member: see docs/network.md. */
export async function openUdpNetwork(wanted: UdpNetworkOptions): Promise<NetworkPort> {
  checkUdpOptions(wanted)
  const peers = wanted.peers && (await resolvePeers(wanted.peers, wanted.interface))
  const options = { ...wanted, peers }
  const group = peers ? undefined : options.address
  const own = peers && ownPeer(peers, options.port)
  const family = familyOf(group ?? own?.address ?? peers?.[0]?.address ?? options.interface ?? '')
  const at = chooseInterface(options.interface ?? (own && canonical(own.address)), family)
  const opened: UdpSocket[] = []
  try {
    const libc = await loadNative()
    if (libc) keepFreedMemory(libc)
    const receiveBufferBytes = options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES
    const local = scoped(at.address, at)
    const plan: SocketPlan = { at, libc, receiveBufferBytes, address: local, port: 0, shared: false }
    const sending = await openSocket(group ? plan : { ...plan, port: options.port })
    opened.push(sending)
    const trains = options.trains !== false
    if (trains) sending.native?.joinReceived()
    if (!group) return new UdpNetwork(options, at, local, sending, undefined)
    const to = scoped(group, at)
    await checkRoute(at, to, options.port, local)
    sending.promised
      .setMulticastInterface(multicastInterface(at))
      .setMulticastTTL(options.ttl ?? 1)
      .setMulticastLoopback(true)
    // Windows refuses to bind a group's address.
    const address = process.platform === 'win32' ? (family === 6 ? '::' : '0.0.0.0') : to
    const receiving = await openSocket({ ...plan, address, port: options.port, shared: true })
    opened.push(receiving)
    if (trains) receiving.native?.joinReceived()
    receiving.promised.addMembership(group, multicastInterface(at))
    return new UdpNetwork(options, at, local, sending, receiving)
  } catch (error) {
    await Promise.all(opened.map(each => each.promised.close()))
    throw explain(error, { at, group, port: options.port })
  }
}

class UdpNetwork implements NetworkPort {
  readonly endpoint: Endpoint
  readonly packetBytes: number
  readonly receiveBufferBytes: number
  readonly #at: InterfaceAddress
  readonly #sending: UdpSocket
  readonly #receiving: UdpSocket | undefined
  readonly #sender: DatagramSender
  readonly #receivers: NativeReceiver[] = []
  readonly #failures: FailureReports
  readonly #probes: ProbeSockets
  readonly #peers: readonly Endpoint[]
  /** Whom a multicast goes to: the group, or every peer. */
  #targets: readonly Endpoint[]
  #handler: NetworkHandler | undefined
  #overflowTimer: NodeJS.Timeout | undefined
  #overflowed = 0
  /** Multicasts of our own, which the filter at the receiving socket drops, and the system counts as drops. */
  #ownFiltered = false
  #multicasts = 0
  #closing: Promise<void> | undefined

  constructor(
    options: UdpNetworkOptions,
    at: InterfaceAddress,
    local: string,
    sending: UdpSocket,
    receiving: UdpSocket | undefined,
  ) {
    const port = sending.promised.address().port
    this.endpoint = { address: local, port }
    this.packetBytes = Math.min(options.packetBytes ?? PACKET_BYTES, payloadBytesMax(at) ?? TRAIN_BYTES_MAX)
    this.#at = at
    this.#sending = sending
    this.#receiving = receiving
    this.receiveBufferBytes = (receiving ?? sending).promised.getRecvBufferSize()
    if (this.receiveBufferBytes < RECEIVE_BUFFER_BYTES_LOW) options.warn?.(smallBuffer(this.receiveBufferBytes))
    this.#failures = new FailureReports(error => this.#handler?.failed(error))
    this.#probes = new ProbeSockets(at.family, endpoint => this.#handler?.refused(endpoint))
    this.#sender = new DatagramSender(
      sending.promised.socket,
      sending.native,
      at,
      this.packetBytes,
      options.trains !== false,
      error => this.#failures.add(error),
    )
    this.#ownFiltered =
      receiving?.native?.dropFrom({ family: at.family, address: local, port, scopeId: at.scopeId }) ?? false
    this.#peers = (options.peers ?? []).map(({ address, port }) => ({ address: canonical(address), port }))
    this.#targets = receiving ? [{ address: scoped(options.address!, at), port: options.port }] : []
    if (!receiving) this.reach([])
  }

  get path(): 'trains' | 'datagrams' {
    return this.#sender.path
  }

  start(handler: NetworkHandler): void {
    this.#handler = handler
    this.#listen(this.#sending, false)
    if (this.#receiving) this.#listen(this.#receiving, true)
    if (!this.#sending.native) return // without FFI the system's count of drops is out of reach
    this.#overflowTimer = setInterval(() => this.#checkOverflow(), OVERFLOW_CHECK_MS).unref()
  }

  multicast(bytes: Uint8Array, offset: number, length: number): void {
    const sent = this.#sender.sent
    for (const to of this.#targets) this.unicast(to, bytes, offset, length)
    if (this.#ownFiltered) this.#multicasts += this.#sender.sent - sent
  }

  unicast(to: Endpoint, bytes: Uint8Array, offset: number, length: number): void {
    invariant(length <= TRAIN_BYTES_MAX && length <= TRAIN_PACKETS_MAX * this.packetBytes, 'a train within its bounds')
    this.#sender.send(bytes, offset, length, to)
  }

  probe(to: Endpoint, bytes: Uint8Array): void {
    if (this.#handler !== undefined) this.#probes.probe(to, bytes)
  }

  reach(endpoints: readonly Endpoint[]): void {
    if (this.#receiving) return
    const targets = new Map<string, Endpoint>()
    for (const each of [...this.#peers, ...endpoints]) {
      if (this.#isOwn(each)) continue
      const key = `${hostOf(each.address)} ${each.port}`
      if (!targets.has(key)) targets.set(key, each)
    }
    this.#targets = [...targets.values()]
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    clearInterval(this.#overflowTimer)
    this.#handler = undefined
    this.#probes.close()
    this.#sender.closed = true
    for (const each of this.#receivers) each.closed = true
    if (this.#sender.pending > 0) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, CLOSE_MS_MAX)
        this.#sender.drained = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    await Promise.all([this.#sending.promised.close(), this.#receiving?.promised.close()])
  }

  #listen({ promised, native }: UdpSocket, multicast: boolean): void {
    const unfiltered = multicast && !this.#ownFiltered
    const deliver = (bytes: Uint8Array, from: Endpoint, slab?: Slab) => {
      if (unfiltered && this.#isOwn(from)) return
      this.#handler?.datagram(bytes, from, multicast, slab)
    }
    const receiver = native && new NativeReceiver(native, this.#at, deliver)
    if (receiver) this.#receivers.push(receiver)
    promised.socket.on('message', (bytes, from) => {
      // Always a plain view: code that meets two kinds of array is compiled for both.
      deliver(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), from)
      receiver?.drain()
    })
    promised.socket.on('error', error => this.#failures.add(error))
  }

  #isOwn(from: Endpoint): boolean {
    return from.port === this.endpoint.port && hostOf(from.address) === hostOf(this.endpoint.address)
  }

  #checkOverflow(): void {
    const drops = this.#sending.native!.drops() + (this.#receiving?.native?.drops() ?? 0) - this.#multicasts
    // The system counts in 32 bits.
    const more = (drops - this.#overflowed) | 0
    if (more <= 0) return
    this.#handler?.overflowed(more)
    this.#overflowed = drops
  }
}

/** Which of the peers this process is: the one with an address of this host and our port. */
function ownPeer(peers: readonly Endpoint[], port: number): Endpoint | undefined {
  const here = new Set(interfaceAddresses().map(each => each.address))
  const isHere = (address: string) => here.has(hostOf(canonical(address))) || address.startsWith('127.')
  return peers.find(each => each.port === port && isHere(each.address))
}

function smallBuffer(bytes: number): string {
  return (
    `The receive buffer is only ${Math.round(bytes / 1024)} KB, so bursts will be lost and repaired: ` +
    `allow more with \`sysctl -w net.core.rmem_max=${RECEIVE_BUFFER_BYTES}\`.`
  )
}
