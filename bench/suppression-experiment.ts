import { NackScheduler, type NackTiming } from '../src/multicast/nack-scheduler.js'
import { ReceiveWindow } from '../src/multicast/receive-window.js'
import { MULTICAST, Repair } from '../src/multicast/repair.js'
import { RoundTrip } from '../src/multicast/round-trip.js'
import { SeededRandom } from '../src/sim/random.js'
import { NOT_REUSED } from '../src/slab.js'
import { plus } from '../src/wire/seqno.js'

/**
 * One sender and its receivers, each with the product's own receive window, NACK scheduler and, at the sender, repair.
 * It takes half a round trip from anybody to anybody, control frames are not lost, and timers have Node's tick.
 */

export const ROUND_TRIP_MS = 20
const ONE_WAY_MS = ROUND_TRIP_MS / 2
const TICK_MS = 1
const SENDER = 0

export interface Loss {
  nacks: number
  /** Round trips from the discovery of the gap to its repair: mean and median over those who lost the packet. */
  meanRecovery: number
  medianRecovery: number
}

/** Waiting times of receiver `rank`, which may watch what its scheduler lives through. */
export interface ReceiverTiming extends NackTiming {
  /** A loss is over; `isShared`: another member asked for the same. */
  learn?(isShared: boolean): void
}

/** What `product` does, with random waits of another size. */
export function waiting(product: RoundTrip, backoffMs: () => number): ReceiverTiming {
  return {
    suppresses: true,
    backoffMs,
    timeoutMs: round => product.timeoutMs(round),
    repaired: ms => product.repaired(ms),
    timedOut: () => product.timedOut(),
  }
}

/** No wait and nothing held back. */
export function withoutSuppression(product: RoundTrip): ReceiverTiming {
  return { ...waiting(product, () => 0), suppresses: false }
}

interface Arrival {
  readonly atMs: number
  deliver(nowMs: number): void
}

class Receiver {
  readonly window = new ReceiveWindow(1, 64)
  readonly nacks: NackScheduler
  readonly timing: ReceiverTiming
  recoveredAtMs = Number.NaN
  hasHeardNack = false

  constructor(timing: ReceiverTiming) {
    this.timing = timing
    this.nacks = new NackScheduler(timing)
  }
}

export class Experiment {
  readonly receivers: number
  readonly #receivers: Receiver[] = []
  readonly #repair: Repair
  readonly #random: SeededRandom
  #arrivals: Arrival[] = []
  #nowMs = 0
  #last = 0
  #nacks = 0

