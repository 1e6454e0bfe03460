import { expect, test } from 'vitest'
import { Acceptor } from '../../src/paxos/acceptor.js'
import { ballotOf } from '../../src/paxos/ballot.js'
import { Proposer } from '../../src/paxos/proposer.js'

/** Ballots one after the other, from "Paxos Made Simple", 2.2 and 2.4. */

class Parliament {
  readonly #voters: readonly number[]
  readonly #acceptors: ReadonlyMap<number, Acceptor<string>>

  constructor(...voters: number[]) {
    this.#voters = voters
    this.#acceptors = new Map(voters.map(id => [id, new Acceptor<string>()]))
  }

  /** A ballot that reaches `ids` with its first question. */
  prepare(round: number, ...ids: number[]): Proposer<string> {
    const proposer = new Proposer<string>(ballotOf(round, 0), this.#voters)
    for (const id of ids) {
      const acceptor = this.#acceptors.get(id)!
      if (acceptor.prepare(proposer.ballot)) proposer.promised(id, acceptor.accepted)
    }
    return proposer
  }

  /** Its proposal reaches `ids`. */
  propose(proposer: Proposer<string>, value: string, ...ids: number[]): void {
    proposer.propose(proposer.bound ?? value)
    for (const id of ids)
      if (this.#acceptors.get(id)!.accept(proposer.ballot, proposer.proposed!)) proposer.accepted(id)
  }
}

test('one proposer alone has its value chosen', () => {
  const parliament = new Parliament(1, 2, 3)
  const proposer = parliament.prepare(1, 1, 2)
  parliament.propose(proposer, 'red', 1, 2)
  expect([proposer.isChosen, proposer.proposed]).toEqual([true, 'red'])
})

test('P2: what is chosen later is what was chosen first, whichever quorum is asked', () => {
  for (const quorum of [
    [1, 2],
    [1, 3],
    [2, 3],
    [1, 2, 3],
  ]) {
    const parliament = new Parliament(1, 2, 3)
    parliament.propose(parliament.prepare(1, 1, 2), 'red', 1, 2)
    const later = parliament.prepare(2, ...quorum)
    parliament.propose(later, 'blue', ...quorum)
    expect([later.isChosen, later.proposed]).toEqual([true, 'red'])
  }
})

test('P2a: who slept through the decision, and must take what it hears first, hears nothing else', () => {
  const parliament = new Parliament(1, 2, 3)
  parliament.propose(parliament.prepare(1, 1, 2), 'red', 1, 2)
  const late = parliament.prepare(2, 3)
  expect(late.isPromised).toBe(false)
  expect(() => parliament.propose(late, 'blue', 3)).toThrow('invariant')
})

test('what had votes but cannot be chosen any more may be passed over, and does not come back', () => {
  const parliament = new Parliament(1, 2, 3)
  parliament.propose(parliament.prepare(1, 1, 2), 'red', 1)
  const second = parliament.prepare(2, 2, 3)
  expect(second.bound).toBe(null)
  parliament.propose(second, 'blue', 3)
  // Neither is chosen. Whoever hears of both goes by the later one.
  const third = parliament.prepare(3, 1, 3)
  expect(third.bound).toBe('blue')
  parliament.propose(third, 'green', 1, 3)
  expect([third.isChosen, third.proposed]).toEqual([true, 'blue'])
})

test('a proposer that was outbid between its question and its proposal gets no votes', () => {
  const parliament = new Parliament(1, 2, 3)
  const slow = parliament.prepare(1, 1, 2)
  const fast = parliament.prepare(2, 2, 3)
  parliament.propose(slow, 'red', 2, 3)
  expect(slow.isChosen).toBe(false)
  parliament.propose(fast, 'blue', 2, 3)
  expect([fast.isChosen, fast.proposed]).toEqual([true, 'blue'])
})

test('two proposers can outbid each other for ever: nothing is chosen, and nothing is lost once one of them rests', () => {
  const parliament = new Parliament(1, 2, 3)
  let former = parliament.prepare(1, 1, 2, 3)
  for (let round = 2; round < 50; round++) {
    const next = parliament.prepare(round, 1, 2, 3)
    parliament.propose(former, `of ${round - 1}`, 1, 2, 3)
    expect(former.isChosen).toBe(false)
    former = next
  }
  parliament.propose(former, 'of the last', 1, 2, 3)
  expect([former.isChosen, former.proposed]).toEqual([true, 'of the last'])
})

test('of two voters the senior one can go on alone, the other cannot', () => {
  const alone = new Parliament(1, 2)
  const senior = alone.prepare(1, 1)
  alone.propose(senior, 'red', 1)
  expect(senior.isChosen).toBe(true)
  expect(alone.prepare(2, 2).isPromised).toBe(false)
  expect(alone.prepare(3, 1, 2).bound).toBe('red')
})

test('of four voters half decides with the senior one, and binds the other half when they ask it', () => {
  const parliament = new Parliament(1, 2, 3, 4)
  const half = parliament.prepare(1, 1, 4)
  parliament.propose(half, 'red', 1, 4)
  expect(half.isChosen).toBe(true)
  expect(parliament.prepare(2, 2, 3).isPromised).toBe(false)
  const rest = parliament.prepare(3, 2, 3, 4)
  expect([rest.isPromised, rest.bound]).toEqual([true, 'red'])
})
