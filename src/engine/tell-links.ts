import { Delivery } from '../delivery.js'
import { Slab } from '../slab.js'
import type { Endpoint, View } from '../types.js'
import type { ControlBody } from '../wire/control-codec.js'
import { writeU32 } from '../wire/header.js'
import { PREFIX_BYTES } from '../wire/packer.js'
import type { AgreedView, Peer } from '../wire/view-codec.js'
import { isSame } from './endpoints.js'
import type { Environment } from './environment.js'
import type { Progress } from './outbox.js'
import { streamTag, TELL_WINDOW_BYTES, TellLink } from './tell-link.js'

export interface TellLinksOptions extends Environment {
  readonly self: Peer
  readonly control: (to: Endpoint, tag: number, body: ControlBody) => void
}

/** What a message takes that a member tells itself, besides its bytes: about as much as the objects that hold it. */
const TOLD_BYTES = 512

/** The links to the other members of the view, each made when it is first used. */
export class TellLinks {
  readonly #options: TellLinksOptions
  readonly #links = new Map<string, TellLink>()
  /** Whose stream a tag names, either way: in a large group that may be several. */
  readonly #peers = new Map<number, Peer[]>()
  /** What the application has not taken, and by which link it came: that may be gone, and another in its place. */
  readonly #unread = new Map<Delivery, TellLink>()
  /** Bytes that this member told itself and its application has not taken. */
  #selfBytes = 0
  #isSelfAwaited = false
  #view: AgreedView | null = null
  #published!: View

  constructor(options: TellLinksOptions) {
    this.#options = options
  }

  get all(): IterableIterator<TellLink> {
    return this.#links.values()
  }

  get deadlineMs(): number {
    let deadlineMs = Number.POSITIVE_INFINITY
    for (const link of this.#links.values()) deadlineMs = Math.min(deadlineMs, link.deadlineMs)
    return deadlineMs
  }

  /** Something that was taken has not reached whom it is for; of what this member tells itself, something was not taken. */
  get isHeld(): boolean {
    for (const { out } of this.#links.values()) if (out.isHeld || !out.isDrained) return true
    return this.#isSelfAwaited
  }

  /** Drops the links to those who are gone, and learns the tags of those who came. */
  install(view: AgreedView, published: View): void {
    const { incarnation } = this.#options.self
    const { lineage, members } = view
    this.#view = view
    this.#published = published
    this.#peers.clear()
    for (const member of members) {
      if (member.incarnation === incarnation) continue
      this.#name(streamTag(incarnation, member.incarnation, lineage), member)
      this.#name(streamTag(member.incarnation, incarnation, lineage), member)
    }
    for (const gone of this.#links.keys()) {
      if (!members.some(member => member.incarnation === gone)) this.#part(gone)
    }
  }

  /** This member is in the lineage no more: who meets it in another knows nothing of these links. */
  close(): void {
    this.#view = null
    this.#peers.clear()
    for (const incarnation of this.#links.keys()) this.#part(incarnation)
  }

  /** Number of the packet in which the message last told to that member ends, and up to where it has them all. */
  progress(incarnation: string): Progress | undefined {
    return this.#links.get(incarnation)?.progress
  }

  #part(incarnation: string): void {
    const stable = this.#links.get(incarnation)!.out.received.min
    this.#links.delete(incarnation)
    this.#options.outbox.events.push({ type: 'parted', incarnation, stable })
  }

  #name(tag: number, peer: Peer): void {
    const peers = this.#peers.get(tag)
    if (peers === undefined) this.#peers.set(tag, [peer])
    else peers.push(peer)
  }

  /** The link to the member with that incarnation, if it is in the view. */
  to(incarnation: string): TellLink | undefined {
    const peer = this.#view?.members.find(member => member.incarnation === incarnation)
    return peer && this.#linkTo(peer)
  }

  /** The link that a stream's tag names in a frame from there, if its member is in the view. */
  of(tag: number, from: Endpoint): TellLink | undefined {
    const peer = this.#peers.get(tag)?.find(({ endpoint }) => isSame(endpoint, from))
    return peer && this.#linkTo(peer)
  }

  #linkTo(peer: Peer): TellLink {
    let link = this.#links.get(peer.incarnation)
    if (link === undefined) {
      link = this.#open(peer, this.#view!)
      this.#links.set(peer.incarnation, link)
    }
    return link
  }

  /** The application has taken messages of another member, or of its own. */
  consume(told: Delivery): void {
    const { from, first } = told
    const { self, outbox } = this.#options
    this.#unread.get(told)?.incoming.reader.consume(first)
    this.#unread.delete(told)
    if (from.incarnation !== self.incarnation) return
    told.forEach((_bytes, _offset, length) => {
      this.#selfBytes -= length + TOLD_BYTES
    })
    if (!this.#isSelfAwaited || this.#selfBytes > TELL_WINDOW_BYTES / 2) return
    this.#isSelfAwaited = false
    outbox.events.push({ type: 'drain' })
  }

  /** What a member tells itself needs no stream, but it has a window like any other. False: it is closed, or no view is there. */
  tellSelf(data: Uint8Array): boolean {
    if (this.#view === null) return false
    if (this.#selfBytes >= TELL_WINDOW_BYTES) {
      this.#isSelfAwaited = true
      return false
    }
    this.#selfBytes += data.length + TOLD_BYTES
    this.#options.counters.messagesOut++
    const bytes = new Uint8Array(PREFIX_BYTES + data.length)
    writeU32(bytes, 0, data.length)
    bytes.set(data, PREFIX_BYTES)
    this.#deliver(this.#options.self, 1, 0, new Slab(bytes, null), 0, bytes.length, false)
    return true
  }

  #open(peer: Peer, { packetBytes, messageBytesMax }: AgreedView): TellLink {
    const environment = { ...this.#options, packetBytes, messageBytesMax, view: () => this.#view! }
    const link: TellLink = new TellLink(peer, environment, {
      delivered: (slab, offset, end, count, _rank, seq, isAssembled) => {
        link.incoming.reader.delivered(seq)
        this.#unread.set(this.#deliver(peer, count, seq, slab, offset, end, isAssembled), link)
      },
    })
    return link
  }

  #deliver(
    { incarnation }: Peer,
    count: number,
    seq: number,
    slab: Slab,
    offset: number,
    end: number,
    isAssembled: boolean,
  ): Delivery {
    const { counters, outbox } = this.#options
    const { id, members } = this.#published
    const rank = members.findIndex(member => member.incarnation === incarnation)
    const from = members[rank]
    counters.messagesIn += count
    const delivery = new Delivery('told', from, id, 'fifo', false, undefined, rank, seq, slab, isAssembled)
    delivery.add(seq, offset, end, count)
    outbox.deliveries.push(delivery)
    return delivery
  }
}
