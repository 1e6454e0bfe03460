import type { Logger } from 'pino'
import { TuttiError } from './errors.js'
import type { Endpoint, Order } from './types.js'
import { hash32 } from './wire/checksum.js'
import { NAME_BYTES_MAX, PACKET_BYTES_MIN, TRAIN_BYTES_MAX } from './wire/limits.js'

/** Bounds on what one member holds in memory. */
export interface Limits {
  /** Bytes of a message at most; the founder's value is the group's. Default 16 MiB. */
  messageBytesMax?: number
  /** Bytes by which this sender may be ahead of the slowest member. Default 4 MiB, less where receive buffers are small. */
  windowBytesMax?: number
  /** Sends that wait at one time for the window to open, or for the first view. Default 10,000. */
  waitingSendsMax?: number
}

/** How a member joins. Every option has a default. */
export interface JoinOptions {
  /** This member's name, unlike any other's in the group; 1 to 255 bytes of UTF-8. Default: host name and process id. */
  name?: string
  /** Network interface, by name or address. Default: the default route's; without one, loopback. */
  interface?: string
  /** Multicast address of the group. Default: one of 239.192.0.0/14, derived from the group's name (RFC 2365). */
  address?: string
  /** UDP port of the group; with `peers`, this member's own. Default 7475. */
  port?: number
  /** Routers that multicast may cross, plus one. 0 to 255, default 1: this network only. */
  ttl?: number
  /** Sends to these endpoints, as 'host:port' or objects, in place of multicast. Names are looked up once, when joining. */
  peers?: readonly (string | Endpoint)[]
  /** Order of messages that do not say. Default 'fifo'. */
  order?: Order
  /** Whether messages that do not say are safe. Default false. */
  safe?: boolean
  /** Holds back the first view, and sends, until this many members are in. Default 1. */
  expect?: number
  partition?: 'majority' | 'continue'
  /** Bytes of a full packet: the path's MTU less 28 (IPv4) or 48 (IPv6). 512 to 65,507; default 1,400. The same for all. */
  packetBytes?: number
  /** Adds a checksum over every packet's body, for networks that corrupt behind UDP's own. One member's wish binds all. */
  payloadChecksum?: boolean
  /** false: one packet a system call, even where the system takes trains. Default true. */
  trains?: boolean
  /** Faults put into what this member receives, for tests: 'loss=0.1,duplicate=0.01,reorder=0.05,corrupt=0.001,delay=5..20ms'. */
  faults?: string
  /** Seed of the faults. Default: random. */
  seed?: number
  limits?: Limits
  /** Default: silent. */
  logger?: Logger
  /** Gives up joining. */
  signal?: AbortSignal
}

/** Options as the rest of the program reads them: complete and checked. */
export interface CheckedOptions {
  readonly group: string
  readonly name: string
  readonly interface: string | undefined
  readonly address: string
  readonly port: number
  readonly ttl: number
  readonly order: Order
  readonly safe: boolean
  readonly peers: readonly Endpoint[] | undefined
  readonly expect: number
  readonly packetBytes: number
  readonly payloadChecksum: boolean
  readonly trains: boolean
  readonly faults: string | undefined
  readonly seed: number | undefined
  readonly messageBytesMax: number
  readonly windowBytesMax: number
  readonly waitingSendsMax: number
  readonly logger: Logger | undefined
  readonly signal: AbortSignal | undefined
}

const DEFAULT_PORT = 7475
const MIB = 1_048_576
const KNOWN = new Set([
  ...['name', 'interface', 'address', 'port', 'ttl', 'peers', 'order', 'safe', 'expect', 'partition', 'packetBytes'],
  ...['payloadChecksum', 'trains', 'faults', 'seed', 'limits', 'logger', 'signal'],
])
const KNOWN_LIMITS = new Set(['messageBytesMax', 'windowBytesMax', 'waitingSendsMax'])
const LATER = new Set(['secret', 'log', 'state', 'durable'])

/**
 * Reads each option once.
 *
 * @param defaultName  the member's, where `options` has none
 * @throws TuttiError that says what is wrong with what was given
 */
export function checkOptions(group: string, options: JoinOptions, defaultName = 'member'): CheckedOptions {
  checkName('the group name', group)
  checkKeys('options', options, KNOWN)
  const { name = defaultName, order = 'fifo', partition = 'majority', limits = {} } = options
  checkName('name', name)
  checkKeys('limits', limits, KNOWN_LIMITS)
  if (partition === 'continue') throw unsupported("partition 'continue'")
  if (partition !== 'majority') throw wrong(`partition is 'majority' or 'continue', not ${show(partition)}`)
  return {
    group,
    name,
    interface: text('interface', options.interface),
    address: text('address', options.address) ?? addressOf(group),
    port: whole('port', options.port ?? DEFAULT_PORT, 1, 65_535),
    ttl: whole('ttl', options.ttl ?? 1, 0, 255),
    peers: endpoints(options.peers),
    order: orderOf('order', order),
    safe: flag('safe', options.safe ?? false),
    expect: whole('expect', options.expect ?? 1, 1, 4_096),
    packetBytes: whole('packetBytes', options.packetBytes ?? 1_400, PACKET_BYTES_MIN, TRAIN_BYTES_MAX),
    // Corruption that the port injects comes behind UDP's own checksum: only the packet's can catch it.
    payloadChecksum: flag('payloadChecksum', options.payloadChecksum ?? /\bcorrupt=/.test(options.faults ?? '')),
    trains: flag('trains', options.trains ?? true),
    faults: text('faults', options.faults),
    seed: options.seed === undefined ? undefined : whole('seed', options.seed, 0, 0xffffffff),
    messageBytesMax: whole('limits.messageBytesMax', limits.messageBytesMax ?? 16 * MIB, 1, 1_024 * MIB),
    windowBytesMax: whole('limits.windowBytesMax', limits.windowBytesMax ?? 4 * MIB, 16_384, 256 * MIB),
    waitingSendsMax: whole('limits.waitingSendsMax', limits.waitingSendsMax ?? 10_000, 1, 10_000_000),
    logger: logger(options.logger),
    signal: signal(options.signal),
  }
}

