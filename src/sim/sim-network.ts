import type { NetworkHandler, NetworkPort } from '../ports.js'
import type { Endpoint } from '../types.js'
import { Happening } from './agenda.js'
import type { Conditions, Way } from './conditions.js'
import type { SeededRandom } from './random.js'
import type { Packet } from './receive-buffer.js'
import type { RunDigest } from './run-digest.js'
import type { SimProcess } from './sim-process.js'
import { Act, type SimWorld } from './sim-world.js'
import { StepWatches } from './step-watches.js'

/** How long a packet that is held back, and the second copy of one that is doubled, may stay behind. */
const HELD_BACK_MS_MAX = 10
/** How often a corrupted packet has lost its end; else some of its bits are flipped. */
const TRUNCATED = 0.2

export interface SimNetworkOptions {
  readonly latencyMs: readonly [min: number, max: number]
  readonly bytesPerMs: number
  readonly packetBytes: number
  readonly receiveBufferBytes: number
}

/** Counted over all members. */
export interface Traffic {
  datagrams: number
  packets: number
  packetsLost: number
  bytes: number
}

/** The network: it cuts what is sent into packets and gives each of them, at each of its receivers, a fate of its own. */
export class SimNetwork {
  readonly options: SimNetworkOptions
  readonly conditions: Conditions
  readonly traffic: Traffic = { datagrams: 0, packets: 0, packetsLost: 0, bytes: 0 }
  readonly #world: SimWorld
  readonly #random: SeededRandom
  readonly #digest: RunDigest
  readonly #groups = new Map<string, Set<SimNetworkPort>>()
  /** By number, which no two have. */
  readonly #ports = new Map<number, SimNetworkPort>()
  /** Addresses by name. */
  readonly #hosts = new Map<string, string>()
  readonly #dead = new Set<string>()
  readonly watches = new StepWatches()
  /** Reads along what leaves a port. */
  onTransmit: (from: SimNetworkPort, bytes: Uint8Array) => void = () => {}
  #opened = 0

  constructor(
    options: SimNetworkOptions,
    world: SimWorld,
    random: SeededRandom,
    conditions: Conditions,
    digest: RunDigest,
  ) {
    this.options = options
    this.conditions = conditions
    this.#world = world
    this.#random = random
    this.#digest = digest
  }

