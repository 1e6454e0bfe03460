import { Acceptor, type Vote } from '../../src/paxos/acceptor.js'
import { type Ballot, ballotOf } from '../../src/paxos/ballot.js'
import { Proposer } from '../../src/paxos/proposer.js'
import type { SeededRandom } from '../../src/sim/random.js'
import { Judge } from './judge.js'

/** Each that is made up is a new one. On its way it is encoded and decoded, so the object is not the same. */
export interface Value {
  readonly serial: number
}

/** What a synod is made of, so that tests can put in broken parts. */
export interface Parts {
  acceptor(): Acceptor<Value>
  proposer(ballot: Ballot, voters: readonly number[]): Proposer<Value>
  ballot(round: number, rank: number): Ballot
}

export const SOUND: Parts = {
  acceptor: () => new Acceptor(),
  proposer: (ballot, voters) => new Proposer(ballot, voters),
  ballot: ballotOf,
}

type Message =
  | { readonly kind: 'prepare'; readonly to: number; readonly from: Caller; readonly ballot: Ballot }
  | {
      readonly kind: 'promise'
      readonly to: Caller
      readonly from: number
      readonly ballot: Ballot
      readonly accepted: Vote<Value> | null
    }
  | {
      readonly kind: 'accept'
      readonly to: number
      readonly from: Caller
      readonly ballot: Ballot
      readonly value: Value
    }
  | { readonly kind: 'accepted'; readonly to: Caller; readonly from: number; readonly ballot: Ballot }

/** Who calls ballots, one after the other. */
interface Caller {
  readonly rank: number
  /** Of its latest ballot. It outlives a crash: who comes back calls no ballot twice. */
  round: number
  current: Proposer<Value> | null
}

/** How likely is what. Drawn anew for each schedule, since what is rare in the average is common somewhere. */
interface Climate {
  readonly arrival: number
  readonly loss: number
  readonly repeat: number
  /** Any message arrives next, rather than the one that was sent first. */
  readonly delay: number
  readonly crash: number
  readonly call: number
  /** A proposer knows the latest round, rather than only its own. */
  readonly informed: number
  /** A quorum of promises is followed up at once, rather than that later ones may come in first. */
  readonly prompt: number
  /** What is sent to all is sent to one of them. */
  readonly reach: number
  /** The same for proposals: the fewer vote at a time, the longer nothing is chosen. */
  readonly reachOfProposals: number
}

const climateOf = (random: SeededRandom): Climate => ({
  arrival: random.between(0.8, 0.95),
  loss: random.between(0, 0.2),
  repeat: random.between(0, 0.2),
  delay: random.fraction(),
  crash: random.between(0, 0.2),
  call: random.between(0.1, 0.6),
  informed: random.fraction(),
  prompt: random.fraction(),
  reach: random.between(0.5, 1),
  reachOfProposals: random.between(0.1, 0.9),
})

const CALLERS = 3
/** Hears and answers everything, but is no voter. */
const STRANGER = 1
/** In order of seniority, which is not that of the ids. */
const VOTERS = [7, 2, 9, 4, 5]
const IN_FLIGHT_MAX = 48

/**
 * Voters, a stranger and callers on a network that loses, repeats and reorders. Nothing but chance decides what
 * happens next; the judge sees everything.
 */
export class Synod {
  readonly judge: Judge
  readonly #parts: Parts
  readonly #random: SeededRandom
  readonly #voters: readonly number[]
  readonly #acceptors = new Map<number, Acceptor<Value>>()
  readonly #callers: Caller[] = Array.from({ length: CALLERS }, (_, rank) => ({ rank, round: 0, current: null }))
  readonly #climate: Climate
  #inFlight: Message[] = []
  #serial = 0