const KNOWN_OF_SEND = new Set(['order', 'safe', 'signal'])
const KNOWN_OF_TELL = new Set(['signal'])

/** Of one message. @throws TuttiError if they are not what they must be */
export function checkSendOptions(options: { readonly signal?: unknown }, isTell = false): void {
  checkKeys('options', options, isTell ? KNOWN_OF_TELL : KNOWN_OF_SEND)
  signal(options.signal)
}

/** @throws TuttiError if it is none */
export function orderOf(what: string, value: unknown): Order {
  if (value === 'fifo' || value === 'causal' || value === 'total') return value
  throw wrong(`${what} is 'fifo', 'causal' or 'total', not ${show(value)}`)
}

/** An address of the organization-local scope (RFC 2365) that groups of different names seldom share. */
function addressOf(group: string): string {
  const hash = hash32(new TextEncoder().encode(group))
  return `239.${192 + ((hash >>> 16) & 3)}.${(hash >>> 8) & 255}.${1 + ((hash & 255) % 254)}`
}

function checkKeys(what: string, given: unknown, known: ReadonlySet<string>): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw wrong(`${what} must be an object, not ${show(given)}`)
  const prefix = what === 'options' ? '' : `${what}.`
  // No array of them for each message.
  for (const key in given) {
    if (LATER.has(key)) throw unsupported(`the option ${key}`)
    if (!known.has(key)) throw wrong(`unknown option ${prefix}${key}; known are ${[...known].join(', ')}`)
  }
}

function checkName(what: string, name: unknown): void {
  const bytes = typeof name === 'string' ? new TextEncoder().encode(name).length : 0
  if (bytes < 1 || bytes > NAME_BYTES_MAX)
    throw wrong(`${what} must be a string of 1 to ${NAME_BYTES_MAX} bytes, not ${show(name)}`)
  if (/\p{Surrogate}/u.test(name as string))
    throw wrong(`${what} has half a character in it, which UTF-8 cannot write: ${JSON.stringify(name)}`)
}

function endpoints(peers: unknown): Endpoint[] | undefined {
  if (peers === undefined) return undefined
  if (!Array.isArray(peers)) throw wrong(`peers must be an array of 'host:port' or endpoints, not ${show(peers)}`)
  return peers.map(endpointOf)
}

function endpointOf(peer: unknown): Endpoint {
  if (typeof peer === 'object' && peer !== null) {
    const { address, port } = peer as Partial<Endpoint>
    if (typeof address !== 'string' || address === '')
      throw wrong(`peers[].address must be a string, not ${show(address)}`)
    return { address, port: whole('peers[].port', port, 1, 65_535) }
  }
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(String(peer))
  if (match === null) throw wrong(`peers are 'host:port' or '[address]:port', not ${show(peer)}`)
  return { address: match[1] ?? match[2], port: whole('a port in peers', Number(match[3]), 1, 65_535) }
}

function logger(value: Logger | undefined): Logger | undefined {
  if (value === undefined || (typeof value?.info === 'function' && typeof value.warn === 'function')) return value
  throw wrong(`logger must be a logger as pino makes them, not ${show(value)}`)
}

function signal(value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value
  throw wrong(`signal must be an AbortSignal, not ${show(value)}`)
}

function whole(what: string, value: unknown, min: number, max: number): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number
  throw wrong(`${what} must be a whole number from ${min} to ${max}, not ${show(value)}`)
}

export function flag(what: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw wrong(`${what} must be true or false, not ${show(value)}`)
}

function text(what: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value as string | undefined
  throw wrong(`${what} must be a string that is not empty, not ${show(value)}`)
}

function show(value: unknown): string {
  const isObject = typeof value === 'object' && value !== null
  const shown =
    typeof value === 'string'
      ? `'${value}'`
      : isObject
        ? Array.isArray(value)
          ? 'an array'
          : 'an object'
        : String(value)
  return shown.length > 60 ? `${shown.slice(0, 57)}...` : shown
}

function wrong(message: string): TuttiError {
  return new TuttiError('ERR_TUTTI_OPTION', message)
}

export function unsupported(what: string): TuttiError {
  return new TuttiError('ERR_TUTTI_UNSUPPORTED', `this release does not have ${what} yet`)
}
