import { finish, mix } from './checksum.js'

/**
 * The fixed header of every packet: 32 bytes, integers in network order. `proto/wire.md` is the table.
 * Fields are read in place by the functions below; nothing is allocated.
 */
export const HEADER_BYTES = 32
export const MAGIC = 0x7475
export const VERSION = 1
/** The rank of a sender that is not in the view. */
export const NO_RANK = 0xffff
/** In `first`: no message begins in this packet. */
export const NO_FIRST = 0xffff

/** Kinds of packet. */
export const DATA = 1
export const TELL = 2
export const CONTROL = 3

/** Orders of a data packet: the class of all messages in it. */
export const FIFO = 0
export const CAUSAL = 1
export const TOTAL = 2
/** It has no messages, but the order of others' packets: rank 0 announces it in its own stream. */
export const ORDER = 3

/** Flags. */
export const BODY_CHECKED = 1
/** DATA: its messages are delivered once every member holds them. */
export const SAFE = 2

/** Why a packet is dropped; indexes DROP_CAUSES. */
export const OK = 0
export const TRUNCATED = 1
export const FOREIGN = 2
export const FUTURE_VERSION = 3
export const UNKNOWN_KIND = 4
export const CORRUPT = 5
export const DROP_CAUSES = ['', 'truncated', 'foreign', 'version', 'kind', 'corrupt'] as const

export function readU16(b: Uint8Array, at: number): number {
  return (b[at] << 8) | b[at + 1]
}

export function readU32(b: Uint8Array, at: number): number {
  return readI32(b, at) >>> 0
}

export function readI32(b: Uint8Array, at: number): number {
  return (b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3]
}

export function writeU16(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 8
  b[at + 1] = value
}

export function writeU32(b: Uint8Array, at: number, value: number): void {
  b[at] = value >>> 24
  b[at + 1] = value >>> 16
  b[at + 2] = value >>> 8
  b[at + 3] = value
}

export const kindOf = (b: Uint8Array, at: number): number => b[at + 3]
/** Signed: V8 keeps such integers unboxed. */
export const groupTagOf = (b: Uint8Array, at: number): number => readI32(b, at + 4)
/** DATA: the view's tag. TELL: the stream's tag. CONTROL: the view or stream that it speaks of, or 0. */
export const viewTagOf = (b: Uint8Array, at: number): number => readU32(b, at + 8)
/** The same, signed. */
export const signedViewTagOf = (b: Uint8Array, at: number): number => readI32(b, at + 8)
export const rankOf = (b: Uint8Array, at: number): number => readU16(b, at + 12)
/** Bytes of this packet, header included. */
export const lengthOf = (b: Uint8Array, at: number): number => readU16(b, at + 14)
/** DATA, TELL: the packet's number in its stream. CONTROL: the hash of the whole control message, which names it. */
export const seqOf = (b: Uint8Array, at: number): number => readI32(b, at + 16)
/** DATA, TELL: every receiver holds this stream up to here. CONTROL: fragment index (high half) and count (low half). */
export const stableOf = (b: Uint8Array, at: number): number => readI32(b, at + 20)
/** DATA, TELL: offset in the body at which the first message of this packet begins, or NO_FIRST. */
export const firstOf = (b: Uint8Array, at: number): number => readU16(b, at + 24)
export const orderOf = (b: Uint8Array, at: number): number => b[at + 26]
export const flagsOf = (b: Uint8Array, at: number): number => b[at + 27]

/** Writes all of the header but its length and checksum, which `seal` adds once the body is there. */
export function writeHeader(
  b: Uint8Array,
  at: number,
  kind: number,
  groupTag: number,
  viewTag: number,
  rank: number,
  seq: number,
  stable: number,
  first: number,
  order: number,
  flags: number,
): void {
  writeU16(b, at, MAGIC)
  b[at + 2] = VERSION
  b[at + 3] = kind
  writeU32(b, at + 4, groupTag)
  writeU32(b, at + 8, viewTag)
  writeU16(b, at + 12, rank)
  writeU32(b, at + 16, seq)
  writeU32(b, at + 20, stable)
  writeU16(b, at + 24, first)
  b[at + 26] = order
  b[at + 27] = flags
}

/** Completes a packet: its length, and the checksum over the header and, where the flags say so, the body. */
export function seal(b: Uint8Array, at: number, length: number): void {
  writeU16(b, at + 14, length)
  writeU32(b, at + 28, checksumOf(b, at, length))
}

function checksumOf(b: Uint8Array, at: number, length: number): number {
  const state = mix(MAGIC, b, at, at + 28)
  return b[at + 27] & BODY_CHECKED
    ? finish(mix(state, b, at + HEADER_BYTES, at + length), length)
    : finish(state, HEADER_BYTES)
}

/**
 * Judges the packet at `at` in what arrived, `end` being where that ends: OK, or why it is to be dropped.
 * After OK, `lengthOf` is at least HEADER_BYTES and reaches no further than `end`.
 */
export function judge(b: Uint8Array, at: number, end: number, groupTag: number): number {
  if (end - at < HEADER_BYTES) return TRUNCATED
  if (readU16(b, at) !== MAGIC || groupTagOf(b, at) !== (groupTag | 0)) return FOREIGN
  if (b[at + 2] !== VERSION) return FUTURE_VERSION
  const length = lengthOf(b, at)
  if (length < HEADER_BYTES) return CORRUPT
  if (length > end - at) return TRUNCATED
  if (readI32(b, at + 28) !== checksumOf(b, at, length)) return CORRUPT
  const kind = kindOf(b, at)
  return kind >= DATA && kind <= CONTROL ? OK : UNKNOWN_KIND
}
