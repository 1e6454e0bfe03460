import type { Slab } from './slab.js'
import type { Member, Order } from './types.js'

/** Every message of a delivery has its length in front of it. */
const PREFIX_BYTES = 4

/** Where nobody can tell of how many packets a delivery will be: the room for them at first, and no bound. */
const PACKETS_AT_FIRST = 8
const UNBOUNDED = 2 ** 30

/** What is known of a message's being safe: not asked for, held by every member of its view, or only by all of the next. */
export type Safe = boolean | 'close'

/**
 * Messages of one sender that are delivered together: those that lie whole in packets next to each other, or one that was
 * put together. It is what the hot path makes in place of an object for each message.
 */
export class Delivery {
  readonly type: 'messages' | 'told'
  readonly from: Member
  /** Id of the view in which they were sent and delivered. */
  readonly view: number
  readonly order: Order
  readonly safe: Safe
  #index: number | undefined
  /** @internal Rank of the sender, and the numbers of the first and the last packet in which messages end. */
  readonly rank: number
  /** @internal */
  readonly first: number
  #last: number
  #count = 0
  /** Where they lie. */
  readonly #slab: Slab
  /** From where to where in it, packet by packet: from, to, from, to, ... */
  readonly #spans: number[]
  #packets = 0
  /** Of how many packets its messages are at most. */
  readonly #packetsMax: number
  /** @internal Its slab is held for it alone. */
  readonly isAssembled: boolean

  /** @param packetsMax  of how many packets, side by side, its messages are at most; undefined where nobody can tell */
  constructor(
    type: 'messages' | 'told',
    from: Member,
    view: number,
    order: Order,
    safe: Safe,
    index: number | undefined,
    rank: number,
    first: number,
    slab: Slab,
    isAssembled: boolean,
    packetsMax?: number,
  ) {
    this.type = type
    this.from = from
    this.view = view
    this.order = order
    this.safe = safe
    this.#index = index
    this.rank = rank
    this.first = first
    this.#last = first
    this.#slab = slab
    this.isAssembled = isAssembled
    this.#packetsMax = packetsMax ?? UNBOUNDED
    this.#spans = new Array(2 * (packetsMax ?? PACKETS_AT_FIRST))
  }

  /** How many messages. */
  get count(): number {
    return this.#count
  }

  /** Of the first message, in total order: counted from 1 through the lineage's life. */
  get index(): number | undefined {
    return this.#index
  }

  /** @internal */
  get last(): number {
    return this.#last
  }

  /** @internal `count` messages more, which end in packet `seq` and lie in the same slab from `offset` up to `end`. */
  add(seq: number, offset: number, end: number, count: number): void {
    const at = 2 * this.#packets++
    this.#spans[at] = offset
    this.#spans[at + 1] = end
    this.#last = seq
    this.#count += count
  }

  /** @internal Whether messages that lie in `slab` and are delivered next, in the same view, belong to it. */
  mayTake(rank: number, order: Order, safe: Safe, slab: Slab): boolean {
    const isAlike = this.rank === rank && this.order === order && this.safe === safe
    // Beyond its room another delivery costs less than more room.
    return isAlike && this.#slab === slab && !this.isAssembled && this.#packets < this.#packetsMax
  }

  /** @internal Its first messages are taken already, all but the last `count`. */
  keepLast(count: number): void {
    const spans = this.#spans
    for (let taken = this.#count - count; taken > 0; taken--) {
      spans[0] += PREFIX_BYTES + lengthAt(this.#slab.bytes, spans[0])
      if (spans[0] === spans[1]) {
        spans.splice(0, 2)
        this.#packets--
      }
      if (this.#index !== undefined) this.#index++
    }
    this.#count = count
  }

  /** The bytes are valid during the call only, and not to be written to: others may be sent them yet. */
  forEach(take: (bytes: Uint8Array, offset: number, length: number, delivery: Delivery) => void): void {
    const { bytes } = this.#slab
    const spans = this.#spans
    const spansEnd = 2 * this.#packets
    for (let i = 0; i < spansEnd; i += 2) {
      const end = spans[i + 1]
      for (let at = spans[i]; at < end; ) {
        const length = lengthAt(bytes, at)
        at += PREFIX_BYTES
        take(bytes, at, length, this)
        at += length
      }
    }
  }

  /** The messages as objects, which may be kept for as long as one likes. */
  messages(): Message[] {
    this.#slab.keep()
    const messages: Message[] = []
    let index = this.#index
    this.forEach((bytes, offset, length) => {
      messages.push(new Message(this, index, bytes, offset, length))
      if (index !== undefined) index++
    })
    return messages
  }

  /** @internal The application has taken all of it. */
  release(): void {
    if (this.isAssembled) this.#slab.release()
  }
}

const lengthAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]

/**
 * Messages that are delivered one after the other with nothing between them: the fastest way to take them. Memory is
 * used again after the listener has returned; copy what is to be kept, or take `messages()`.
 */
export class Batch {
  readonly deliveries: readonly Delivery[]
  /** How many messages. */
  readonly length: number

  constructor(deliveries: readonly Delivery[]) {
    this.deliveries = deliveries
    let length = 0
    for (const { count } of deliveries) length += count
    this.length = length
  }

  /**
   * `take` is called for each message with where it lies, and with what it has in common with its neighbours. The bytes
   * are not to be written to: others may be sent them yet.
   */
  forEach(take: (bytes: Uint8Array, offset: number, length: number, delivery: Delivery) => void): void {
    for (const delivery of this.deliveries) delivery.forEach(take)
  }

  /** The messages as objects, which may be kept for as long as one likes. */
  messages(): Message[] {
    return this.deliveries.flatMap(delivery => delivery.messages())
  }
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** A delivered message, which may be kept for as long as one likes. */
export class Message {
  readonly type: 'message' | 'told'
  readonly from: Member
  /** Id of the view in which it was sent and delivered. */
  readonly view: number
  readonly order: Order
  /** In total order: its place in the one sequence, counted from 1 through the lineage's life, without gaps. */
  readonly index: number | undefined
  /** It was sent as safe. `true`: every member of its view holds it; 'close': every member of the next view does. */
  readonly safe: Safe
  readonly length: number
  #bytes: Uint8Array
  #offset: number
  #isCopied = false

  /** @internal */
  constructor(delivery: Delivery, index: number | undefined, bytes: Uint8Array, offset: number, length: number) {
    this.type = delivery.type === 'told' ? 'told' : 'message'
    this.from = delivery.from
    this.view = delivery.view
    this.order = delivery.order
    this.index = index
    this.safe = delivery.safe
    this.length = length
    this.#bytes = bytes
    this.#offset = offset
  }

  /** Bytes of the application's own. What arrived itself may yet be sent to members that miss it. */
  get data(): Uint8Array {
    if (!this.#isCopied) {
      this.#bytes = new Uint8Array(this.#bytes.subarray(this.#offset, this.#offset + this.length))
      this.#offset = 0
      this.#isCopied = true
    }
    return this.#bytes
  }

  /** The data as UTF-8; malformed sequences become U+FFFD. */
  text(): string {
    return utf8.decode(this.#bytes.subarray(this.#offset, this.#offset + this.length))
  }
}
