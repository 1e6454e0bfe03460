import { describe, expect, test } from 'vitest'
import { tutti } from '../../src/wire/generated/control.js'
import { MEMBERS_MAX } from '../../src/wire/limits.js'
import {
  type AgreedView,
  decodeValue,
  decodeView,
  encodeValue,
  encodeView,
  identityOf,
  type Peer,
  peerOf,
  type Value,
} from '../../src/wire/view-codec.js'

const alice: Peer = {
  name: 'älice',
  incarnation: '00000000000000ff',
  endpoint: { address: '2001:db8::1', port: 65_535 },
  receiveBufferBytes: 212_992,
  voter: true,
}
const bob: Peer = { ...alice, name: 'bob', incarnation: 'ffffffffffffffff', receiveBufferBytes: 0, voter: false }
const view: AgreedView = {
  lineage: '0123456789abcdef',
  id: 0xffffffff,
  tag: 0xfffffffe,
  members: [alice, bob],
  primary: true,
  checkBodies: true,
  messageBytesMax: 1_073_741_824,
  packetBytes: 65_507,
}

/** As the others get it. */
const sent = (change: tutti.View.$Properties) =>
  tutti.View.decode(tutti.View.encode({ ...encodeView(view), ...change }).finish())

test('a view comes back as it was', () => {
  expect(decodeView(sent({}))).toEqual(view)
})

describe('a view is not well formed', () => {
  const identity = identityOf(alice)
  test.each<[string, tutti.View.$Properties]>([
    ['without a lineage', { lineage: new Uint8Array(0) }],
    ['with half a lineage', { lineage: new Uint8Array(4) }],
    ['without an id', { id: 0 }],
    ['without a tag', { tag: 0 }],
    ['of a version to come', { version: 2 }],
    ['without members', { members: [] }],
    ['with a broken member', { members: [identity, {}] }],
    ['with more members than a group may have', { members: new Array(MEMBERS_MAX + 1).fill(identity) }],
    ['without a maximum message', { messageBytesMax: 0 }],
    ['with a maximum message that nobody could hold', { messageBytesMax: 0xffffffff }],
    ['with packets too small', { packetBytes: 511 }],
    ['with packets that no datagram holds', { packetBytes: 65_508 }],
  ])('%s', (_, change) => {
    expect(decodeView(sent(change))).toBeUndefined()
  })

  test('when there is none', () => {
    expect(decodeView(undefined)).toBeUndefined()
    expect(decodeView(null)).toBeUndefined()
  })
})

describe('a member is not well formed', () => {
  test.each<[string, tutti.Identity.$Properties]>([
    ['without a name', { name: '' }],
    ['with a name over its limit', { name: 'x'.repeat(256) }],
    ['with a name over its limit in bytes', { name: 'ü'.repeat(128) }],
    ['without an incarnation', { incarnation: new Uint8Array(0) }],
    ['with an incarnation of nine bytes', { incarnation: new Uint8Array(9) }],
    ['without an address', { address: '' }],
    ['without a port', { port: 0 }],
    ['with a port that UDP does not have', { port: 65_536 }],
  ])('%s', (_, change) => {
    expect(peerOf(identityOf(alice))).toEqual(alice)
    expect(peerOf({ ...identityOf(alice), ...change })).toBeUndefined()
  })
})

const cut = [0, -1, -16]
const change: Value = { next: view, cut, into: null, merged: ['00000000000000ff', 'ffffffffffffffff'] }
const end: Value = { next: null, cut, into: '0000000000000001', merged: [] }

/** As the others get it. */
const sentValue = (value: Value, other: tutti.Value.$Properties = {}) =>
  tutti.Value.decode(tutti.Value.encode({ ...encodeValue(value), ...other }).finish())

test.each([
  ['a view that follows', change],
  ['a view that follows, with nobody from elsewhere', { ...change, merged: [] }],
  ['the end of a lineage', end],
])('a value comes back as it was: %s', (_, value) => {
  expect(decodeValue(sentValue(value), cut.length)).toEqual(value)
})

test('who does not know the closing view takes a value with any cut', () => {
  expect(decodeValue(sentValue(change), undefined)).toEqual(change)
  expect(decodeValue(sentValue({ ...end, cut: [] }), undefined)).toEqual({ ...end, cut: [] })
})

describe('a value is not well formed', () => {
  const eight = new Uint8Array(8)
  test.each<[string, Value, tutti.Value.$Properties]>([
    ['without a cut', change, { cut: [] }],
    ['with a cut for fewer members than the closing view had', change, { cut: [1, 2] }],
    ['with a cut for more', change, { cut: [1, 2, 3, 4] }],
    ['that ends its lineage for no other', end, { into: new Uint8Array(0) }],
    ['that ends its lineage for half a one', end, { into: new Uint8Array(4) }],
    ['that ends its lineage and goes on', change, { into: eight }],
    ['whose view is not well formed', change, { next: { ...encodeView(view), id: 0 } }],
    ['whose view has no members', change, { next: { ...encodeView(view), members: [] } }],
    ['whose view is of a version to come', change, { next: { ...encodeView(view), version: 2 } }],
    ['with half a lineage that was given up', change, { merged: [eight, new Uint8Array(4)] }],
  ])('%s', (_, value, other) => {
    expect(decodeValue(sentValue(value), cut.length)).toEqual(value)
    expect(decodeValue(sentValue(value, other), cut.length)).toBeUndefined()
  })

  test('when there is none', () => {
    expect(decodeValue(undefined, cut.length)).toBeUndefined()
    expect(decodeValue(null, undefined)).toBeUndefined()
    expect(decodeValue(tutti.Value.decode(new Uint8Array(0)), undefined)).toBeUndefined()
  })
})