  /** @param timingOf  waiting times other than the product's, by the product's own and a source of chance */
  constructor(receivers: number, seed: number, timingOf = (product: RoundTrip): ReceiverTiming => product) {
    this.receivers = receivers
    this.#random = new SeededRandom(seed)
    const roundTrip = () => {
      const measured = new RoundTrip(receivers + 1, () => this.#random.next())
      measured.measured(ROUND_TRIP_MS)
      return measured
    }
    this.#repair = new Repair(SENDER, roundTrip())
    for (let i = 0; i < receivers; i++) this.#receivers.push(new Receiver(timingOf(roundTrip())))
  }

  /** The sender sends two packets, of which `losers` random receivers lose the first. */
  lose(losers: number): Loss {
    const lost = plus(this.#last, 1)
    this.#last = plus(this.#last, 2)
    this.#nacks = 0
    const order = this.#shuffled(losers)
    const losing = order.slice(0, losers)
    for (const receiver of order.slice(losers)) receiver.window.insert(lost, NOT_REUSED, 0)
    const discoveredMs = this.#nowMs
    for (const receiver of order) {
      receiver.window.insert(this.#last, NOT_REUSED, 0)
      receiver.window.release(this.#last)
      receiver.recoveredAtMs = Number.NaN
      receiver.hasHeardNack = false
    }
    for (const receiver of losing) {
      receiver.nacks.gap(SENDER, receiver.window)
      this.#turn(receiver)
    }
    while (this.#step());
    for (const receiver of losing) receiver.timing.learn?.(receiver.hasHeardNack)
    const recoveries = losing.map(({ recoveredAtMs }) => (recoveredAtMs - discoveredMs) / ROUND_TRIP_MS)
    return { nacks: this.#nacks, meanRecovery: mean(recoveries), medianRecovery: median(recoveries) }
  }

  /** Goes to the next arrival or timer. False if nothing is to come. */
  #step(): boolean {
    const arrival = this.#arrivals[0]
    const deadlineMs = this.#receivers.reduce((earliest, { nacks }) => Math.min(earliest, nacks.deadlineMs), Infinity)
    const timerMs = Math.ceil(deadlineMs / TICK_MS) * TICK_MS
    if (arrival !== undefined && arrival.atMs <= timerMs) {
      this.#arrivals.shift()
      this.#nowMs = arrival.atMs
      arrival.deliver(this.#nowMs)
      return true
    }
    if (timerMs === Infinity) return false
    this.#nowMs = timerMs
    for (const receiver of this.#receivers) this.#turn(receiver)
    return true
  }

  /** The end of a receiver's turn. */
  #turn(receiver: Receiver): void {
    receiver.nacks.due(this.#nowMs, (_, gaps) => {
      this.#nacks++
      this.#arrivals.push({
        atMs: this.#nowMs + ONE_WAY_MS,
        deliver: nowMs => {
          for (const { round, ranges } of gaps) this.#nack(receiver, round, ranges, nowMs)
        },
      })
    })
  }

  #nack(from: Receiver, round: number, ranges: number[], nowMs: number): void {
    const sent = { released: 0, last: this.#last, has: () => true }
    this.#repair.requested(SENDER, sent, 1 + this.#receivers.indexOf(from), round, ranges, nowMs)
    this.#repair.due(nowMs, (_, seq, to) => {
      const reached = to === MULTICAST ? this.#receivers : [this.#receivers[to - 1]]
      this.#arrivals.push({ atMs: nowMs + ONE_WAY_MS, deliver: atMs => this.#repaired(reached, seq, atMs) })
    })
    for (const receiver of this.#receivers) {
      if (receiver === from) continue
      receiver.hasHeardNack = true
      receiver.nacks.heard(SENDER, round, ranges, nowMs)
    }
  }

  #repaired(reached: readonly Receiver[], seq: number, nowMs: number): void {
    for (const receiver of reached) {
      if (!receiver.window.hasGap) continue
      receiver.window.insert(seq, NOT_REUSED, 0)
      receiver.nacks.filled(SENDER, seq, nowMs)
      receiver.recoveredAtMs = nowMs
    }
  }

  /** All receivers, the first `count` of them in random order. */
  #shuffled(count: number): Receiver[] {
    const order = [...this.#receivers]
    if (count === order.length) return order
    for (let i = 0; i < count; i++) {
      const j = i + this.#random.below(order.length - i)
      const picked = order[j]
      order[j] = order[i]
      order[i] = picked
    }
    return order
  }
}

export interface Summary {
  /** Mean number of NACKs a loss, and the greatest. */
  nacks: number
  nacksMax: number
  /** Mean and median over the trials of how long a receiver waits for its repair, in round trips. */
  meanRecovery: number
  medianRecovery: number
}

/** `losersOf` says how many lose the packet of each trial. */
export function summary(experiment: Experiment, trials: number, losersOf: (trial: number) => number): Summary {
  const losses = Array.from({ length: trials }, (_, trial) => experiment.lose(losersOf(trial)))
  const nacks = losses.map(loss => loss.nacks)
  return {
    nacks: mean(nacks),
    nacksMax: Math.max(...nacks),
    meanRecovery: mean(losses.map(loss => loss.meanRecovery)),
    medianRecovery: median(losses.map(loss => loss.medianRecovery)),
  }
}

/** RFC 5401, section 3.2.2: the number of NACKs expected where all of a group lose a packet, for a wait of up to K round trips. */
export function expectedNacks(groupSize: number, k: number): number {
  return Math.exp((1.2 * (Math.log(groupSize) + 1)) / (2 * k))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
