import { LRUCache } from 'lru-cache'
import type { Endpoint } from '../types.js'
import { hash32 } from './checksum.js'
import { tutti } from './generated/control.js'
import { BODY_CHECKED, CONTROL, HEADER_BYTES, lengthOf, seal, seqOf, stableOf, writeHeader } from './header.js'
import { CONTROL_FRAGMENTS_MAX } from './limits.js'

/** The bodies of control packets: one protobuf `Control` each, in as many fragments as it needs. */
export type Control = tutti.Control
export type ControlBody = tutti.Control.$Properties

export interface ControlFrame {
  readonly groupTag: number
  /** The view or stream that it speaks of, or 0. */
  readonly viewTag: number
  readonly rank: number
  readonly packetBytes: number
}

/** Packets that carry `body`; each one goes out as a datagram of its own. */
export function encodeControl(body: ControlBody, frame: ControlFrame): Uint8Array[] {
  const bytes = tutti.Control.encode(body).finish()
  const room = frame.packetBytes - HEADER_BYTES
  const count = Math.max(1, Math.ceil(bytes.length / room))
  // What names the message is its own hash: sent again, its fragments add to those that arrived the first time.
  const number = hash32(bytes)
  const packets: Uint8Array[] = []
  for (let index = 0; index < count; index++) {
    const part = bytes.subarray(index * room, (index + 1) * room)
    const packet = new Uint8Array(HEADER_BYTES + part.length)
    const fragment = (index << 16) | count
    writeHeader(packet, 0, CONTROL, frame.groupTag, frame.viewTag, frame.rank, number, fragment, 0, 0, BODY_CHECKED)
    packet.set(part, HEADER_BYTES)
    seal(packet, 0, packet.length)
    packets.push(packet)
  }
  return packets
}

interface Partial {
  readonly parts: (Uint8Array | undefined)[]
  readonly missing: number
  readonly bytes: number
}

/** Unfinished messages at most, and what they may hold together: several views of MEMBERS_MAX members. */
const PARTIALS_MAX = 64
const PARTIAL_BYTES_MAX = 8_388_608
const PART_OVERHEAD_BYTES = 16

/** Puts control messages together again. Bounded: a sender that never finishes is forgotten. */
export class ControlReader {
  readonly #partials = new LRUCache<string, Partial>({ max: PARTIALS_MAX, maxSize: PARTIAL_BYTES_MAX })

  /**
   * Takes the judged control packet at `at`. Returns the message if it is whole now, undefined while fragments are
   * missing, null if it is not well formed.
   */
  read(b: Uint8Array, at: number, from: Endpoint): Control | undefined | null {
    const fragment = stableOf(b, at)
    const index = fragment >>> 16
    const count = fragment & 0xffff
    // A copy: what is decoded refers to it, and the memory that it came in, perhaps in a train, is used again.
    const body = b.slice(at + HEADER_BYTES, at + lengthOf(b, at))
    if (count === 1 && index === 0) return decode(body)
    if (index >= count || count > CONTROL_FRAGMENTS_MAX) return null
    const key = `${from.address} ${from.port} ${seqOf(b, at)} ${count}`
    const partial = this.#partials.get(key) ?? { parts: new Array(count).fill(undefined), missing: count, bytes: 0 }
    const { parts, missing } = partial
    if (parts[index] !== undefined) return undefined
    parts[index] = body
    if (missing === 1) {
      this.#partials.delete(key)
      const whole = concat(parts as Uint8Array[])
      return (hash32(whole) | 0) === seqOf(b, at) ? decode(whole) : null
    }
    const bytes = partial.bytes + body.length
    // A new object: of one that it knows the cache would not count the new size.
    this.#partials.set(key, { parts, missing: missing - 1, bytes }, { size: bytes + count * PART_OVERHEAD_BYTES })
    return undefined
  }
}

function concat(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/**
 * What a message is decoded into. The generated class has a setter for `body` that deletes every other field: decoding
 * calls it once a message, and it costs ten times what all the rest does. A field of its own hides it.
 */
class Decoded extends tutti.Control {
  override body: Control['body'] = undefined
}

/** As the generated code has it; its declaration leaves out what only nested messages use. */
const decodeInto = tutti.Control.decode as (
  bytes: Uint8Array,
  length: undefined,
  end: undefined,
  depth: undefined,
  target: Decoded,
) => Control

function decode(bytes: Uint8Array): Control | null {
  try {
    return decodeInto(bytes, undefined, undefined, undefined, new Decoded())
  } catch {
    // Bytes from the wire never throw further than this; the caller counts them.
    return null
  }
}
