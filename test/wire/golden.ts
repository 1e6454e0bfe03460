import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  decodeBody,
  encodeBody,
  type Header,
  NONE,
  nameOf,
  pack,
  packet,
  resealed,
  runsOf,
  tellTag,
  vectorOf,
} from './reference.js'

/**
 * The frames under proto/vectors, as the reference writes them. To write the files anew after a change of the format:
 * VECTORS=write npx vitest run test/wire/vectors.test.ts && npx biome check --write proto/vectors
 */

/** Bytes in JSON: lines of 32, so that the first line of a packet is its header. */
export type Hex = string[]

export interface GoldenPacket {
  readonly header: Header
  readonly hex: Hex
}

/** Packets of one stream, and the messages in them. */
export interface GoldenStream {
  readonly name: string
  readonly packetBytes: number
  readonly packets: readonly GoldenPacket[]
  readonly messages: readonly Hex[]
  /** Of causal packets: each has this vector before its messages, ranks and rises. */
  readonly vector?: readonly (readonly [rank: number, rise: number])[]
}

/** A packet that announces an order: of each rank, all up to a number is next. */
export interface GoldenOrder {
  readonly name: string
  readonly packet: GoldenPacket
  readonly runs: readonly (readonly [rank: number, last: number])[]
}

export interface GoldenControl {
  readonly name: string
  readonly packetBytes: number
  readonly packets: readonly GoldenPacket[]
  /** Protobuf's JSON form; null: a body that this release does not know. */
  readonly body: object | null
}

export interface GoldenDrop {
  readonly name: string
  readonly cause: string
  readonly hex: Hex
}

export interface Golden {
  readonly data: readonly GoldenStream[]
  readonly tell: readonly GoldenStream[]
  readonly order: readonly GoldenOrder[]
  readonly control: readonly GoldenControl[]
  readonly dropped: readonly GoldenDrop[]
}

export const GROUP = 'demo'
const VIEW_TAG = 0x1badcafe
const ALICE = '0123456789abcdef'
const BOB = 'fedcba9876543210'
const PACKET_BYTES = 512

export function toHex(bytes: Uint8Array): Hex {
  return (
    Buffer.from(bytes)
      .toString('hex')
      .match(/.{1,64}/g) ?? []
  )
}

export const fromHex = (hex: Hex): Uint8Array => new Uint8Array(Buffer.from(hex.join(''), 'hex'))

const text = (message: string): Uint8Array => new TextEncoder().encode(message)
const pattern = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i % 251)
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')

const DATA_HEADER: Header = {
  kind: 'data',
  group: GROUP,
  tag: VIEW_TAG,
  rank: 2,
  seq: 0xfffffff0,
  stable: 0xffffffef,
  first: NONE,
  order: 0,
  flags: 0,
}

function stream(
  name: string,
  from: Partial<Header>,
  messages: readonly Uint8Array[],
  vector?: GoldenStream['vector'],
): GoldenStream {
  const start = { ...DATA_HEADER, ...from }
  const before = vector === undefined ? [] : vectorOf(vector)
  const packets = pack(messages, PACKET_BYTES - 32 - before.length, before).map(({ first, bytes }, i) => {
    const header = { ...start, seq: (start.seq + i) >>> 0, first }
    return { header, hex: toHex(packet(header, bytes)) }
  })
  return { name, packetBytes: PACKET_BYTES, packets, messages: messages.map(toHex), ...(vector && { vector }) }
}

function order(name: string, runs: GoldenOrder['runs'], from: Partial<Header> = {}): GoldenOrder {
  const header = { ...DATA_HEADER, rank: 0, order: 3, ...from }
  return { name, runs, packet: { header, hex: toHex(packet(header, Uint8Array.from(runsOf(runs)))) } }
}

