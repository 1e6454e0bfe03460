import { DgramAsPromised, type SocketAsPromised } from 'dgram-as-promised'
import type { Endpoint } from '../types.js'
import type { Family } from './interfaces.js'

const SOCKETS_MAX = 64
/** A socket whose endpoint is not probed any more is closed after so long. */
const IDLE_MS = 2_000

interface Probing {
  readonly promised: SocketAsPromised
  isConnected: boolean
  /** What leaves once it is. */
  waiting: Uint8Array
  idle: NodeJS.Timeout
}

/**
 * Short-lived connected sockets, one an endpoint. An ICMP "port unreachable" is told to the socket that provoked it only
 * if that is connected: it is how a host that lives says of a process that it is gone.
 */
export class ProbeSockets {
  readonly #family: Family
  readonly #onRefused: (endpoint: Endpoint) => void
  readonly #sockets = new Map<string, Probing>()

  constructor(family: Family, onRefused: (endpoint: Endpoint) => void) {
    this.#family = family
    this.#onRefused = onRefused
  }

  probe(to: Endpoint, bytes: Uint8Array): void {
    const key = `${to.address} ${to.port}`
    let probing = this.#sockets.get(key)
    if (probing === undefined) {
      if (this.#sockets.size === SOCKETS_MAX) return
      probing = this.#open(key, to, bytes)
    }
    probing.idle.refresh()
    if (probing.isConnected) this.#send(probing, to, bytes)
    else probing.waiting = bytes
  }

  close(): void {
    for (const key of [...this.#sockets.keys()]) this.#close(key)
  }

  #open(key: string, to: Endpoint, waiting: Uint8Array): Probing {
    const promised = DgramAsPromised.createSocket(this.#family === 6 ? 'udp6' : 'udp4')
    const probing: Probing = {
      promised,
      isConnected: false,
      waiting,
      idle: setTimeout(() => this.#close(key), IDLE_MS).unref(),
    }
    this.#sockets.set(key, probing)
    promised.socket.on('error', error => {
      this.#failed(error, to)
      // There was no way to it; the next probe tries anew.
      if (!probing.isConnected && this.#sockets.get(key) === probing) this.#close(key)
    })
    promised.socket.once('connect', () => {
      probing.isConnected = true
      if (this.#sockets.get(key) === probing) this.#send(probing, to, probing.waiting)
    })
    promised.socket.connect(to.port, to.address)
    return probing
  }

  #send({ promised }: Probing, to: Endpoint, bytes: Uint8Array): void {
    promised.socket.send(bytes, error => {
      if (error) this.#failed(error, to)
    })
  }

  #failed(error: Error, to: Endpoint): void {
    // Anything else (no route, no buffer) says nothing of the process there.
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') this.#onRefused(to)
  }

  #close(key: string): void {
    const probing = this.#sockets.get(key)
    if (probing === undefined) return
    this.#sockets.delete(key)
    clearTimeout(probing.idle)
    // Its own error listener stays: what is on its way may still fail.
    probing.promised.close().catch(() => {})
  }
}
