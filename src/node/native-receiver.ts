import { type Slab, SlabPool } from '../slab.js'
import type { Endpoint } from '../types.js'
import { canonical, type InterfaceAddress, scoped } from './interfaces.js'
import type { NativeSocket } from './native-socket.js'

/*
 * dgram reads every datagram into 64 KB that it allocates and fills with zeros, then copies what came into memory that
 * it allocates again: more than the system's own work costs. So dgram is what wakes us and reads the first datagram of
 * a burst; the rest is read here, into memory that is written once.
 */
const MSG_DONTWAIT = 0x40
const DATAGRAM_BYTES_MAX = 65536
/** Small, because who keeps one packet keeps all of it; large, because of what an allocation costs. */
const SLAB_BYTES = 4 * DATAGRAM_BYTES_MAX
/** Slabs that wait to be used again at most: what windows of some megabytes have under way. */
const SLABS_MAX = 64
/** After so many the other sockets and the timers have their turn. */
const BURST_MAX = 32
const SENDERS_MAX = 1024
const SOCKADDR_BYTES_MAX = 28

export class NativeReceiver {
  closed = false
  readonly #socket: NativeSocket
  readonly #at: InterfaceAddress
  readonly #deliver: (bytes: Uint8Array, from: Endpoint, slab: Slab) => void
  /** What arrives is written here one behind the other, and again once nobody holds what was. */
  readonly #pool = new SlabPool(SLAB_BYTES, SLABS_MAX, unfilled)
  #slab: Slab | null = null
  #memory!: ArrayBufferLike
  #slabAddress!: number
  #slabAt = SLAB_BYTES
  /** Where the system writes the sender's address, and the address's length. */
  readonly #from = Buffer.from(new ArrayBuffer(32))
  readonly #fromLength = new Uint32Array(this.#from.buffer, SOCKADDR_BYTES_MAX, 1)
  readonly #fromAddress: number
  readonly #senders = new Map<string, Endpoint>()

  constructor(
    socket: NativeSocket,
    at: InterfaceAddress,
    deliver: (bytes: Uint8Array, from: Endpoint, slab: Slab) => void,
  ) {
    this.#socket = socket
    this.#at = at
    this.#deliver = deliver
    this.#fromAddress = socket.libc.addressOf(this.#from)
  }

  /** Hands up what is waiting. */
  drain(): void {
    const { libc, fd } = this.#socket
    const from = this.#fromAddress
    // What was delivered may have closed the port, and the number of the descriptor may be another file's by now.
    for (let i = 0; i < BURST_MAX && !this.closed; i++) {
      if (SLAB_BYTES - this.#slabAt < DATAGRAM_BYTES_MAX) this.#renewSlab()
      this.#fromLength[0] = SOCKADDR_BYTES_MAX
      const at = this.#slabAt
      const room = SLAB_BYTES - at
      const length = libc.recvfrom(fd, this.#slabAddress + at, room, MSG_DONTWAIT, from, from + SOCKADDR_BYTES_MAX)
      if (length < 0) return // nothing more; a lasting fault shows itself to dgram
      // Views that begin at a word are cheaper to read.
      this.#slabAt = (at + length + 7) & ~7
      this.#deliver(new Uint8Array(this.#memory, at, length), this.#sender(), this.#slab!)
    }
  }

  #renewSlab(): void {
    this.#slab?.release()
    this.#slab = this.#pool.take()
    this.#memory = this.#slab.bytes.buffer
    this.#slabAddress = this.#socket.libc.addressOf(this.#slab.bytes)
    this.#slabAt = 0
  }

  #sender(): Endpoint {
    const key = this.#from.toString('latin1', 0, this.#fromLength[0])
    const known = this.#senders.get(key)
    if (known) return known
    if (this.#senders.size >= SENDERS_MAX) this.#senders.clear()
    const sender = endpointOf(this.#from, this.#at)
    this.#senders.set(key, sender)
    return sender
  }
}

/** Not a Buffer: code that meets two kinds of array is compiled for both. */
const unfilled = (bytes: number): Uint8Array => new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer)

function endpointOf(from: Buffer, at: InterfaceAddress): Endpoint {
  const port = from.readUInt16BE(2)
  if (at.family === 4) return { address: from.subarray(4, 8).join('.'), port }
  return { address: scoped(textOf(from.subarray(8, 24)), at), port }
}

function textOf(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i).toString(16))
  return canonical(groups.join(':'))
}
