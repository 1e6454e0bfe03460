import { expect, test } from 'vitest'
import { SAFE_CLASS } from '../../src/engine/engine.js'
import { tutti } from '../../src/wire/generated/control.js'
import { CONTROL, DATA, HEADER_BYTES, kindOf, lengthOf } from '../../src/wire/header.js'
import { serial } from '../../src/wire/seqno.js'
import { Harness, type Member } from './harness.js'

/** In the harness. */
const PACKET_BYTES = 512

/** What a member hands to its network from now on. */
function spy({ engine }: Member): Uint8Array[] {
  const datagrams: Uint8Array[] = []
  const { outbox } = engine
  const { send } = outbox
  outbox.send = (to, bytes, offset, length) => {
    datagrams.push(bytes.slice(offset, offset + length))
    send.call(outbox, to, bytes, offset, length)
  }
  return datagrams
}

function packetsOf(datagram: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = []
  for (let at = 0; at < datagram.length; at += lengthOf(datagram, at)) {
    packets.push(datagram.subarray(at, at + lengthOf(datagram, at)))
  }
  return packets
}

const isControl = (packet: Uint8Array) => kindOf(packet, 0) === CONTROL
/** Names of the control messages among packets, but for answers to probes. */
const bodies = (packets: readonly Uint8Array[]) =>
  packets
    .filter(isControl)
    .map(packet => tutti.Control.decode(packet.subarray(HEADER_BYTES)).body)
    .filter(body => body !== 'alive')

test('what a member has to say rides on the train that it sends in the same turn', () => {
  const net = new Harness()
  const [a, b] = net.group('a', 'b', 'c')
  a.send('safe', null, SAFE_CLASS)
  net.run(1)
  // Four fill a packet: eight packets, and one that is open when the turn ends.
  for (let i = 0; i < 33; i++) b.send('filling'.padEnd(100, '.'))
  const datagrams = spy(b)
  net.run(1)
  const trains = datagrams.map(packetsOf)
  const ridden = trains.filter(train => kindOf(train[0], 0) === DATA && isControl(train.at(-1)!))
  expect(ridden).toHaveLength(1)
  const [train] = ridden
  // The kernel cuts a train into packets of one size.
  expect(train.slice(0, -1).every(packet => packet.length === PACKET_BYTES)).toBe(true)
  const { beat } = tutti.Control.decode(train.at(-1)!.subarray(HEADER_BYTES))
  expect(serial(beat!.received![0])).toBe(a.engine.progress(null)!.takenUpTo)
  expect(bodies(trains.flat())).toEqual(['beat'])
})

test('a short train is not made longer for it', () => {
  const net = new Harness()
  const [a, b] = net.group('a', 'b', 'c')
  a.send('safe', null, SAFE_CLASS)
  net.run(1)
  b.send('a word')
  const datagrams = spy(b)
  net.run(1)
  const trains = datagrams.map(packetsOf)
  expect(trains.map(train => train.length)).toEqual(trains.map(() => 1))
  expect(bodies(trains.flat())).toEqual(['beat'])
  expect(Math.max(...datagrams.map(({ length }) => length))).toBeLessThan(PACKET_BYTES / 2)
})
