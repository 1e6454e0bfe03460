import type { Slab } from './slab.js'
import type { Endpoint } from './types.js'

/**
 * The outside world as the driver sees it: a network, a clock and a source of chance. `src/node` has the real ones,
 * `src/sim` the simulated ones; both pass the same acceptance suite.
 */
export interface Ports {
  readonly network: NetworkPort
  readonly clock: ClockPort
  readonly random: RandomPort
}

/** What a network hands up: a datagram, or a train of packets that the kernel put together again. Never throws. */
export interface NetworkHandler {
  /**
   * @param bytes  what arrived
   * @param from   the sender's endpoint
   * @param multicast  whether it came through the group's address (else by unicast)
   * @param slab   where `bytes` lie; who keeps them holds it, and the port writes there again once nobody does. Without
   *   one the port never writes to them again
   */
  datagram(bytes: Uint8Array, from: Endpoint, multicast: boolean, slab?: Slab): void
  /** Something that lasts: an interface that went down, a send the system refused. The port stays usable. */
  failed(error: Error): void
  /** Nobody listens at that endpoint, which was probed: the host says so. */
  refused(endpoint: Endpoint): void
  /** The receive buffer overflowed since the last call: `datagrams` were lost in this host. */
  overflowed(datagrams: number): void
}

export interface NetworkPort {
  /** Where other members reach this one by unicast. */
  readonly endpoint: Endpoint
  /** Size of a full packet in bytes, header included: the unit of loss. A train is cut at multiples of it. */
  readonly packetBytes: number
  /** Effective size of the receive buffer in bytes, as read back from the system. */
  readonly receiveBufferBytes: number
  readonly path: 'trains' | 'datagrams'
  /** Begins to hand up what arrives. Called once. */
  start(handler: NetworkHandler): void
  /**
   * Sends `length` bytes at `offset` to every member of the group, this one excepted. More than `packetBytes` is a
   * train: packets of exactly `packetBytes`, only the last shorter; at most 64 packets and 65,507 bytes. The port has
   * read the bytes when it returns: what it cannot send at once it copies.
   */
  multicast(bytes: Uint8Array, offset: number, length: number): void
  /** The same, to one endpoint. */
  unicast(to: Endpoint, bytes: Uint8Array, offset: number, length: number): void
  /**
   * Sends one packet to an endpoint of which it is not known whether anybody is there; where the system can tell that
   * nobody is, `refused` is called. The bytes stay the port's.
   */
  probe(to: Endpoint, bytes: Uint8Array): void
  /** Who is in the view, for networks where multicast is a fan-out of unicasts. */
  reach(endpoints: readonly Endpoint[]): void
  /** Resolves when the sockets are closed and what was handed over for sending has left. */
  close(): Promise<void>
}

export interface ClockPort {
  /** Milliseconds, monotonic, with a fraction. Used for timeouts, never for safety. */
  now(): number
  /** Runs `turn` at the end of this turn of the event loop, after the sockets that are ready have been read. */
  defer(turn: () => void): void
  /** Runs `fire` at `atMs` or up to a tick (1 ms) later, in place of what was armed before. */
  arm(atMs: number, fire: () => void): void
  disarm(): void
}

export interface RandomPort {
  /** 32 random bits, as an unsigned integer. */
  next(): number
}
