import type { Group } from '../group.js'
import { openGroup } from '../open-group.js'
import type { JoinOptions } from '../options.js'
import { AgreementTap, type Voters } from './agreement-tap.js'
import { checkTrace, type Violation } from './checkers/index.js'
import { Conditions, type CutOptions, type Impairment, type Scope } from './conditions.js'
import { SeededRandom } from './random.js'
import { Recorder } from './recorder.js'
import { RunDigest } from './run-digest.js'
import { SimNetwork, type SimNetworkPort, type Traffic } from './sim-network.js'
import { SimProcess } from './sim-process.js'
import { Act, SimWorld } from './sim-world.js'
import type { TraceLine } from './trace.js'

/** All of it has a default. What `Impairment` names holds for every packet of the whole run, also after `heal`. */
export interface SimulationOptions extends Impairment {
  /** An integer from 0 to 2^53 - 1. Equal seeds, options and programs give equal runs. Default: 1. */
  readonly seed?: number
  /** One-way delay of a datagram, drawn from this range. Default: [0.05, 0.5]. */
  readonly latencyMs?: readonly [min: number, max: number]
  /** What an interface sends in a millisecond. Default: 125,000, gigabit Ethernet. */
  readonly bytesPerMs?: number
  /** Default: 1,400. */
  readonly packetBytes?: number
  /** Of each of a member's two sockets; what does not fit is lost. Default: 212,992, as Linux has it. */
  readonly receiveBufferBytes?: number
}

interface Life {
  readonly name: string
  readonly process: SimProcess
  readonly port: SimNetworkPort
  readonly recorder: Recorder
  readonly tap: AgreementTap
}

/** How long waiting may take, in simulated milliseconds, where the caller does not say. */
const LIMIT_MS = 60_000

/**
 * A group, or several, in one process of yours, on a network and a clock that are simulated from a seed.
 *
 * Simulated time passes while you await one of `join`, `run`, `runUntil`, `until`, and at no other time. What a member
 * can do at once it does at once, so `await group.send(…)` needs none of them unless the window is closed; then, and
 * for everything else that takes time, there is `await sim.until(group.send(…))`.
 *
 * Code under test must not wait for real time or real I/O: `sim.sleep(ms)` instead of a timer.
 */
export class Simulation {
  readonly seed: number
  /** What all members were told and said so far, in the order in which it happened. */
  readonly trace: TraceLine[] = []
  readonly #world: SimWorld
  readonly #network: SimNetwork
  readonly #conditions: Conditions
  readonly #digest = new RunDigest()
  readonly #random: SeededRandom
  readonly #lives: Life[] = []
  readonly #lifeOf = new Map<SimNetworkPort, Life>()
  readonly #voters: Voters = new Map()