function control(name: string, body: object | null, from: Partial<Header> = {}, raw?: Uint8Array): GoldenControl {
  const bytes = raw ?? encodeBody(body!)
  const room = PACKET_BYTES - 32
  const count = Math.max(1, Math.ceil(bytes.length / room))
  const packets = Array.from({ length: count }, (_, index) => {
    const header: Header = {
      kind: 'control',
      group: GROUP,
      tag: VIEW_TAG,
      rank: 1,
      seq: nameOf(bytes),
      stable: index * 65_536 + count,
      first: 0,
      order: 0,
      flags: 1,
      ...from,
    }
    return { header, hex: toHex(packet(header, bytes.subarray(index * room, (index + 1) * room))) }
  })
  // As the bytes have it: a field that is zero is not there.
  return { name, packetBytes: PACKET_BYTES, packets, body: body && decodeBody(bytes) }
}

const identity = (name: string, incarnation: string, port: number) => ({
  name,
  incarnation: base64(incarnation),
  address: '192.0.2.7',
  port,
  receiveBufferBytes: 212_992,
  voter: true,
})

const view = (members: object[]) => ({
  lineage: base64('00ff00ff00ff00ff'),
  id: 3,
  tag: 0xdecade01,
  members,
  version: 1,
  messageBytesMax: 16_777_216,
  packetBytes: PACKET_BYTES,
})

function controls(): GoldenControl[] {
  const outsider = { tag: 0, rank: NONE }
  const alice = identity('alice', ALICE, 40_001)
  // A joiner: a member at once, a voter later.
  const carol = { ...identity('carol', '1122334455667788', 40_003), voter: false }
  const bob = identity('bob', BOB, 40_002)
  const crowd = Array.from({ length: 20 }, (_, i) =>
    identity(`member-${i}`, i.toString(16).padStart(16, '0'), 40_000 + i),
  )
  const toBob = { tag: tellTag(ALICE, BOB), rank: NONE }
  // Round 3 of rank 1.
  const ballot = 3 * 65_536 + 1
  const value = {
    next: view([alice, bob, carol]),
    cut: [12, 4_294_967_295, 0],
    merged: [base64('0011223344556677')],
  }
  return [
    control('two gaps of one origin, one across the wrap; one gap of another', {
      nack: {
        gaps: [
          { rank: 0, round: 0, ranges: [0xfffffff2, 1, 0xffffffff, 3] },
          { rank: 3, round: 2, ranges: [5, 9] },
        ],
      },
    }),
    control('a report', { report: { received: 4_294_967_290, consumed: 4_294_967_280 } }),
    control('a report that asks up to where all hold the stream', {
      report: { received: 4_294_967_290, consumed: 4_294_967_280, asks: true },
    }),
    control('a report that stands at number 0, which protobuf leaves out', { report: {} }),
    control('an announcement that asks two members to report', { announce: { last: 12, waiting: [0, 3] } }),
    control('an announcement of how far all hold the stream', { announce: { last: 12, stable: 9 } }),
    control('an announcement that all hold it up to number 0, which is not the same as not saying it', {
      announce: { last: 3, stable: 0 },
    }),
    control('a beat in a view of three', {
      beat: {
        stamp: 1234.5,
        received: [17, 4_294_967_295, 3],
        consumed: [16, 4_294_967_295, 3],
        echoes: [{ rank: 2, stamp: 99.25, held: 0.75 }],
      },
    }),
    control('what a member holds, at once, and the question what the others do', {
      beat: { received: [17, 4_294_967_295, 3], consumed: [16, 4_294_967_295, 3], asks: true },
    }),
    control('a request to join', { join: { member: alice, checkBodies: true, packetBytes: PACKET_BYTES } }, outsider),
    control(
      'a request to join of one that was left out',
      { join: { member: alice, packetBytes: PACKET_BYTES, lineage: base64('00ff00ff00ff00ff') } },
      outsider,
    ),
    control(
      'a refusal',
      {
        refuse: {
          incarnation: base64(ALICE),
          code: 'ERR_TUTTI_NAME',
          reason: 'the group has a live member named alice',
        },
      },
      outsider,
    ),
    control(
      'an invitation into a lineage',
      { invite: { nonce: 4_294_967_295, lineage: base64('00ff00ff00ff00ff') } },
      outsider,
    ),
    control('the answer to it', { willing: { nonce: 4_294_967_295 } }, outsider),
    control(
      'a lineage that makes itself known',
      { hail: { lineage: base64('ffeeddccbbaa9988'), canDecide: true } },
      outsider,
    ),
    control('two members are taken for dead', { suspect: { accused: [0, 3] } }),
    control('nobody is taken for dead any more', { suspect: {} }),
    control('a question to an endpoint', { probe: { nonce: 2, address: '192.0.2.7', port: 40_001 } }, { rank: NONE }),
    control('the answer to it, alive', { alive: { nonce: 2, incarnation: base64(BOB) } }, { rank: NONE }),
    control('a wish to leave', { wish: { leave: true } }),
    control('a wish to vote', { wish: { ready: true } }),
    control('prepare', { prepare: { ballot, accused: [0], heard: [1, 2] } }),
    control('promise', { promise: { ballot, received: [12, 4_294_967_295, 3] } }),
    control('promise, of one that voted before', {
      promise: { ballot, received: [12, 4_294_967_295, 0], acceptedBallot: 2 * 65_536 + 1, acceptedValue: value },
    }),
    control('fill', { fill: { ballot, cut: [12, 4_294_967_295, 3], heard: [1, 2] } }),
    control('filled', { filled: { ballot } }),
    control('accept', { accept: { ballot, value, heard: [1, 2] } }),
    control('accepted', { accepted: { ballot } }),
    control('the largest ballot, as a proposer is told that it is outbid', {
      outbid: { ballot: 2 ** 32 * 65_536 + 4_095 },
    }),
    control('decide', { decide: { value, settled: true } }),
    control('a decision, of one who knows where total order stands', {
      decide: { value, settled: true, index: 12_345 },
    }),
    control('a decision after which the first message of total order is number 1', { decide: { value, index: 0 } }),
    control('a decision that ends its lineage', {
      decide: { value: { cut: [12, 4_294_967_295], into: base64('0011223344556677') } },
    }),
    control("a NACK of a tell's stream, which its tag names", { nack: { gaps: [{ rank: 0, ranges: [1, 1] }] } }, toBob),
    control('a decision in fragments', { decide: { value: { next: view(crowd), cut: [1] } } }),
    control(
      'a field that this release does not know is ignored',
      { filled: { ballot: 65_536 } },
      {},
      // Field 34 of Control; in it the ballot, a double, and behind that field 100, a varint.
      Uint8Array.from([0x92, 0x02, 12, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x40, 0xa0, 0x06, 1]),
    ),
    control('a body that this release does not know', null, {}, Uint8Array.from([0xa2, 0x06, 1, 0])),
  ]
}