  /** A port for one process at one multicast address. A host keeps its address; every port gets a number of its own. */
  open(process: SimProcess, multicastAddress: string): SimNetworkPort {
    this.#dead.delete(process.name)
    let address = this.#hosts.get(process.name)
    if (address === undefined) {
      const n = this.#hosts.size + 1
      address = `10.0.${n >> 8}.${n & 255}`
      this.#hosts.set(process.name, address)
    }
    const endpoint = { address, port: 40_000 + this.#opened++ }
    let group = this.#groups.get(multicastAddress)
    if (group === undefined) {
      group = new Set()
      this.#groups.set(multicastAddress, group)
    }
    const port = new SimNetworkPort(this, process, endpoint, group)
    group.add(port)
    this.#ports.set(endpoint.port, port)
    return port
  }

  close(port: SimNetworkPort): void {
    port.group.delete(port)
    this.#ports.delete(port.endpoint.port)
  }

  /** To one endpoint. If nobody is there, its host says so, unless that is dead too or out of reach. */
  probe(from: SimNetworkPort, to: Endpoint, bytes: Uint8Array): void {
    const port = this.at(to)
    if (port !== undefined) return this.transmit(from, [port], false, bytes, 0, bytes.length)
    const host = this.#hostAt(to.address)
    const { conditions, options } = this
    if (host === undefined || this.#dead.has(host)) return
    const { name } = from.process
    const way = conditions.way(name, host)
    if (way.isCut || conditions.way(host, name).isCut || this.#random.chance(way.loss)) return
    const [min, max] = options.latencyMs
    const backMs = 2 * this.#random.between(min, max) + this.#random.between(way.delayMinMs, way.delayMaxMs)
    this.#world.at(this.#world.nowMs + backMs, new Act(() => from.process.refuse(to)))
  }

  /** The host of that name is switched off: it does not even refuse. */
  switchOff(name: string): void {
    this.#dead.add(name)
  }

  #hostAt(address: string): string | undefined {
    for (const [name, each] of this.#hosts) if (each === address) return name
    return undefined
  }

  at(endpoint: Endpoint): SimNetworkPort | undefined {
    const port = this.#ports.get(endpoint.port)
    return port?.endpoint.address === endpoint.address ? port : undefined
  }

  /** Sends a datagram or train to some ports; it leaves the sender's interface once, whoever receives it. */
  transmit(
    from: SimNetworkPort,
    to: Iterable<SimNetworkPort>,
    multicast: boolean,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): void {
    const { packetBytes, bytesPerMs } = this.options
    const packets = Math.max(1, Math.ceil(length / packetBytes))
    this.traffic.datagrams++
    this.traffic.packets += packets
    this.traffic.bytes += length
    this.#digest.number(this.#world.nowMs)
    this.#digest.number(from.endpoint.port)
    const sent = bytes.subarray(offset, offset + length)
    this.#digest.bytes(sent)
    this.onTransmit(from, sent)
    const isWatched = this.watches.see(from, sent)
    const leavesMs = Math.max(this.#world.nowMs, from.leftMs)
    from.leftMs = leavesMs + length / bytesPerMs
    for (const port of to) {
      if (port === from) continue
      this.#digest.number(port.endpoint.port)
      const isMissed = isWatched && this.#random.chance(0.5)
      const way = this.conditions.way(from.process.name, port.process.name)
      if (isMissed || way.isCut || (multicast && way.isMulticastCut)) {
        this.traffic.packetsLost += packets
        continue
      }
      this.#travel(from, port, way, multicast, bytes, offset, length, leavesMs)
    }
  }

  #travel(
    from: SimNetworkPort,
    to: SimNetworkPort,
    way: Way,
    multicast: boolean,
    bytes: Uint8Array,
    offset: number,
    length: number,
    leavesMs: number,
  ): void {
    const { latencyMs, bytesPerMs, packetBytes } = this.options
    const random = this.#random
    const travelMs = random.between(latencyMs[0], latencyMs[1]) + random.between(way.delayMinMs, way.delayMaxMs)
    let sentBytes = 0
    do {
      const packet = Math.min(packetBytes, length - sentBytes)
      const at = offset + sentBytes
      sentBytes += packet
      if (random.chance(way.loss)) {
        this.traffic.packetsLost++
        continue
      }
      // Packets of one sender stay in order, whatever each takes; only those held back are overtaken.
      const dueMs = Math.max(leavesMs + sentBytes / bytesPerMs + travelMs, to.lastFrom.get(from.endpoint.port) ?? 0)
      to.lastFrom.set(from.endpoint.port, dueMs)
      const heldBackMs = random.chance(way.reorder) ? random.between(0, HELD_BACK_MS_MAX) : 0
      const corrupted = random.chance(way.corrupt)
      this.#deliver(from, to, multicast, bytes, at, packet, dueMs + heldBackMs, corrupted)
      if (random.chance(way.duplicate)) {
        this.#deliver(from, to, multicast, bytes, at, packet, dueMs + random.between(0, HELD_BACK_MS_MAX), false)
      }
    } while (sentBytes < length)
  }

  #deliver(
    from: SimNetworkPort,
    to: SimNetworkPort,
    multicast: boolean,
    bytes: Uint8Array,
    offset: number,
    length: number,
    atMs: number,
    corrupted: boolean,
  ): void {
    this.#digest.number(atMs)
    const { endpoint } = from
    const { process } = to
    if (!corrupted) return this.#world.at(atMs, new Arrival(bytes, offset, length, endpoint, multicast, process))
    const broken = this.#corrupt(bytes, offset, length)
    this.#world.at(atMs, new Arrival(broken, 0, broken.length, endpoint, multicast, process))
  }

  #corrupt(bytes: Uint8Array, offset: number, length: number): Uint8Array {
    const copy = bytes.slice(offset, offset + length)
    if (this.#random.chance(TRUNCATED)) return copy.subarray(0, this.#random.below(length))
    for (let flips = 1 + this.#random.below(3); flips > 0; flips--) {
      copy[this.#random.below(length)] ^= 1 << this.#random.below(8)
    }
    return copy
  }
}

/** A packet on its way to a process. */
class Arrival extends Happening implements Packet {
  readonly bytes: Uint8Array
  readonly offset: number
  readonly length: number
  readonly from: Endpoint
  readonly multicast: boolean
  readonly #to: SimProcess

  constructor(bytes: Uint8Array, offset: number, length: number, from: Endpoint, multicast: boolean, to: SimProcess) {
    super()
    this.bytes = bytes
    this.offset = offset
    this.length = length
    this.from = from
    this.multicast = multicast
    this.#to = to
  }

  happen(): void {
    this.#to.arrive(this)
  }
}

/** One member's access to the simulated network. */
export class SimNetworkPort implements NetworkPort {
  readonly endpoint: Endpoint
  readonly packetBytes: number
  readonly receiveBufferBytes: number
  readonly path: 'trains' | 'datagrams'
  readonly process: SimProcess
  readonly group: Set<SimNetworkPort>
  /** When its interface has sent what it was given so far. */
  leftMs = 0
  /** By number of another port: when the last packet from there arrives here. */
  readonly lastFrom = new Map<number, number>()
  readonly #network: SimNetwork
  #isClosed = false

  constructor(network: SimNetwork, process: SimProcess, endpoint: Endpoint, group: Set<SimNetworkPort>) {
    this.#network = network
    this.process = process
    this.endpoint = endpoint
    this.group = group
    this.path = process.path
    this.packetBytes = network.options.packetBytes
    this.receiveBufferBytes = network.options.receiveBufferBytes
  }

  start(handler: NetworkHandler): void {
    this.process.start(handler)
  }

  multicast(bytes: Uint8Array, offset: number, length: number): void {
    this.#send(this.group, true, bytes, offset, length)
  }

  /** Where nobody is, it leaves all the same, and whoever reads along learns what was said. */
  unicast(to: Endpoint, bytes: Uint8Array, offset: number, length: number): void {
    const port = this.#network.at(to)
    this.#send(port === undefined ? [] : [port], false, bytes, offset, length)
  }

  probe(to: Endpoint, bytes: Uint8Array): void {
    if (this.process.stopped || this.#isClosed) return
    this.#network.probe(this, to, bytes)
  }

  /** Of use only where multicast is a fan-out of unicasts; this network has multicast. */
  reach(): void {}

  /** What was sent is on its way already. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.process.deafen()
    this.#network.close(this)
  }

  #send(to: Iterable<SimNetworkPort>, multicast: boolean, bytes: Uint8Array, offset: number, length: number): void {
    if (this.process.stopped || this.#isClosed) return
    this.#network.transmit(this, to, multicast, bytes.slice(offset, offset + length), 0, length)
  }
}
