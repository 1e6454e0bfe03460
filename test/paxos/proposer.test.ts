import { describe, expect, test } from 'vitest'
import { ballotOf, NO_BALLOT } from '../../src/paxos/ballot.js'
import { Proposer } from '../../src/paxos/proposer.js'

/** What "Paxos Made Simple", 2.2, asks of a proposer, and "The Part-Time Parliament", 2.3, of one who calls a ballot. */

const VOTERS = [7, 2, 9, 4, 5]
const STRANGER = 1
const OWN = ballotOf(9, 0)
const voted = <V>(round: number, value: V) => ({ ballot: ballotOf(round, 0), value })

function promisedBy(...ids: number[]): Proposer<string> {
  const proposer = new Proposer<string>(OWN, VOTERS)
  for (const id of ids) proposer.promised(id, null)
  return proposer
}

describe('prepare', () => {
  test('nothing is proposed before a quorum has promised', () => {
    const proposer = promisedBy(7, 9)
    expect(proposer.isPromised).toBe(false)
    expect(() => proposer.propose('red')).toThrow('invariant')
    expect(proposer.proposed).toBe(null)
    proposer.promised(5, null)
    expect(proposer.isPromised).toBe(true)
    proposer.propose('red')
    expect(proposer.proposed).toBe('red')
  })

  test('a promise counts once, however often it comes', () => {
    expect(promisedBy(7, 9, 9, 7, 9).isPromised).toBe(false)
  })

  test('who is no voter has no part in it, with a promise or with a vote', () => {
    const proposer = promisedBy(7, 9)
    proposer.promised(STRANGER, voted(3, 'blue'))
    expect(proposer.isPromised).toBe(false)
    expect(proposer.bound).toBe(null)
  })

  test('with even voters half of them will do if the most senior one is among them', () => {
    const promisedOf = (...ids: number[]) => {
      const proposer = new Proposer<string>(OWN, [7, 2])
      for (const id of ids) proposer.promised(id, null)
      return proposer.isPromised
    }
    expect(promisedOf(7)).toBe(true)
    expect(promisedOf(2)).toBe(false)
    expect(promisedOf(2, 7)).toBe(true)
  })
})