/** `packet` with other bytes from `at` on, and the checksum that goes with them. */
function altered(packet: Uint8Array, at: number, ...bytes: number[]): Uint8Array {
  const copy = packet.slice()
  copy.set(bytes, at)
  return resealed(copy)
}

function flipped(packet: Uint8Array, at: number): Uint8Array {
  const copy = packet.slice()
  copy[at] ^= 4
  return copy
}

function drops(): GoldenDrop[] {
  const plain = fromHex(stream('', {}, [text('hello')]).packets[0].hex)
  const checked = fromHex(stream('', { flags: 1 }, [text('hello')]).packets[0].hex)
  const beat = fromHex(control('', { beat: { stamp: 1 } }).packets[0].hex)
  const drop = (name: string, cause: string, bytes: Uint8Array) => ({ name, cause, hex: toHex(bytes) })
  return [
    drop('shorter than a header', 'truncated', plain.slice(0, 31)),
    drop('a length that reaches beyond the datagram', 'truncated', plain.slice(0, -1)),
    drop('another magic', 'foreign', altered(plain, 0, 0x75)),
    drop('the tag of another group', 'foreign', altered(plain, 4, plain[4] ^ 1)),
    drop('a version to come', 'version', altered(plain, 2, 2)),
    drop('a length that is less than a header', 'corrupt', altered(plain, 14, 0, 31)),
    drop('a flipped bit in the sequence number', 'corrupt', flipped(plain, 19)),
    drop('a flipped bit in a body under checksum', 'corrupt', flipped(checked, 36)),
    drop('a kind that this version does not have', 'kind', altered(plain, 3, 9)),
    drop('kind 0', 'kind', altered(plain, 3, 0)),
    drop('a control body that is not protobuf', 'malformed', altered(beat, 32, 0xff, 0xff, 0xff, 0xff)),
    drop('a fragment of no fragments', 'malformed', altered(beat, 20, 0, 0, 0, 0)),
    drop('a fragment beyond their count', 'malformed', altered(beat, 20, 0, 2, 0, 2)),
    drop('more fragments than any message may have', 'malformed', altered(beat, 20, 0, 0, 4, 1)),
  ]
}