  constructor(options: SimulationOptions = {}) {
    const { seed = 1, latencyMs = [0.05, 0.5], bytesPerMs = 125_000, ...others } = options
    const { packetBytes = 1400, receiveBufferBytes = 212_992, ...always } = others
    if (!Number.isSafeInteger(seed) || seed < 0)
      throw new RangeError(`seed must be an integer from 0 to 2^53 - 1, not ${seed}`)
    this.seed = seed
    this.#random = new SeededRandom(seed)
    this.#world = new SimWorld(() => this.#lives.some(life => life.process.urgent))
    this.#conditions = new Conditions(always)
    const network = { latencyMs, bytesPerMs, packetBytes, receiveBufferBytes }
    this.#network = new SimNetwork(network, this.#world, this.#random.fork(), this.#conditions, this.#digest)
    this.#network.onTransmit = (from, bytes) => {
      const { tap, recorder } = this.#lifeOf.get(from)!
      for (const event of tap.read(bytes)) recorder.agreement(event)
    }
  }

  /** Simulated milliseconds since the start. */
  get nowMs(): number {
    return this.#world.nowMs
  }

  /** Hex digest over every datagram, its bytes and times, and every event so far: equal for equal runs. */
  get hash(): string {
    return this.#digest.hex
  }

  get traffic(): Readonly<Traffic> {
    return this.#network.traffic
  }

  /**
   * A member on a simulated host of its own, which has its name; options as for `join` of the package. A name may join
   * several groups, and join again once it has left or crashed. Resolves when the member is in; time passes until then,
   * at most 60 s.
   */
  async join(group: string, options: JoinOptions & { name: string }): Promise<Group> {
    const { name } = options
    const random = this.#random.fork()
    const path = random.chance(0.75) ? 'trains' : 'datagrams'
    const { receiveBufferBytes } = this.#network.options
    const ordinal = this.#lives.length
    const process = new SimProcess(name, this.#world, random, path, receiveBufferBytes, () => this.#turn(ordinal))
    const port = this.#network.open(process, group)
    const nth = 1 + this.#lives.filter(life => life.name === name).length
    const recorder = new Recorder(`${name}#${nth}`, line => this.#record(line), this.#world, options)
    const life = { name, process, port, recorder, tap: new AgreementTap(group, this.#voters) }
    this.#lives.push(life)
    this.#lifeOf.set(port, life)
    const opening = openGroup(group, options, { network: port, clock: process.clock, random })
    return this.until(opening.then(opened => recorder.attach(opened)))
  }

  /** Lets that much time pass. */
  async run(ms: number): Promise<void> {
    await this.#world.wait(() => false, ms)
  }

  /** Lets time pass until the predicate, asked after every turn of a member, is true; rejects if that takes too long. */
  async runUntil(predicate: () => boolean, limitMs = LIMIT_MS): Promise<void> {
    if (!(await this.#world.wait(predicate, limitMs))) {
      throw new Error(`what was waited for did not happen within ${limitMs} simulated ms (seed ${this.seed})`)
    }
  }

  /** Lets time pass until the promise settles, and settles in the same way; rejects if that takes too long. */
  async until<T>(promise: Promise<T>, limitMs = LIMIT_MS): Promise<T> {
    let settled = false
    const settle = (): void => {
      settled = true
    }
    promise.then(settle, settle)
    await this.runUntil(() => settled, limitMs)
    return promise
  }

  /** Resolves once that much time has passed; does not itself make it pass. */
  sleep(ms: number): Promise<void> {
    return new Promise(resolve => this.at(this.nowMs + ms, resolve))
  }

  /** Does something at a time to come, `run` permitting. */
  at(atMs: number, act: () => void): void {
    const taken = (): void => {
      act()
      this.#world.turnTaken()
    }
    this.#world.at(atMs, new Act(taken))
  }

  /** Makes packets fare worse, between some members only or between all; returns a function that ends it. */
  impair(impairment: Impairment, scope: Scope = {}): () => void {
    return this.#conditions.impair(impairment, scope)
  }

  /** Nothing that `from` sends reaches `to`; the other way is as it was. Returns a function that ends it. */
  cut(from: string, to: string, options: CutOptions = {}): () => void {
    return this.#conditions.cut(from, to, options)
  }

  /** Members reach only those on their own side; whom you name nowhere is on one side more. Returns a function that ends it. */
  partition(...sides: readonly (readonly string[])[]): () => void {
    return this.#conditions.partition(sides)
  }

  /** Ends all cuts, partitions and impairments; the network is as the options of the simulation have it. */
  heal(): void {
    this.#conditions.heal()
  }

  /**
   * Calls `act` with the name of whoever takes a step, as it does: who sends this control message of a view change; or
   * who sends a `causal` or a `safe` packet; or the sequencer, as it announces an `order`. Each of the others misses
   * that with probability one half. They hear it where the step is `ordered`, an announcement too, and `total`, a total
   * message that the sequencer, whose name it is, has yet to order. Returns a function that ends it.
   */
  onStep(step: string, act: (name: string) => void): () => void {
    return this.#network.watches.add(step, act)
  }

  /** The member's host stands still for so long: no timer, no reading; what its sockets cannot hold is lost. */
  pause(name: string, ms: number): void {
    for (const life of this.#livesOf(name)) life.process.pause(this.nowMs + ms)
  }

  /**
   * The member's process ends without a word. Its Group object goes dead: nothing that waits for it ever settles. Its
   * host lives on and says so to whoever asks, unless `isSilent`: then that is gone too, until the name joins again.
   */
  crash(name: string, { isSilent = false }: { readonly isSilent?: boolean } = {}): void {
    if (isSilent) this.#network.switchOff(name)
    for (const { process, port, recorder } of this.#livesOf(name)) {
      process.stop()
      this.#network.close(port)
      recorder.crashed()
    }
  }

  /**
   * What is wrong with the run so far: every checker over the trace; those of liveness only while the network is healed.
   * Before that, let it run until all is delivered.
   */
  check(): Violation[] {
    return checkTrace(this.trace, this.#conditions.healed)
  }

  #livesOf(name: string): Life[] {
    const lives = this.#lives.filter(life => life.name === name && !life.process.stopped)
    if (lives.length === 0) throw new RangeError(`no live member is named ${name}`)
    return lives
  }

  #record(line: TraceLine): void {
    this.trace.push(line)
    this.#digest.text(JSON.stringify(line))
  }

  #turn(ordinal: number): void {
    this.#digest.number(this.nowMs)
    this.#digest.number(ordinal)
  }
}
