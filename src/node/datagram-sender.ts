import type { Socket } from 'node:dgram'
import { getSystemErrorName } from 'node:util'
import type { Endpoint } from '../types.js'
import type { InterfaceAddress } from './interfaces.js'
import { type NativeSocket, sockaddr } from './native-socket.js'

const MSG_DONTWAIT = 0x40
/** How the system says that it does not cut trains here: no checksum offload, an interface's MTU below a packet. */
const TRAIN_REFUSED = new Set(['EIO', 'EINVAL', 'EMSGSIZE', 'EOPNOTSUPP', 'ENOTSUP'])
/** The system's buffer is full: dgram waits for room. */
const FULL = new Set(['EAGAIN', 'ENOBUFS'])

interface NativeDestination {
  readonly bytes: Uint8Array
  readonly pointer: number
}

/**
 * Sends packets and trains through one socket: through FFI where there is one, else through dgram, a packet a call.
 * A train is cut by the system, or, from the first one that it refuses, here.
 */
export class DatagramSender {
  path: 'trains' | 'datagrams'
  closed = false
  /** Datagrams that the system or dgram accepted. */
  sent = 0
  /** Called when dgram has nothing left to send. */
  drained: (() => void) | undefined
  /** Datagrams that dgram has. */
  pending = 0
  readonly #socket: Socket
  readonly #native: NativeSocket | undefined
  readonly #at: InterfaceAddress
  readonly #packetBytes: number
  readonly #failed: (error: Error) => void
  readonly #destinations = new WeakMap<Endpoint, NativeDestination>()

  constructor(
    socket: Socket,
    native: NativeSocket | undefined,
    at: InterfaceAddress,
    packetBytes: number,
    trains: boolean,
    failed: (error: Error) => void,
  ) {
    this.#socket = socket
    this.#native = native
    this.#at = at
    this.#packetBytes = packetBytes
    this.path = trains && native?.cutSends(packetBytes) ? 'trains' : 'datagrams'
    this.#failed = failed
  }

  /** The bytes are read, or copied, when it returns. */
  send(bytes: Uint8Array, offset: number, length: number, to: Endpoint): void {
    if (this.closed) return
    if (length <= this.#packetBytes || this.path === 'trains') this.#sendOne(bytes, offset, length, to)
    else this.#sendEach(bytes, offset, length, to)
  }

  #sendEach(bytes: Uint8Array, offset: number, length: number, to: Endpoint): void {
    const end = offset + length
    for (let at = offset; at < end; at += this.#packetBytes) {
      this.#sendOne(bytes, at, Math.min(this.#packetBytes, end - at), to)
    }
  }

  #sendOne(bytes: Uint8Array, offset: number, length: number, to: Endpoint): void {
    // What dgram still has goes first.
    if (!this.#native || this.pending > 0) return this.#queue(bytes, offset, length, to)
    const { libc, fd } = this.#native
    const { bytes: address, pointer } = this.#destination(to)
    const from = libc.addressOf(bytes) + offset
    if (libc.sendto(fd, from, length, MSG_DONTWAIT, pointer, address.length) >= 0) {
      this.sent++
      return
    }
    const code = getSystemErrorName(-libc.errno())
    if (FULL.has(code)) return this.#queue(bytes, offset, length, to)
    if (this.path === 'trains' && TRAIN_REFUSED.has(code)) {
      // While the option is set, these systems refuse even a single packet.
      this.path = 'datagrams'
      this.#native.cutSends(0)
      return this.#sendEach(bytes, offset, length, to)
    }
    this.#failed(Object.assign(new Error(`send ${code} ${to.address}:${to.port}`), { code, syscall: 'send' }))
  }

  #queue(bytes: Uint8Array, offset: number, length: number, to: Endpoint): void {
    this.pending++
    this.sent++
    // dgram reads them later, when the caller may have written to them again.
    const copy = bytes.slice(offset, offset + length)
    this.#socket.send(copy, 0, length, to.port, to.address, this.#done)
  }

  readonly #done = (error: Error | null): void => {
    if (error) {
      this.sent--
      this.#failed(error)
    }
    if (--this.pending === 0) this.drained?.()
  }

  #destination(to: Endpoint): NativeDestination {
    const known = this.#destinations.get(to)
    if (known) return known
    const { libc } = this.#native!
    const { family, scopeId } = this.#at
    const bytes = sockaddr(libc, { family, address: to.address, port: to.port, scopeId })
    const destination = { bytes, pointer: libc.addressOf(bytes) }
    this.#destinations.set(to, destination)
    return destination
  }
}
