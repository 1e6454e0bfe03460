import { openUdpNetwork } from '../../src/node/udp-network.js'
import type { NetworkPort } from '../../src/ports.js'
import {
  CONTROL,
  DATA,
  HEADER_BYTES,
  judge,
  kindOf,
  lengthOf,
  OK,
  rankOf,
  readU32,
  seal,
  writeHeader,
  writeU32,
} from '../../src/wire/header.js'
import { PacketReader } from './packet-reader.js'
import { type CeilingSettings, GROUP_TAG, type Sample } from './settings.js'
import { TrainWriter } from './train-writer.js'

/** How long a sender waits for an acknowledgement before it goes on as if it had come: packets were lost. */
const STALL_MS = 1000

/** One process of the ceiling: trains out while the window is open, one call for each message in, and acknowledgements. */
class Member {
  readonly #settings: CeilingSettings
  readonly #rank: number
  readonly #port: NetworkPort
  readonly #writer: TrainWriter
  readonly #readers: PacketReader[]
  /** Per member: up to which of our packets it consumed; and up to which of its packets we told it that we did. */
  readonly #acknowledged: number[]
  readonly #told: number[]
  readonly #ackPackets: number
  readonly #windowPackets: number
  readonly #ack: Uint8Array
  #messages = 0
  #bytes = 0
  #touched = 0
  #drops = 0
  #stalls = 0
  #turning = false
  #sentAtMs = 0

  constructor(settings: CeilingSettings, rank: number, port: NetworkPort) {
    const { members, senders, packetBytes, trainPackets } = settings
    this.#settings = settings
    this.#rank = rank
    this.#port = port
    this.#writer = new TrainWriter(settings, rank, new Uint8Array(settings.bytes).fill(rank + 1), this.#deliver)
    this.#readers = Array.from({ length: senders }, () => new PacketReader(this.#deliver))
    this.#acknowledged = Array(members).fill(0)
    this.#acknowledged[rank] = Number.POSITIVE_INFINITY
    this.#told = Array(senders).fill(0)
    this.#ackPackets = Math.max(1, Math.floor(settings.ackBytes / packetBytes))
    this.#windowPackets = Math.max(trainPackets, Math.floor(settings.windowBytes / packetBytes))
    this.#ack = new Uint8Array(HEADER_BYTES + 4 * senders)
  }

  start(): void {
    this.#port.start({
      datagram: bytes => this.#receive(bytes),
      failed: error => process.stderr.write(`member ${this.#rank}: ${error.message}\n`),
      refused: () => {},
      overflowed: datagrams => {
        this.#drops += datagrams
      },
    })
  }

  send(): void {
    if (this.#rank >= this.#settings.senders) return
    setInterval(() => this.#unstall(), STALL_MS / 4)
    this.#schedule()
  }

  sample(): Sample {
    const { user, system } = process.cpuUsage()
    return {
      atMs: performance.now(),
      messages: this.#messages,
      bytes: this.#bytes,
      cpuMicros: user + system,
      packetsLost: this.#readers.reduce((sum, reader) => sum + reader.lost, 0),
      stalls: this.#stalls,
      bufferDrops: this.#drops,
      path: this.#port.path,
    }
  }

  readonly #deliver = (bytes: Uint8Array, offset: number, length: number): void => {
    this.#messages++
    this.#bytes += length
    this.#touched ^= bytes[offset]
  }

  #receive(bytes: Uint8Array): void {
    const end = bytes.length
    let reader: PacketReader | undefined
    for (let at = 0; at < end; ) {
      if (judge(bytes, at, end, GROUP_TAG) !== OK) return
      const length = lengthOf(bytes, at)
      const rank = rankOf(bytes, at)
      if (kindOf(bytes, at) === DATA) {
        if (!reader) {
          reader = this.#readers[rank]
          reader.open(bytes)
        }
        reader.read(bytes, at, at + length)
      } else if (this.#rank < this.#settings.senders) {
        this.#acknowledged[rank] = readU32(bytes, at + HEADER_BYTES + 4 * this.#rank)
      }
      at += length
    }
    // A full socket is read for as long as the window lets its sender fill it: who acknowledges only after that makes
    // sender and receiver take turns.
    if (this.#ackDue()) this.#turn()
    else this.#schedule()
  }

  #schedule(): void {
    if (this.#turning) return
    this.#turning = true
    setImmediate(this.#turnEnd)
  }

  /** Sends what the window lets through, with the acknowledgements at its end. */
  #turn(): void {
    const { trainPackets, packetBytes } = this.#settings
    let due = this.#ackDue()
    if (this.#rank < this.#settings.senders) {
      const open = Math.min(...this.#acknowledged) + this.#windowPackets
      while (this.#writer.seq + trainPackets <= open) {
        const { offset, memory } = this.#writer
        this.#writer.write(trainPackets)
        let length = trainPackets * packetBytes
        if (due) length += this.#writeAck(memory, offset + length)
        due = false
        this.#port.multicast(memory, offset, length)
        this.#sentAtMs = performance.now()
      }
    }
    if (due) this.#port.multicast(this.#ack, 0, this.#writeAck(this.#ack, 0))
  }

  readonly #turnEnd = (): void => {
    this.#turning = false
    this.#turn()
  }

  #ackDue(): boolean {
    for (let rank = 0; rank < this.#told.length; rank++) {
      if (this.#readers[rank].next - this.#told[rank] >= this.#ackPackets) return true
    }
    return false
  }

  #writeAck(memory: Uint8Array, at: number): number {
    const length = HEADER_BYTES + 4 * this.#told.length
    writeHeader(memory, at, CONTROL, GROUP_TAG, 1, this.#rank, 0, 0, 0, 0, 0)
    for (let rank = 0; rank < this.#told.length; rank++) {
      this.#told[rank] = this.#readers[rank].next
      writeU32(memory, at + HEADER_BYTES + 4 * rank, this.#told[rank])
    }
    seal(memory, at, length)
    return length
  }

  #unstall(): void {
    if (performance.now() - this.#sentAtMs < STALL_MS) return
    this.#stalls++
    this.#acknowledged.fill(this.#writer.seq)
    this.#acknowledged[this.#rank] = Number.POSITIVE_INFINITY
    this.#schedule()
  }
}

async function main(): Promise<void> {
  const { settings, rank } = JSON.parse(process.argv[2]) as { settings: CeilingSettings; rank: number }
  const member = new Member(settings, rank, await openUdpNetwork(settings))
  member.start()
  process.on('message', command => {
    if (command === 'send') member.send()
    else process.send!(member.sample())
  })
  process.on('disconnect', () => process.exit())
  process.send!('ready')
}

void main()