  constructor(parts: Parts, voters: number, random: SeededRandom) {
    this.#parts = parts
    this.#random = random
    this.#climate = climateOf(random)
    this.#voters = VOTERS.slice(0, voters)
    this.judge = new Judge(this.#voters)
    for (const id of [...this.#voters, STRANGER]) this.#acceptors.set(id, parts.acceptor())
  }

  step(): void {
    const random = this.#random
    const { arrival, call, crash, loss, repeat, prompt } = this.#climate
    if (this.#inFlight.length > 0 && random.chance(arrival)) {
      const message = this.#take(random.chance(repeat))
      if (!random.chance(loss)) this.#deliver(message, random.chance(prompt))
      return
    }
    const caller = random.pick(this.#callers)
    if (random.chance(crash)) caller.current = null
    else if (random.chance(call)) this.#call(caller, random.chance(this.#climate.informed))
    this.#tell(caller)
  }

  /** The network calms down: one proposer after the other reaches a quorum, no more, and brings a ballot to its end. */
  settle(): void {
    for (let ballots = 0; ballots < 2; ballots++) {
      const caller = this.#random.pick(this.#callers)
      const reached = this.#someQuorum()
      this.#inFlight = []
      this.#call(caller, true)
      for (const phase of ['prepare', 'accept']) {
        this.#speak(caller, id => reached.has(id))
        // The questions, and the answers to them.
        while (this.#inFlight.length > 0) this.#deliver(this.#take(false), false)
        if (phase === 'accept' && !caller.current!.isChosen) this.judge.report('progress')
      }
    }
  }

  get #roundMax(): number {
    return Math.max(...this.#callers.map(({ round }) => round))
  }

  #someQuorum(): Set<number> {
    const reached = new Set<number>()
    while (!this.judge.isQuorum(reached)) reached.add(this.#random.pick(this.#voters))
    return reached
  }

  #call(caller: Caller, isInformed: boolean): void {
    caller.round = 1 + (isInformed ? this.#roundMax : caller.round)
    caller.current = this.#parts.proposer(this.#parts.ballot(caller.round, caller.rank), this.#voters)
  }

  #tell(caller: Caller): void {
    const { reach, reachOfProposals } = this.#climate
    const isProposing = caller.current?.isPromised ?? false
    this.#speak(caller, () => this.#random.chance(isProposing ? reachOfProposals : reach))
  }

  /** Asks for what is needed next. */
  #speak(caller: Caller, isReached: (id: number) => boolean): void {
    const proposer = caller.current
    if (proposer === null) return
    const { ballot } = proposer
    if (proposer.isPromised && proposer.proposed === null) this.#propose(proposer)
    const value = proposer.proposed
    for (const to of this.#acceptors.keys()) {
      if (!isReached(to)) continue
      if (value === null) this.#send({ kind: 'prepare', to, from: caller, ballot })
      else this.#send({ kind: 'accept', to, from: caller, ballot, value: { ...value } })
    }
  }

  #propose(proposer: Proposer<Value>): void {
    const { ballot, bound } = proposer
    const value = bound ?? { serial: ++this.#serial }
    this.judge.issued(ballot, value, bound === null)
    proposer.propose(value)
  }

  #send(message: Message): void {
    if (this.#inFlight.length >= IN_FLIGHT_MAX) this.#inFlight.splice(this.#random.below(IN_FLIGHT_MAX), 1)
    this.#inFlight.push(message)
  }

  /** The message that arrives next. */
  #take(isRepeated: boolean): Message {
    const index = this.#random.chance(this.#climate.delay) ? this.#random.below(this.#inFlight.length) : 0
    const message = this.#inFlight[index]
    if (!isRepeated) this.#inFlight.splice(index, 1)
    return message
  }

  #deliver(message: Message, isPrompt: boolean): void {
    if (message.kind === 'prepare' || message.kind === 'accept') return this.#ask(message)
    const { current } = message.to
    if (current === null || current.ballot !== message.ballot) return
    if (message.kind === 'accepted') {
      current.accepted(message.from)
      if (current.isChosen) this.judge.told(current.proposed!)
      return
    }
    const { accepted } = message
    current.promised(message.from, accepted && { ballot: accepted.ballot, value: { ...accepted.value } })
    if (isPrompt && current.isPromised && current.proposed === null) this.#tell(message.to)
  }

  #ask(message: Message & { kind: 'prepare' | 'accept' }): void {
    const { to, from, ballot } = message
    const acceptor = this.#acceptors.get(to)!
    if (message.kind === 'prepare') {
      const isPromised = acceptor.prepare(ballot)
      if (isPromised) this.#send({ kind: 'promise', to: from, from: to, ballot, accepted: acceptor.accepted })
      else this.judge.outbid()
    } else if (acceptor.accept(ballot, message.value)) {
      this.judge.voted(to, ballot, message.value)
      this.#send({ kind: 'accepted', to: from, from: to, ballot })
    } else this.judge.outbid()
    this.judge.remembers(to, acceptor.promised, acceptor.accepted?.ballot ?? 0)
  }
}
