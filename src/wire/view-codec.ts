import type { Member, View } from '../types.js'
import { fromHex, toHex } from './bytes.js'
import type { tutti } from './generated/control.js'
import { VERSION } from './header.js'
import { MEMBERS_MAX, MESSAGE_BYTES_MAX, NAME_BYTES_MAX, PACKET_BYTES_MIN, TRAIN_BYTES_MAX } from './limits.js'
import { serial } from './seqno.js'

/** A member with what others must know to send to it. */
export interface Peer extends Member {
  readonly receiveBufferBytes: number
}

/** A view with all that its members must read in one way; part of the decision that makes it. */
export interface AgreedView extends View {
  /** 32 random bits drawn by the proposer: what frames carry. An id alone could name two views of two lineages. */
  readonly tag: number
  readonly members: readonly Peer[]
  readonly checkBodies: boolean
  readonly messageBytesMax: number
  readonly packetBytes: number
}

/** What a closing view's voters decide. */
export interface Value {
  /** null: the lineage ends, and its members join `into`. */
  readonly next: AgreedView | null
  /** By rank in the closing view: how far that sender's packets count. */
  readonly cut: readonly number[]
  /** The lineage that this one gives way to, or null. */
  readonly into: string | null
  /** Lineages that members of `next` gave up for this one. */
  readonly merged: readonly string[]
}

const utf8 = new TextEncoder()

export function identityOf(peer: Peer): tutti.Identity.$Properties {
  return {
    name: peer.name,
    incarnation: fromHex(peer.incarnation),
    address: peer.endpoint.address,
    port: peer.endpoint.port,
    receiveBufferBytes: peer.receiveBufferBytes,
    voter: peer.voter,
  }
}

/** undefined if it is not well formed. */
export function peerOf(identity: tutti.Identity.$Properties | null | undefined): Peer | undefined {
  const { name, incarnation, address, port, receiveBufferBytes, voter } = identity ?? {}
  if (!name || utf8.encode(name).length > NAME_BYTES_MAX || incarnation?.length !== 8) return undefined
  if (!address || !port || port > 0xffff) return undefined
  return {
    name,
    incarnation: toHex(incarnation),
    endpoint: { address, port },
    receiveBufferBytes: receiveBufferBytes ?? 0,
    voter: voter ?? false,
  }
}

export function encodeView(view: AgreedView): tutti.View.$Properties {
  return {
    lineage: fromHex(view.lineage),
    id: view.id,
    tag: view.tag,
    members: view.members.map(identityOf),
    version: VERSION,
    checkBodies: view.checkBodies,
    messageBytesMax: view.messageBytesMax,
    packetBytes: view.packetBytes,
  }
}

/** undefined if it is not well formed, or of a version that this release does not speak. */
export function decodeView(view: tutti.View.$Properties | null | undefined): AgreedView | undefined {
  const { lineage, id, tag, version, packetBytes, messageBytesMax } = view ?? {}
  if (lineage?.length !== 8 || !id || !tag || version !== VERSION) return undefined
  if (!messageBytesMax || messageBytesMax > MESSAGE_BYTES_MAX) return undefined
  if (!packetBytes || packetBytes < PACKET_BYTES_MIN || packetBytes > TRAIN_BYTES_MAX) return undefined
  const members = (view?.members ?? []).map(peerOf)
  if (members.length === 0 || members.length > MEMBERS_MAX || members.includes(undefined)) return undefined
  return {
    lineage: toHex(lineage),
    id,
    tag,
    members: members as Peer[],
    primary: true,
    checkBodies: view?.checkBodies ?? false,
    messageBytesMax,
    packetBytes,
  }
}

export function encodeValue({ next, cut, into, merged }: Value): tutti.Value.$Properties {
  return {
    next: next === null ? undefined : encodeView(next),
    cut: [...cut],
    into: into === null ? undefined : fromHex(into),
    merged: merged.map(fromHex),
  }
}

/** undefined if it is not well formed. @param members  of the closing view; where the reader does not know it, undefined */
export function decodeValue(
  value: tutti.Value.$Properties | null | undefined,
  members: number | undefined,
): Value | undefined {
  const { cut, into, merged } = value ?? {}
  if (value == null || (members !== undefined && cut?.length !== members)) return undefined
  const lineage = into?.length === 8 ? toHex(into) : null
  if ((value.next == null) !== (lineage !== null) || merged?.some(({ length }) => length !== 8)) return undefined
  const next = value.next == null ? null : decodeView(value.next)
  if (next === undefined) return undefined
  return { next, cut: (cut ?? []).map(serial), into: lineage, merged: (merged ?? []).map(toHex) }
}
