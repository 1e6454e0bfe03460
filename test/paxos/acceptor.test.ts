import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Acceptor } from '../../src/paxos/acceptor.js'
import { ballotOf, NO_BALLOT } from '../../src/paxos/ballot.js'

/** What "Paxos Made Simple", 2.2, asks of an acceptor, and "The Part-Time Parliament", 2.3, of a priest who votes. */

const [FIRST, SECOND, THIRD] = [ballotOf(1, 0), ballotOf(1, 1), ballotOf(2, 0)]

test('P1: it accepts the first proposal that it hears of', () => {
  const acceptor = new Acceptor<string>()
  expect(acceptor.accept(FIRST, 'red')).toBe(true)
  expect(acceptor.accepted).toEqual({ ballot: FIRST, value: 'red' })
})

test('P1a: it accepts a proposal if it has promised to no later one', () => {
  const acceptor = new Acceptor<string>()
  acceptor.prepare(SECOND)
  expect(acceptor.accept(SECOND, 'red')).toBe(true)
  expect(acceptor.accept(THIRD, 'blue')).toBe(true)
})

test('P1a: it accepts no proposal if it has promised to a later one', () => {
  const acceptor = new Acceptor<string>()
  acceptor.prepare(SECOND)
  expect(acceptor.accept(FIRST, 'red')).toBe(false)
  expect(acceptor.accepted).toBe(null)
})

test('it promises to the first and to every later ballot, and to no earlier one', () => {
  const acceptor = new Acceptor<string>()
  expect(acceptor.promised).toBe(NO_BALLOT)
  expect(acceptor.prepare(SECOND)).toBe(true)
  expect(acceptor.prepare(THIRD)).toBe(true)
  expect(acceptor.prepare(FIRST)).toBe(false)
  expect(acceptor.promised).toBe(THIRD)
})

test('whoever asks again is answered again, since the answer may be lost', () => {
  const acceptor = new Acceptor<string>()
  expect([acceptor.prepare(FIRST), acceptor.prepare(FIRST)]).toEqual([true, true])
  expect([acceptor.accept(FIRST, 'red'), acceptor.accept(FIRST, 'red')]).toEqual([true, true])
  expect(acceptor.prepare(FIRST)).toBe(true)
})

test('the same proposal again, decoded anew, leaves the vote as it was', () => {
  const acceptor = new Acceptor<{ colour: string }>()
  acceptor.accept(FIRST, { colour: 'red' })
  const vote = acceptor.accepted
  expect(acceptor.accept(FIRST, { colour: 'red' })).toBe(true)
  expect(acceptor.accepted).toBe(vote)
})

test('to accept is to promise', () => {
  const acceptor = new Acceptor<string>()
  acceptor.accept(THIRD, 'red')
  expect(acceptor.promised).toBe(THIRD)
  expect(acceptor.prepare(SECOND)).toBe(false)
  expect(acceptor.accept(SECOND, 'blue')).toBe(false)
  expect(acceptor.accepted).toEqual({ ballot: THIRD, value: 'red' })
})

test('a promise leaves the vote as it was; only a later vote takes its place', () => {
  const acceptor = new Acceptor<string>()
  acceptor.accept(FIRST, 'red')
  acceptor.prepare(SECOND)
  expect(acceptor.accepted).toEqual({ ballot: FIRST, value: 'red' })
  acceptor.accept(SECOND, 'blue')
  expect(acceptor.accepted).toEqual({ ballot: SECOND, value: 'blue' })
})

test('what is before every ballot is none: nothing is promised or accepted', () => {
  const acceptor = new Acceptor<string>()
  expect(acceptor.prepare(NO_BALLOT)).toBe(false)
  expect(acceptor.accept(NO_BALLOT, 'red')).toBe(false)
  expect(acceptor.accepted).toBe(null)
})

test('promises and votes never fall, and no vote is ahead of the promise, whatever is asked in what order', () => {
  const request = fc.record({ kind: fc.constantFrom('prepare', 'accept'), ballot: fc.integer({ min: 1, max: 12 }) })
  fc.assert(
    fc.property(fc.array(request, { maxLength: 40 }), requests => {
      const acceptor = new Acceptor<string>()
      for (const { kind, ballot } of requests) {
        const { promised, accepted } = acceptor
        const isGranted = kind === 'prepare' ? acceptor.prepare(ballot) : acceptor.accept(ballot, `of ${ballot}`)
        expect(isGranted).toBe(ballot >= promised)
        expect(acceptor.promised).toBe(Math.max(ballot, promised))
        const vote = kind === 'accept' && isGranted ? { ballot, value: `of ${ballot}` } : accepted
        expect(acceptor.accepted).toEqual(vote)
        expect(acceptor.accepted?.ballot ?? NO_BALLOT).toBeLessThanOrEqual(acceptor.promised)
      }
    }),
  )
})