export function golden(): Golden {
  const long = pattern(1200)
  return {
    data: [
      stream('an empty message', {}, [new Uint8Array(0)]),
      stream('three messages in one packet', { rank: 0, seq: 40, stable: 38 }, [
        text('one'),
        text(''),
        text('drei: ü'),
      ]),
      stream('a message that straddles three packets, and its neighbours', {}, [text('before'), long, text('behind')]),
      stream('a message that ends three bytes before the packet does: padded', {}, [pattern(473), text('next')]),
      stream('a prefix that ends with its packet: the message lies in the next ones', {}, [pattern(472), pattern(500)]),
      stream('a third of a packet is left: padded, and the next message begins the next one', {}, [
        pattern(316),
        pattern(200),
      ]),
      stream('more than a third is left: the next message straddles', {}, [pattern(315), pattern(200)]),
      stream('a message that fills its packet to the last byte', {}, [pattern(476)]),
      stream('a checksum over the body too', { flags: 1, seq: 3, stable: 1 }, [text('covered')]),
      stream('a causal message that rests on nothing', { order: 1 }, [text('question')], []),
      stream(
        'a causal message, and what its sender had delivered',
        { order: 1, seq: 9, stable: 8 },
        [text('answer')],
        [
          [0, 3],
          [4095, 65_535],
        ],
      ),
      stream(
        'causal messages, one of which straddles: `first` counts from behind the vector',
        { order: 1 },
        [text('before'), pattern(700), text('behind')],
        [[1, 1]],
      ),
      stream(
        'a number that rose by more than an entry holds',
        { order: 1 },
        [text('late')],
        [
          [1, 65_535],
          [1, 4_465],
        ],
      ),
      stream('a message in total order', { order: 2, seq: 0, stable: 0xfffffffd }, [text('ordered')]),
      stream('a safe message', { flags: 2 }, [text('safe')]),
      stream('a safe message in total order, under checksum', { order: 2, flags: 3, seq: 7 }, [text('both')]),
      stream('across the wrap', { seq: 0xfffffffe, stable: 0xfffffffd }, [long, text('wrapped')]),
    ],
    order: [
      order('the packets of three members are next, up to a number each', [
        [2, 0xfffffffe],
        [0, 3],
        [1, 0],
      ]),
      order('the place of something safe: held by all before that is delivered', [[1, 0xfffffff0]], {
        flags: 2,
        seq: 1,
      }),
    ],
    tell: [
      stream('from alice to bob', { kind: 'tell', tag: tellTag(ALICE, BOB), rank: NONE, flags: 1 }, [
        text('for you'),
        text('alone'),
      ]),
    ],
    control: controls(),
    dropped: drops(),
  }
}

const fileOf = (family: string): string => fileURLToPath(new URL(`../../proto/vectors/${family}.json`, import.meta.url))

export function readGolden(): Golden {
  const read = (family: string) => JSON.parse(readFileSync(fileOf(family), 'utf8'))
  return {
    data: read('data'),
    order: read('order'),
    tell: read('tell'),
    control: read('control'),
    dropped: read('dropped'),
  }
}

export function writeGolden(): void {
  for (const [family, frames] of Object.entries(golden())) {
    writeFileSync(fileOf(family), `${JSON.stringify(frames, null, 2)}\n`)
  }
}
