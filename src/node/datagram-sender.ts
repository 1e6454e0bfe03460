import type { Socket } from 'node:dgram'
import type { NativeSocket } from './native-socket.js'

/** How the system says that it does not cut trains here: no checksum offload, an interface's MTU below a packet. */
const TRAIN_REFUSED = new Set(['EIO', 'EINVAL', 'EMSGSIZE', 'EOPNOTSUPP', 'ENOTSUP'])

/**
 * Sends packets and trains through one socket. Either the system cuts a train into packets, or, from the first one
 * that it refuses, this does.
 */
export class DatagramSender {
  readonly packetBytes: number
  path: 'trains' | 'datagrams'
  /** Sends that the system took over and that have not come back yet. */
  pending = 0
  /** Sends that the system accepted. */
  sent = 0
  /** Called when `pending` falls to 0. */
  drained: (() => void) | undefined
  readonly #socket: Socket
  readonly #native: NativeSocket | undefined
  readonly #failed: (error: Error) => void
  /** Whether a train has got through; until then each is kept for a second try. */
  #proven = false

  constructor(
    socket: Socket,
    native: NativeSocket | undefined,
    packetBytes: number,
    trains: boolean,
    failed: (error: Error) => void,
  ) {
    this.#socket = socket
    this.#native = native
    this.packetBytes = packetBytes
    this.path = trains && native?.cutSends(packetBytes) ? 'trains' : 'datagrams'
    this.#failed = failed
  }

  /** Returns false if the bytes are still to be read. */
  send(bytes: Uint8Array, offset: number, length: number, port: number, address: string): boolean {
    if (length <= this.packetBytes) this.#sendOne(bytes, offset, length, port, address)
    else if (this.path === 'datagrams') this.#sendEach(bytes, offset, length, port, address)
    else if (this.#proven) this.#sendOne(bytes, offset, length, port, address)
    else return this.#tryTrain(bytes, offset, length, port, address)
    return this.#socket.getSendQueueCount() === 0
  }

  #sendOne(bytes: Uint8Array, offset: number, length: number, port: number, address: string): void {
    this.pending++
    this.#socket.send(bytes, offset, length, port, address, this.#done)
  }

  #sendEach(bytes: Uint8Array, offset: number, length: number, port: number, address: string): void {
    const end = offset + length
    for (let at = offset; at < end; at += this.packetBytes) {
      this.#sendOne(bytes, at, Math.min(this.packetBytes, end - at), port, address)
    }
  }

  /**
   * A refusal is known only after this call has returned, so the caller is told that the bytes are still in use, and
   * may not write to them before they have gone out again.
   */
  #tryTrain(bytes: Uint8Array, offset: number, length: number, port: number, address: string): false {
    this.pending++
    this.#socket.send(bytes, offset, length, port, address, error => {
      if (!error) this.#proven = true
      this.#done(error)
      if (error && refused(error)) this.#sendEach(bytes, offset, length, port, address)
    })
    return false
  }

  readonly #done = (error: Error | null): void => {
    if (error) this.#refuse(error)
    else this.sent++
    if (--this.pending === 0) this.drained?.()
  }

  #refuse(error: Error): void {
    if (!this.#native || !refused(error)) {
      this.#failed(error)
      return
    }
    // While the option is set, these systems refuse even a single packet.
    this.path = 'datagrams'
    this.#native.cutSends(0)
  }
}

function refused(error: Error): boolean {
  return TRAIN_REFUSED.has((error as NodeJS.ErrnoException).code ?? '')
}
