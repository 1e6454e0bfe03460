import type { Order } from 'tutti'
import { BODY_CHECKED, DATA, HEADER_BYTES, judge, OK, seal, writeHeader } from '../../src/wire/header.js'
import { Packer, slabPoolFor } from '../../src/wire/packer.js'
import type { Api } from '../settings.js'
import { openPair, type Pair } from './pair.js'
import type { Subject } from './stopwatch.js'

const PACKET_BYTES = 1400
const GROUP_TAG = 0x6d696372
/** Messages of a round lie in about so many packets: two trains. */
const PACKETS = 90
const CALLS = 10_000

/** The checks that every packet passes first. */
export function judging(isBodyChecked: boolean): Subject {
  const packet = new Uint8Array(PACKET_BYTES)
  writeHeader(packet, 0, DATA, GROUP_TAG, 1, 0, 1, 0, 0, 0, isBodyChecked ? BODY_CHECKED : 0)
  seal(packet, 0, PACKET_BYTES)
  const name = `judge a packet of ${PACKET_BYTES} B${isBodyChecked ? ', with a checksum over its body' : ''}`
  const perRound = isBodyChecked ? CALLS / 10 : CALLS
  const round = () => {
    for (let i = 0; i < perRound; i++) {
      if (judge(packet, 0, PACKET_BYTES, GROUP_TAG) !== OK) throw new Error('the packet is sound')
    }
  }
  return { name, perRound, round }
}

/** Messages into sealed packets. */
export function packing(bytes: number): Subject {
  const frame = { kind: DATA, groupTag: GROUP_TAG, tag: 1, rank: 0, packetBytes: PACKET_BYTES, flags: 0 }
  const packer = new Packer(frame, slabPoolFor(PACKET_BYTES))
  const message = new Uint8Array(bytes)
  let seq = 0
  const perRound = messagesIn(PACKETS, bytes)
  const round = () => {
    for (let i = 0; i < perRound; i++) {
      if (packer.isOpen && (packer.room < 4 || packer.isBetterNext(bytes))) {
        packer.pad()
        packer.close()
      }
      if (!packer.isOpen) packer.open(seq++, 0, 0, 0)
      packer.begin(bytes)
      for (let written = packer.write(message, 0); written < bytes; written += packer.write(message, written)) {
        packer.close()
        packer.open(seq++, 0, 0, 0)
      }
    }
  }
  return { name: `pack a message of ${bytes} B`, perRound, round }
}

/** From `offer` to packets ready to be sent, and to the sender's own listener. */
export async function down(bytes: number, api: Api, order: Order): Promise<Subject> {
  const pair = await openPair(api, order)
  const send = sending(pair, bytes)
  const round = () => {
    send()
    pair.sending.turn()
  }
  return { name: named('send', bytes, api, order), perRound: messagesIn(PACKETS, bytes), round, after: settling(pair) }
}

/** From packets as they arrived to messages in the engine that can be delivered. */
export async function receiving(bytes: number, api: Api, order: Order): Promise<Subject> {
  const { arrive, turn, settle } = await arrival(bytes, api, order)
  const perRound = messagesIn(PACKETS, bytes)
  let take = () => {}
  const before = () => {
    take = arrive()
  }
  const after = () => {
    turn()
    settle()
  }
  return { name: `receive, ${order}, ${bytes} B`, perRound, before, round: () => take(), after }
}

/** From there to the listener, and what follows from its having them: the turn that ends then. */
export async function delivering(bytes: number, api: Api, order: Order): Promise<Subject> {
  const { arrive, turn, settle } = await arrival(bytes, api, order)
  const perRound = messagesIn(PACKETS, bytes)
  return { name: named('deliver', bytes, api, order), perRound, before: () => arrive()(), round: turn, after: settle }
}

/** The parts of a round at the receiver. */
async function arrival(bytes: number, api: Api, order: Order) {
  const pair = await openPair(api, order)
  const send = sending(pair, bytes)
  const settleDown = settling(pair)
  let expected = pair.delivered()
  const arrive = () => {
    send()
    pair.sending.turn()
    const datagrams = pair.sending.copiesFor(pair.receiving)
    pair.sending.takeSent()
    return () => pair.receiving.receive(datagrams, pair.sending)
  }
  const turn = () => pair.receiving.turn()
  const settle = () => {
    settleDown()
    expected += messagesIn(PACKETS, bytes)
    if (pair.delivered() !== expected) throw new Error(`${pair.delivered()} messages arrived in place of ${expected}`)
  }
  return { arrive, turn, settle }
}

function sending({ sender }: Pair, bytes: number): () => void {
  const message = new Uint8Array(bytes)
  const count = messagesIn(PACKETS, bytes)
  return () => {
    for (let i = 0; i < count; i++) if (!sender.offer(message)) throw new Error('the window is closed')
  }
}

/** Until all know that all have all. */
function settling({ wire }: Pair): () => void {
  return () => {
    for (let i = 0; i < 20; i++) wire.step()
  }
}

const messagesIn = (packets: number, bytes: number): number =>
  packets * Math.max(1, Math.floor((PACKET_BYTES - HEADER_BYTES) / (bytes + 4)))

const named = (way: string, bytes: number, api: Api, order: Order): string =>
  `${way}, ${order}, ${bytes} B, ${api === 'batch' ? 'in batches' : 'an object a message'}`
