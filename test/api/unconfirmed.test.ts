import { describe, expect, test } from 'vitest'
import { Delivery } from '../../src/delivery.js'
import { SAFE_CLASS } from '../../src/engine/engine.js'
import type { Sent, Waiting } from '../../src/send-queue.js'
import { NOT_REUSED } from '../../src/slab.js'
import type { DeliveredEvent, Member, Order, View } from '../../src/types.js'
import { Unconfirmed } from '../../src/unconfirmed.js'

const self: Member = { name: 'a', incarnation: 'me', endpoint: { address: '10.0.0.1', port: 1 }, voter: true }
const SAFE_TOTAL = 2 + SAFE_CLASS

/** A send, and what became of it. */
function send(of: number): { readonly waiting: Waiting; fate: string } {
  const sending = {
    fate: 'waits',
    waiting: {
      data: new Uint8Array(0),
      class: of,
      resolve: ({ lineage, view }: Sent) => {
        sending.fate = `sent in ${lineage} ${view}`
      },
      reject: ({ code }: { code: string }) => {
        sending.fate = code
      },
    },
  }
  return sending
}

const taken = (view: number, takenUpTo: number, lineage = 'x') => ({ lineage, view, takenUpTo, stable: 0 })

function view(id: number, lineage = 'x', stayed: Member[] = [self]): DeliveredEvent {
  const view: View = { id, lineage, members: [self], primary: true }
  return { type: 'view', view, change: { joined: [], left: [], stayed } }
}

/** Messages of this member in packet `seq`, safe. */
function own(id: number, seq: number, order: Order = 'total', safe = true): DeliveredEvent {
  const delivery = new Delivery('messages', self, id, order, safe, 1, 0, seq, NOT_REUSED, false)
  delivery.add(seq, 0, 4, 1)
  return delivery
}

function member() {
  const unconfirmed = new Unconfirmed()
  const settle = (...batch: DeliveredEvent[]) => unconfirmed.settle(batch, 'me')
  const take = (of: number, view: number, seq: number, lineage?: string) => {
    const sending = send(of)
    unconfirmed.add(sending.waiting, taken(view, seq, lineage))
    return sending
  }
  return { unconfirmed, settle, take }
}

describe('a plain send', () => {
  test('is sent once it is taken', () => {
    expect(member().take(0, 1, 5).fate).toBe('sent in x 1')
  })
})

describe('a safe send', () => {
  test('is sent once this member has delivered it as safe, and not a packet before', () => {
    const { settle, take } = member()
    settle(view(1))
    const sending = take(SAFE_TOTAL, 1, 5)
    settle(own(1, 4), own(1, 6, 'fifo'), own(1, 6, 'total', false))
    expect(sending.fate).toBe('waits')
    settle(own(1, 5))
    expect(sending.fate).toBe('sent in x 1')
  })

  test('of a message in parts is sent though that is said after it was delivered', () => {
    const { settle, take } = member()
    settle(view(1))
    settle(own(1, 5))
    expect(take(SAFE_TOTAL, 1, 5).fate).toBe('sent in x 1')
    expect(take(SAFE_TOTAL, 1, 6).fate).toBe('waits')
  })

  test('or after the view was closed with it', () => {
    const { settle, take } = member()
    settle(view(1))
    settle(own(1, 5), view(2))
    expect(take(SAFE_TOTAL, 1, 5).fate).toBe('sent in x 1')
  })

  test('in the next view is not sent by what the end of this one brings, though its packets have such numbers too', () => {
    // 1. The engine has gone on, and the application not heard of it. 2. A message is taken. 3. Both hear.
    const { settle, take } = member()
    settle(view(1))
    const sending = take(SAFE_TOTAL, 2, 5)
    settle(own(1, 9), view(2))
    expect(sending.fate).toBe('waits')
    settle(own(2, 5))
    expect(sending.fate).toBe('sent in x 2')
  })

  test('is sent when this member goes on to the next view, but not to one of another lineage', () => {
    const { settle, take } = member()
    settle(view(1))
    const old = take(SAFE_TOTAL, 1, 5)
    settle(view(7, 'y', []))
    const other = take(SAFE_TOTAL, 7, 3, 'y')
    expect([old.fate, other.fate]).toEqual(['waits', 'waits'])
    settle(view(8, 'y'))
    expect([old.fate, other.fate]).toEqual(['waits', 'sent in y 7'])
  })

  test('in a view of another lineage with the same number is not sent by what was delivered in the old one', () => {
    const { settle, take } = member()
    settle(view(3))
    settle(own(3, 9), view(3, 'y', []))
    expect(take(SAFE_TOTAL, 3, 5, 'y').fate).toBe('waits')
  })
})

describe('who is left out', () => {
  const reckon = (of: number, seq: number, isKnown: boolean, isCausalKnown = true) => {
    const { unconfirmed, take } = member()
    const sending = take(of, 1, seq)
    const lost = unconfirmed.lost({ lineage: 'x', upTo: 5, isKnown, isCausalKnown })
    return [sending.fate, ...lost.map(({ error }) => error.code)]
  }

  test('learns of what lay within the cut that it was sent, of the rest that it was not', () => {
    expect(reckon(SAFE_TOTAL, 5, true)).toEqual(['sent in x 1'])
    expect(reckon(SAFE_TOTAL, 6, true)).toEqual(['ERR_TUTTI_EXCLUDED'])
    expect(reckon(2, 5, true)).toEqual(['sent in x 1'])
    expect(reckon(2, 6, true)).toEqual(['sent in x 1', 'ERR_TUTTI_EXCLUDED'])
  })

  test('of causal ones within the cut, which may rest on what lies beyond, that nobody can say', () => {
    expect(reckon(1 + SAFE_CLASS, 5, true, false)).toEqual(['ERR_TUTTI_FATE_UNKNOWN'])
    expect(reckon(1, 5, true, false)).toEqual(['sent in x 1', 'ERR_TUTTI_FATE_UNKNOWN'])
  })

  test('where nothing was decided, that nobody can say: also of safe ones that all have and none has delivered', () => {
    expect(reckon(SAFE_TOTAL, 5, false)).toEqual(['ERR_TUTTI_FATE_UNKNOWN'])
    expect(reckon(SAFE_TOTAL, 6, false)).toEqual(['ERR_TUTTI_FATE_UNKNOWN'])
    expect(reckon(2, 5, false)).toEqual(['sent in x 1'])
    expect(reckon(2, 6, false)).toEqual(['sent in x 1', 'ERR_TUTTI_FATE_UNKNOWN'])
  })
})

test('who closes leaves nobody waiting', () => {
  const { unconfirmed, take } = member()
  const safe = take(SAFE_TOTAL, 1, 5)
  const plain = take(2, 1, 6)
  unconfirmed.abandon()
  expect([safe.fate, plain.fate]).toEqual(['ERR_TUTTI_FATE_UNKNOWN', 'sent in x 1'])
})
