import { Conditions, type Impairment } from '../../src/sim/conditions.js'
import { SeededRandom } from '../../src/sim/random.js'
import { RunDigest } from '../../src/sim/run-digest.js'
import { SimNetwork, type SimNetworkOptions, type SimNetworkPort } from '../../src/sim/sim-network.js'
import { SimProcess } from '../../src/sim/sim-process.js'
import { SimWorld } from '../../src/sim/sim-world.js'

export interface Arrival {
  readonly bytes: Uint8Array
  readonly from: string
  readonly multicast: boolean
  readonly atMs: number
}

/** A simulated network with bare processes on it, each of which notes what arrives. */
export class Bench {
  readonly conditions: Conditions
  readonly network: SimNetwork
  readonly world = new SimWorld(() => this.hosts.some(host => host.process.urgent))
  readonly digest = new RunDigest()
  readonly hosts: Host[] = []
  readonly #random: SeededRandom

  constructor(always: Impairment = {}, options: Partial<SimNetworkOptions> = {}, seed = 1) {
    this.#random = new SeededRandom(seed)
    this.conditions = new Conditions(always)
    this.network = new SimNetwork(
      { latencyMs: [1, 1], bytesPerMs: 1e6, packetBytes: 1_000, receiveBufferBytes: 100_000, ...options },
      this.world,
      this.#random.fork(),
      this.conditions,
      this.digest,
    )
  }

  /** A process whose port is not started. */
  open(name: string, path: 'trains' | 'datagrams', address = '239.1.1.1'): SimNetworkPort {
    const { receiveBufferBytes } = this.network.options
    const process = new SimProcess(name, this.world, this.#random.fork(), path, receiveBufferBytes, () => {})
    return this.network.open(process, address)
  }

  host(name: string, path: 'trains' | 'datagrams' = 'datagrams', address?: string): Host {
    const host = new Host(this, this.open(name, path, address))
    this.hosts.push(host)
    return host
  }

  /** Lets that much time pass. */
  async run(ms: number): Promise<void> {
    await this.world.wait(() => false, ms)
  }

  nameOf(port: number): string {
    return this.hosts.find(host => host.port.endpoint.port === port)?.process.name ?? '?'
  }
}

export class Host {
  readonly process: SimProcess
  readonly port: SimNetworkPort
  readonly arrivals: Arrival[] = []
  overflowed = 0

  constructor(bench: Bench, port: SimNetworkPort) {
    this.process = port.process
    this.port = port
    this.port.start({
      datagram: (bytes, from, multicast) => {
        this.arrivals.push({ bytes, from: bench.nameOf(from.port), multicast, atMs: bench.world.nowMs })
      },
      failed: error => {
        throw error
      },
      refused: () => {},
      overflowed: datagrams => {
        this.overflowed += datagrams
      },
    })
  }

  /** The first byte of each packet that arrived, trains taken apart. */
  packets(packetBytes: number): number[] {
    const first: number[] = []
    for (const { bytes } of this.arrivals) for (let at = 0; at < bytes.length; at += packetBytes) first.push(bytes[at])
    return first
  }

  multicast(...bytes: number[]): void {
    this.port.multicast(Uint8Array.from(bytes), 0, bytes.length)
  }
}

/** A train of `count` packets of `packetBytes`; each begins with its number. */
export function train(count: number, packetBytes: number): Uint8Array {
  const bytes = new Uint8Array(count * packetBytes)
  for (let i = 0; i < count; i++) bytes[i * packetBytes] = i
  return bytes
}
