import { rankOf as proposerOf } from '../paxos/ballot.js'
import type { Endpoint } from '../types.js'
import { hash32 } from '../wire/checksum.js'
import { type Control, ControlReader } from '../wire/control-codec.js'
import { tutti } from '../wire/generated/control.js'
import { CONTROL, judge, kindOf, OK, rankOf, viewTagOf } from '../wire/header.js'
import type { AgreementEvent } from './trace.js'

/** By tag of a view: the ranks of its voters. */
export type Voters = Map<number, number[]>

const NOBODY: Endpoint = { address: '', port: 0 }

/**
 * Reads along what one process sends about views, and says it in the terms of Paxos. What a proposer tells itself is on
 * no wire: its own promise and its own vote are taken from what it asks of the others.
 */
export class AgreementTap {
  readonly #groupTag: number
  readonly #voters: Voters
  readonly #reader = new ControlReader()

  /** @param voters  what the taps of all processes have learned: by tag of a view, the ranks of its voters */
  constructor(group: string, voters: Voters) {
    this.#groupTag = hash32(new TextEncoder().encode(group))
    this.#voters = voters
  }

  /** What a datagram says. */
  read(bytes: Uint8Array): readonly AgreementEvent[] {
    if (kindOf(bytes, 0) !== CONTROL || judge(bytes, 0, bytes.length, this.#groupTag) !== OK) return []
    const body = this.#reader.read(bytes, 0, NOBODY)
    return body == null ? [] : this.#events(body, viewTagOf(bytes, 0), rankOf(bytes, 0))
  }

  #events({ prepare, promise, accept, accepted, decide }: Control, tag: number, rank: number): AgreementEvent[] {
    if (prepare) return [{ event: 'promised', tag, ballot: prepare.ballot ?? 0, rank }]
    if (promise) {
      const ballot = promise.acceptedBallot ?? 0
      const vote = promise.acceptedValue == null ? undefined : { ballot, value: this.#value(promise.acceptedValue) }
      return [{ event: 'promised', tag, ballot: promise.ballot ?? 0, rank, accepted: vote }]
    }
    if (accept) {
      const ballot = accept.ballot ?? 0
      const value = this.#value(accept.value)
      // The one view that no value made is a founder's: it alone votes in it.
      const voters = this.#voters.get(tag) ?? [0]
      return [
        { event: 'proposed', tag, ballot, value, voters },
        { event: 'accepted', tag, ballot, rank: proposerOf(ballot) },
      ]
    }
    if (accepted) return [{ event: 'accepted', tag, ballot: accepted.ballot ?? 0, rank }]
    return decide ? [{ event: 'decided', tag, value: this.#value(decide.value) }] : []
  }

  /** A short name for a value; learns who votes in the view that it makes. */
  #value(value: tutti.Value.$Properties | null | undefined): string {
    const { tag, members } = value?.next ?? {}
    if (tag && members) {
      this.#voters.set(
        tag,
        [...members.keys()].filter(rank => members[rank].voter),
      )
    }
    const hash = hash32(tutti.Value.encode(value ?? {}).finish())
    return hash.toString(16).padStart(8, '0')
  }
}
