/**
 * The wire format once more, from proto/wire.md alone and with nothing of src/: slow and obvious. What both agree on is
 * what the document says.
 */
import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'

export const HEADER = 32
export const NONE = 0xffff
export const KINDS = { data: 1, tell: 2, control: 3 } as const

export interface Header {
  readonly kind: keyof typeof KINDS
  readonly group: string
  readonly tag: number
  readonly rank: number
  readonly seq: number
  /** Control: the fragment's index times 65,536, plus their count. */
  readonly stable: number
  readonly first: number
  /** 0 if it is not there. */
  readonly order?: number
  readonly flags: number
}

/** MurmurHash3_x86_32, but with the final length given. */
function murmur(bytes: Uint8Array, seed: number, length: number): number {
  const rotate = (word: number, bits: number) => (word << bits) | (word >>> (32 - bits))
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4)
  padded.set(bytes)
  const view = new DataView(padded.buffer)
  let h = seed
  for (let at = 0; at < padded.length; at += 4) {
    h ^= Math.imul(rotate(Math.imul(view.getUint32(at, true), 0xcc9e2d51), 15), 0x1b873593)
    // The words of a whole; not of a tail of one to three bytes.
    if (at + 4 <= bytes.length) h = (Math.imul(rotate(h, 13), 5) + 0xe6546b64) | 0
  }
  h ^= length
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

export const groupTag = (group: string): number => {
  const name = new TextEncoder().encode(group)
  return murmur(name, 0, name.length)
}

/** What names a control message. */
export const nameOf = (message: Uint8Array): number => murmur(message, 0, message.length)

export const tellTag = (from: string, to: string): number => murmur(Buffer.from(from + to, 'hex'), 0, 16) || 1

export function packet(header: Header, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER + body.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0x7475)
  view.setUint8(2, 1)
  view.setUint8(3, KINDS[header.kind])
  view.setUint32(4, groupTag(header.group))
  view.setUint32(8, header.tag)
  view.setUint16(12, header.rank)
  view.setUint16(14, bytes.length)
  view.setUint32(16, header.seq)
  view.setUint32(20, header.stable)
  view.setUint16(24, header.first)
  view.setUint8(26, header.order ?? 0)
  view.setUint8(27, header.flags)
  bytes.set(body, HEADER)
  return resealed(bytes)
}

/** The packet with the checksum that its bytes ask for, whatever they say. */
export function resealed(packet: Uint8Array): Uint8Array {
  const bytes = packet.slice()
  const covered = bytes[27] & 1 ? Buffer.concat([bytes.subarray(0, 28), bytes.subarray(HEADER)]) : bytes.subarray(0, 28)
  const length = bytes[27] & 1 ? bytes.length : HEADER
  new DataView(bytes.buffer).setUint32(28, murmur(covered, 0x7475, length))
  return bytes
}

export interface Body {
  readonly first: number
  readonly bytes: Uint8Array
}

const u16 = (value: number): number[] => [value >>> 8, value & 255]
const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)]

/** What stands before the messages of a causal packet: ranks, and by how much each one's number rose. */
export const vectorOf = (entries: readonly (readonly [rank: number, rise: number])[]): number[] => [
  ...u16(entries.length),
  ...entries.flatMap(([rank, rise]) => [...u16(rank), ...u16(rise)]),
]

/** The body of a packet that announces an order: ranks, and up to which packet each one's are next. */
export const runsOf = (runs: readonly (readonly [rank: number, last: number])[]): number[] => [
  ...u16(runs.length),
  ...runs.flatMap(([rank, last]) => [...u16(rank), ...u32(last)]),
]

/** Messages that are packed in one turn of their sender, as the bodies of packets. */
export function pack(messages: readonly Uint8Array[], bodyBytes: number, before: readonly number[] = []): Body[] {
  const bodies: Body[] = []
  let body: number[] = []
  let first = NONE
  const seal = () => {
    bodies.push({ first, bytes: Uint8Array.from([...before, ...body]) })
    body = []
    first = NONE
  }
  for (const message of messages) {
    const { length } = message
    const room = bodyBytes - body.length
    // It would fit a packet of its own, and what is left of this one is not worth splitting it for.
    if (length + 4 > room && length + 4 <= bodyBytes && 3 * room <= bodyBytes) {
      body.push(255, 255, 255, 255)
      while (body.length < bodyBytes) body.push(0)
      seal()
    }
    if (first === NONE) first = body.length
    body.push(length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255)
    for (const byte of message) {
      if (body.length === bodyBytes) seal()
      body.push(byte)
    }
    if (bodyBytes - body.length < 4) {
      while (body.length < bodyBytes) body.push(0)
      seal()
    }
  }
  if (body.length > 0) seal()
  return bodies
}

const schema = protobuf.loadSync(fileURLToPath(new URL('../../proto/control.proto', import.meta.url)))
const Control = schema.lookupType('tutti.Control')

/** A control body from its JSON form: names in camel case, bytes in base64. */
export const encodeBody = (json: object): Uint8Array => Control.encode(Control.fromObject(json)).finish()

export function decodeBody(bytes: Uint8Array): object {
  return Control.toObject(Control.decode(bytes), { bytes: String })
}

/** The names of all bodies that the schema has. */
export const bodyNames = (): string[] => Control.oneofs.body.oneof
