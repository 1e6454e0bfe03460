/** Values that cross layers: who is in a group, what was delivered, what was counted. */

/** The order in which a message is delivered relative to others. */
export type Order = 'fifo' | 'causal' | 'total'

/** Where a member's unicast socket is reached. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** One life of one process in a group. The name may come back after a restart; the incarnation never does. */
export interface Member {
  readonly name: string
  /** 64 random bits, as 16 hex digits. */
  readonly incarnation: string
  readonly endpoint: Endpoint
  readonly voter: boolean
}

/** An agreed list of members, in order of seniority. */
export interface View {
  /** 64 random bits drawn by the founder, as 16 hex digits; one for the whole life of the group. */
  readonly lineage: string
  /** Grows by one from view to view, from 1. */
  readonly id: number
  readonly members: readonly Member[]
  /** Whether this view may go on alone after a partition. */
  readonly primary: boolean
}

/** How a view differs from the one before it at this member. */
export interface ViewChange {
  readonly joined: readonly Member[]
  readonly left: readonly Member[]
  /**
   * Who came from the last view into this one together with this member: all of them delivered the same messages in it.
   * Empty in a member's first view.
   */
  readonly stayed: readonly Member[]
}

export interface ViewEvent {
  readonly type: 'view'
  readonly view: View
  readonly change: ViewChange
}

/** The others went on without this member; it rejoins as `incarnation`. What it delivered last they may not have. */
export interface ExcludedEvent {
  readonly type: 'excluded'
  readonly incarnation: string
}

/** Two lineages met, as two groups of one name do. `lineage` goes on; `won`: it is the one that this member was in. */
export interface MergedEvent {
  readonly type: 'merged'
  readonly lineage: string
  readonly won: boolean
}

const utf8 = new TextDecoder()

/**
 * A delivered message. It refers to the bytes as they arrived and makes no copy until it is asked;
 * those bytes are never reused, so `data` stays valid for as long as the message is kept.
 */
export class Message {
  readonly type: 'message' | 'told'
  readonly from: Member
  /** Id of the view in which it was sent and delivered. */
  readonly view: number
  readonly order: Order
  readonly #bytes: Uint8Array
  readonly #offset: number
  readonly #length: number
  /** Rank of the sender and number of the packet in which the message ends: what consuming it acknowledges. */
  readonly rank: number
  readonly seq: number

  constructor(
    type: 'message' | 'told',
    from: Member,
    view: number,
    order: Order,
    rank: number,
    seq: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ) {
    this.type = type
    this.from = from
    this.view = view
    this.order = order
    this.rank = rank
    this.seq = seq
    this.#bytes = bytes
    this.#offset = offset
    this.#length = length
  }

  get length(): number {
    return this.#length
  }

  get data(): Uint8Array {
    return this.#bytes.subarray(this.#offset, this.#offset + this.#length)
  }

  /** The data as UTF-8; malformed sequences become U+FFFD. */
  text(): string {
    return utf8.decode(this.data)
  }
}

/** Where the bytes of a delivered message come from. */
export interface BatchPacket {
  readonly from: Member
}

/** Messages on their way to a synchronous listener; the bytes are valid during the call only. */
export interface Batch {
  /** How many messages. */
  readonly length: number
  forEach(each: (bytes: Uint8Array, offset: number, length: number, packet: BatchPacket) => void): void
}

/** What an iterator over a group yields, in the one sequence in which it happened. */
export type GroupEvent = ViewEvent | Message | ExcludedEvent | MergedEvent

/** Counters since the member started. `dropped` counts datagrams and packets that were not ours or not well formed, by cause. */
export interface Stats {
  datagramsIn: number
  datagramsOut: number
  packetsIn: number
  packetsOut: number
  messagesIn: number
  messagesOut: number
  nacksSent: number
  nacksSuppressed: number
  repairsSent: number
  duplicates: number
  dropped: Record<string, number>
  views: number
  /** Repairs of packets that another member had sent. */
  repairsForOthers: number
  /** Losses at the end of a burst, found by an announcement of the last number rather than by a later packet. */
  tailsRecovered: number
  /** View changes of this member's own in which somebody had to fetch what it missed. */
  fills: number
  /** Ballots that this member had promised to, or begun, and gave up for a later one. */
  ballotsOutbid: number
  /** Values that an earlier ballot had left behind, and that this member proposed again. */
  valuesReproposed: number
  /** How often the group went on without this member. */
  exclusions: number
  /** How often this member's lineage met another. */
  merges: number
  /** How often sending was held back for long enough to be told. */
  blocks: number
  /** How often the flow-control window closed on this member. */
  windowClosings: number
  sequenceWraps: number
  /** Messages put together from fragments of which at least one came by repair. */
  fragmentsRepaired: number
  /** `trains`: up to 64 KB of packets a system call; `datagrams`: one packet a call. */
  path: 'trains' | 'datagrams'
}
