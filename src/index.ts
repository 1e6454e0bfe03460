import { hostname } from 'node:os'
import type { Group } from './group.js'
import { parseFaults } from './node/faults.js'
import { FaultyNetwork } from './node/faulty-network.js'
import { NodeClock } from './node/node-clock.js'
import { NodeRandom } from './node/node-random.js'
import { openUdpNetwork } from './node/udp-network.js'
import { openChecked } from './open-group.js'
import { type CheckedOptions, checkOptions, type JoinOptions } from './options.js'
import type { NetworkPort } from './ports.js'

/**
 * Joins the group `group`, or founds it where there is none. Resolves once the first view with this member in it is
 * installed, and `expect` members are in.
 *
 * @throws TuttiError with a stable `code`: a wrong option, an interface that does not exist, a port in use, no route
 *   for multicast, a name that a live member has.
 */
export async function join(group: string, options: JoinOptions = {}): Promise<Group> {
  const checked = checkOptions(group, options, `${hostname()}-${process.pid}`)
  const clock = new NodeClock()
  const random = new NodeRandom()
  const network = await openNetwork(checked, random)
  return openChecked(checked, { network, clock, random })
}

async function openNetwork(options: CheckedOptions, random: NodeRandom): Promise<NetworkPort> {
  const { logger, seed } = options
  const faults = options.faults === undefined ? undefined : parseFaults(options.faults)
  const network = await openUdpNetwork({ ...options, warn: message => logger?.warn(message) })
  return faults === undefined ? network : new FaultyNetwork(network, faults, seed ?? random.next())
}

export { Batch, Delivery, Message, type Safe } from './delivery.js'
export { type ErrorCode, TuttiError } from './errors.js'
export { type BlockReason, Group, type GroupEvents, type SendOptions, type Sent } from './group.js'
export { type InterfaceReport, type ProbeReport, probe } from './node/probe.js'
export { openGroup } from './open-group.js'
export type { JoinOptions, Limits } from './options.js'
export type { ClockPort, NetworkHandler, NetworkPort, Ports, RandomPort } from './ports.js'
export { Slab, SlabPool } from './slab.js'
export type {
  Endpoint,
  ExcludedEvent,
  GroupEvent,
  Member,
  MergedEvent,
  Order,
  Stats,
  View,
  ViewChange,
  ViewEvent,
} from './types.js'
