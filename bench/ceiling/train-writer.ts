import { DATA, HEADER_BYTES, seal, writeHeader, writeU32 } from '../../src/wire/header.js'
import { type CeilingSettings, GROUP_TAG, PREFIX_BYTES } from './settings.js'

/** Fills trains with copies of one message, as a member that sends without pause would. */
export class TrainWriter {
  /** Packets sealed so far: the next one's number. */
  seq = 0
  readonly memory: Uint8Array
  readonly #message: Uint8Array
  readonly #settings: CeilingSettings
  readonly #rank: number
  readonly #deliver: (bytes: Uint8Array, offset: number, length: number) => void
  readonly #slots: number
  /** How much of the message that is being written is in packets already. */
  #written = 0

  constructor(
    settings: CeilingSettings,
    rank: number,
    message: Uint8Array,
    deliver: (bytes: Uint8Array, offset: number, length: number) => void,
  ) {
    this.#settings = settings
    this.#rank = rank
    this.#message = message
    this.#deliver = deliver
    // One train more than the window: what is being written never lies where unacknowledged packets do.
    this.#slots =
      (Math.ceil(settings.windowBytes / settings.packetBytes / settings.trainPackets) + 1) * settings.trainPackets
    // Room at the end of each train for an acknowledgement.
    this.memory = new Uint8Array(this.#slots * settings.packetBytes + settings.packetBytes)
  }

  /** Where the next packet will lie. */
  get offset(): number {
    return (this.seq % this.#slots) * this.#settings.packetBytes
  }

  /** Writes `packets` full packets one after the other. */
  write(packets: number): void {
    for (let i = 0; i < packets; i++) this.#writePacket(this.offset)
  }

  #writePacket(at: number): void {
    const { packetBytes, bytes, layout } = this.#settings
    const { memory } = this
    const message = this.#message
    const end = at + packetBytes
    const body = at + HEADER_BYTES
    let to = body
    if (this.#written > 0) {
      const rest = bytes - this.#written
      const length = Math.min(rest, end - to)
      memory.set(this.#part(this.#written, length), to)
      to += length
      this.#written += length
      if (length === rest) this.#finish()
    }
    const first = to - body
    const room = layout === 'padded' && bytes + PREFIX_BYTES <= packetBytes - HEADER_BYTES ? bytes : 1
    while (end - to >= PREFIX_BYTES + room) {
      writeU32(memory, to, bytes)
      to += PREFIX_BYTES
      if (end - to >= bytes) {
        memory.set(message, to)
        to += bytes
        this.#finish()
      } else {
        if (layout === 'padded' && to - body > PREFIX_BYTES) {
          to -= PREFIX_BYTES // a message over a packet's size begins where a packet does
          break
        }
        this.#written = end - to
        memory.set(this.#part(0, this.#written), to)
        to = end
      }
    }
    if (end - to >= PREFIX_BYTES) writeU32(memory, to, 0)
    writeHeader(memory, at, DATA, GROUP_TAG, 1, this.#rank, this.seq++, 0, first, 0, 0)
    seal(memory, at, packetBytes)
  }

  /** Half the price of subarray in Node 20. */
  #part(from: number, length: number): Uint8Array {
    return new Uint8Array(this.#message.buffer, this.#message.byteOffset + from, length)
  }

  #finish(): void {
    this.#written = 0
    this.#deliver(this.#message, 0, this.#message.length)
  }
}