describe('the value', () => {
  test('P2c, a: is free if none of the quorum has voted', () => {
    const proposer = promisedBy(7, 9, 5)
    expect(proposer.bound).toBe(null)
    proposer.propose('anything')
    expect(proposer.proposed).toBe('anything')
  })

  test('P2c, b: is that of the latest vote among the quorum, in whatever order the promises come', () => {
    const told = [
      [7, voted(2, 'red')],
      [9, voted(4, 'blue')],
      [5, null],
      [2, voted(3, 'red')],
    ] as const
    for (let first = 0; first < told.length; first++) {
      const proposer = new Proposer<string>(OWN, VOTERS)
      for (const [id, vote] of [...told.slice(first), ...told.slice(0, first)]) proposer.promised(id, vote)
      expect(proposer.bound).toBe('blue')
      expect(() => proposer.propose('red')).toThrow('invariant')
      expect(() => proposer.propose('green')).toThrow('invariant')
      proposer.propose('blue')
      expect(proposer.proposed).toBe('blue')
    }
  })

  test('P2c, b: one vote among the quorum binds, even if it cannot have been the deciding one', () => {
    const proposer = promisedBy(7, 9)
    proposer.promised(5, voted(1, 'red'))
    expect(proposer.bound).toBe('red')
  })

  test('of one ballot decoded twice, the first is meant', () => {
    const [one, other] = [{ colour: 'red' }, { colour: 'red' }]
    const proposer = new Proposer<{ colour: string }>(OWN, VOTERS)
    proposer.promised(7, voted(3, one))
    proposer.promised(2, voted(3, other))
    proposer.promised(9, null)
    expect(proposer.bound).toBe(one)
    expect(() => proposer.propose(other)).toThrow('invariant')
    proposer.propose(one)
  })

  test('five ballots in the manner of "The Part-Time Parliament", 2.1: each is bound to the latest vote before it', () => {
    const boundOf = (round: number, told: [number, ReturnType<typeof voted<string>> | null][]) => {
      const proposer = new Proposer<string>(ballotOf(round, 0), VOTERS)
      for (const [id, vote] of told) proposer.promised(id, vote)
      expect(proposer.isPromised).toBe(true)
      return proposer.bound
    }
    // In ballot 2, red, only 4 votes. Of the four who promise to ballot 5 none has: free, blue; only 9 votes.
    expect(
      boundOf(
        5,
        [7, 2, 9, 5].map(id => [id, null]),
      ),
    ).toBe(null)
    // Ballot 14 hears 2, 4 and 5, hence of ballot 2; 2 and 5 vote.
    const of14 = boundOf(14, [
      [2, null],
      [4, voted(2, 'red')],
      [5, null],
    ])
    expect(of14).toBe('red')
    // Ballot 27 hears 7, 9 and 4, hence of ballots 2 and 5; 7, 9 and 4 vote: blue is chosen.
    const of27 = boundOf(27, [
      [7, null],
      [9, voted(5, 'blue')],
      [4, voted(2, 'red')],
    ])
    expect(of27).toBe('blue')
    // Ballot 29 hears 2, 9 and 4, hence of ballots 14 and 27.
    const of29 = boundOf(29, [
      [2, voted(14, 'red')],
      [9, voted(27, 'blue')],
      [4, voted(27, 'blue')],
    ])
    expect(of29).toBe('blue')
  })

  test('B1: a ballot has one value', () => {
    const proposer = promisedBy(7, 9, 5)
    proposer.propose('red')
    expect(() => proposer.propose('blue')).toThrow('invariant')
    proposer.propose('red')
    expect(proposer.proposed).toBe('red')
  })

  test('stays once proposed: a promise that comes later binds no more', () => {
    const proposer = promisedBy(7, 9, 5)
    proposer.propose('red')
    // 2 may have voted in a ballot that the quorum has cut off, and 4 in this very ballot before it was asked again.
    proposer.promised(2, voted(4, 'blue'))
    proposer.promised(4, { ballot: OWN, value: 'red, decoded anew' })
    expect(proposer.bound).toBe(null)
    proposer.propose('red')
    expect(proposer.proposed).toBe('red')
  })
})

describe('accept', () => {
  test('the value is chosen once a quorum has accepted it, and stays chosen', () => {
    const proposer = promisedBy(7, 9, 5)
    proposer.propose('red')
    proposer.accepted(7)
    proposer.accepted(9)
    expect(proposer.isChosen).toBe(false)
    proposer.accepted(5)
    expect(proposer.isChosen).toBe(true)
    proposer.accepted(2)
    proposer.promised(4, null)
    expect(proposer.isChosen).toBe(true)
    expect(proposer.proposed).toBe('red')
  })

  test('who accepts need not be who promised', () => {
    const proposer = promisedBy(7, 9, 5)
    proposer.propose('red')
    for (const id of [5, 2, 4]) proposer.accepted(id)
    expect(proposer.isChosen).toBe(true)
  })

  test('a vote counts once, a voter only, and not before there is something to vote for', () => {
    const proposer = promisedBy(7, 9, 5)
    for (const id of [7, 2, 9, 4, 5]) proposer.accepted(id)
    proposer.propose('red')
    expect(proposer.isChosen).toBe(false)
    for (const id of [7, 9, STRANGER, 9, 7]) proposer.accepted(id)
    expect(proposer.isChosen).toBe(false)
  })

  test('to promise is not to accept', () => {
    const proposer = promisedBy(...VOTERS)
    proposer.propose('red')
    expect(proposer.isChosen).toBe(false)
  })
})

test('without voters nothing is ever promised or chosen', () => {
  const proposer = new Proposer<string>(OWN, [])
  proposer.promised(7, null)
  expect(proposer.isPromised).toBe(false)
  expect(proposer.isChosen).toBe(false)
})

test('a ballot has a number, and a voter one vote', () => {
  expect(() => new Proposer(NO_BALLOT, VOTERS)).toThrow('invariant')
  expect(() => new Proposer(OWN, [7, 2, 7])).toThrow('invariant')
})
