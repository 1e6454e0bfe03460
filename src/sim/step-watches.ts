import { ControlReader } from '../wire/control-codec.js'
import {
  CONTROL,
  DATA,
  flagsOf,
  HEADER_BYTES,
  kindOf,
  lengthOf,
  NO_RANK,
  orderOf,
  rankOf,
  TELL,
  viewTagOf,
} from '../wire/header.js'
import type { SimNetworkPort } from './sim-network.js'

/** In the header of a data packet: `order`, and a flag. */
const CAUSAL = 1
const TOTAL = 2
/** Of the sequencer: it places total messages. */
const ANNOUNCEMENT = 3
const SAFE = 2

interface Watch {
  readonly step: string
  readonly act: (name: string) => void
}

/** Steps that the others are meant to hear. */
const HEARD: ReadonlySet<string> = new Set(['total', 'ordered'])

/** Reads along on the network, and says who takes a step that somebody waits for. */
export class StepWatches {
  readonly #watches = new Set<Watch>()
  readonly #reader = new ControlReader()
  /** By view and rank: who it is. What it sent, others may send again as repairs. */
  readonly #ports = new Map<number, SimNetworkPort>()

  /** Calls `act` with the name of each who takes the step. */
  add(step: string, act: (name: string) => void): () => void {
    const watch = { step, act }
    this.#watches.add(watch)
    return () => {
      this.#watches.delete(watch)
    }
  }

  /** A packet or a train leaves. Returns whether it was waited for, and half of its receivers are to miss it. */
  see(from: SimNetworkPort, bytes: Uint8Array): boolean {
    this.#meet(from, bytes)
    if (this.#watches.size === 0) return false
    const steps = this.#stepsOf(from, bytes)
    const watch = [...this.#watches].find(({ step }) => steps.has(step))
    if (watch === undefined) return false
    watch.act(steps.get(watch.step)!.process.name)
    return !HEARD.has(watch.step)
  }

  #meet(from: SimNetworkPort, bytes: Uint8Array): void {
    if (bytes.length < HEADER_BYTES || kindOf(bytes, 0) === TELL || rankOf(bytes, 0) === NO_RANK) return
    const key = keyOf(viewTagOf(bytes, 0), rankOf(bytes, 0))
    if (!this.#ports.has(key)) this.#ports.set(key, from)
  }

  /** By step: whose it is. */
  #stepsOf(from: SimNetworkPort, bytes: Uint8Array): Map<string, SimNetworkPort> {
    const steps = new Map<string, SimNetworkPort>()
    const control = kindOf(bytes, 0) === CONTROL ? this.#reader.read(bytes, 0, from.endpoint) : null
    if (control?.body) steps.set(control.body, from)
    for (let at = 0; at + HEADER_BYTES <= bytes.length; at += Math.max(HEADER_BYTES, lengthOf(bytes, at))) {
      if (kindOf(bytes, at) !== DATA) continue
      const tag = viewTagOf(bytes, at)
      const rank = rankOf(bytes, at)
      if (this.#ports.get(keyOf(tag, rank)) !== from) continue
      const order = orderOf(bytes, at)
      if (flagsOf(bytes, at) & SAFE) steps.set('safe', from)
      if (order === CAUSAL) steps.set('causal', from)
      else if (order === ANNOUNCEMENT) steps.set('order', from).set('ordered', from)
      else if (order === TOTAL && rank > 0) {
        const sequencer = this.#ports.get(keyOf(tag, 0))
        if (sequencer !== undefined && !sequencer.process.stopped) steps.set('total', sequencer)
      }
    }
    return steps
  }
}

const keyOf = (tag: number, rank: number): number => tag * 65_536 + rank
