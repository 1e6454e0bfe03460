import { Agenda } from '../../src/sim/agenda.js'
import { Act } from '../../src/sim/sim-world.js'
import type { Endpoint } from '../../src/types.js'
import { tutti } from '../../src/wire/generated/control.js'
import { CONTROL, DATA, HEADER_BYTES, kindOf, stableOf, viewTagOf } from '../../src/wire/header.js'
import { Player, type PlayerOptions } from './player.js'

export const PACKET_BYTES = 512
const LATENCY_MS = 0.1
/** What can happen in a millisecond. */
const ACTS_MAX = 50_000

/** One packet on its way to one receiver. */
export interface Flight {
  /** Counted from the moment the adversary was let loose. */
  readonly index: number
  readonly from: string
  readonly to: string
  /** 'data', 'tell', or the name of a control body. */
  readonly is: string
  readonly viewTag: number
  readonly atMs: number
  /** Lets a copy of it arrive, now. */
  deliver(): void
}

/** When copies of a packet arrive, in milliseconds after they would have: [] loses it, [0, 1000] is a late duplicate. */
export type Fate = (flight: Flight) => readonly number[]

const ARRIVES: readonly number[] = [0]

/**
 * Members on a network in the adversary's hand. Each packet, at each of its receivers, meets the fate that the
 * adversary says; everything else is the same from run to run, so that a run is a seed and a fate.
 */
export class World {
  nowMs = 1_000
  fate: Fate | null = null
  readonly flights: Flight[] = []
  readonly players: Player[] = []

  /** Whether a process listens at that endpoint. */
  isOpen({ port }: { readonly port: number }): boolean {
    return this.players.some(({ endpoint, end }) => endpoint.port === port && end === null)
  }

  readonly #agenda = new Agenda()
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** Starts a member; it looks for the group by itself. */
  start(name: string, options: PlayerOptions = {}): Player {
    const endpoint = { address: '10.0.0.1', port: 5_000 + this.players.length }
    const player = new Player(this, {
      group: 'test',
      name,
      endpoint,
      packetBytes: PACKET_BYTES,
      receiveBufferBytes: 65_536,
      checkBodies: false,
      messageBytesMax: 1_048_576,
      windowBytesMax: 65_536,
      random: () => this.random(),
      ...options.engine,
    })
    this.players.push(player)
    return player
  }

  /** Members of one settled group, all of them voters, the first of whom is the coordinator. */
  group(...names: string[]): Player[] {
    const players = [this.start(names[0])]
    this.until(() => players[0].view === names[0])
    for (const name of names.slice(1)) {
      players.push(this.start(name))
      this.until(() => players.every(({ view }) => view === names.slice(0, players.length).join(' ')))
    }
    this.until(() => players.every(({ voters }) => voters === names.length))
    this.run(100)
    return players
  }

  at(atMs: number, act: () => void): void {
    this.#agenda.enter(Math.max(atMs, this.nowMs), new Act(act))
  }

  in(ms: number, act: () => void): void {
    this.at(this.nowMs + ms, act)
  }

  run(ms: number): void {
    this.#pass(() => false, this.nowMs + ms)
  }

  /** Lets time pass until it is so; returns how many milliseconds that took. */
  until(isSo: () => boolean, limitMs = 30_000): number {
    const startMs = this.nowMs
    if (!this.#pass(isSo, startMs + limitMs)) throw new Error(`not so within ${limitMs} ms: ${this.summary}`)
    return this.nowMs - startMs
  }

  random(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let word = Math.imul(this.#state ^ (this.#state >>> 16), 0x21f0aaad)
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97)
    return (word ^ (word >>> 15)) >>> 0
  }

  get summary(): string {
    return this.players
      .map(({ name, view, viewId, end }) => `${name} [${viewId}: ${view}]${end === null ? '' : ` ${end}`}`)
      .join(', ')
  }

  transmit(from: Player, to: Endpoint | null, bytes: Uint8Array, offset: number, length: number): void {
    for (const player of this.players) {
      // It may die between one receiver and the next.
      if (from.end !== null) return
      if (player === from || player.end !== null || (to !== null && to.port !== player.endpoint.port)) continue
      for (let at = 0; at < length; at += PACKET_BYTES) {
        const packet = bytes.slice(offset + at, offset + Math.min(at + PACKET_BYTES, length))
        const copies = this.fate === null ? ARRIVES : this.fate(this.#note(from, player, packet))
        for (const lateMs of copies) {
          this.at(this.nowMs + LATENCY_MS + lateMs, () => player.arrive(packet, from.endpoint))
        }
      }
    }
  }

  #note({ name: from, endpoint }: Player, receiver: Player, packet: Uint8Array): Flight {
    const { flights, nowMs: atMs } = this
    const deliver = () => receiver.arrive(packet, endpoint)
    const to = receiver.name
    const flight = { index: flights.length, from, to, is: nameOf(packet), viewTag: viewTagOf(packet, 0), atMs, deliver }
    flights.push(flight)
    return flight
  }

  #pass(isSo: () => boolean, limitMs: number): boolean {
    let fromMs = this.nowMs
    for (let acts = 0; !isSo(); acts++) {
      // Who answers at once what it is asked at once stops the clock for all.
      if (this.nowMs >= fromMs + 1) {
        fromMs = this.nowMs
        acts = 0
      } else if (acts === ACTS_MAX) throw new Error(`time stands still at ${this.nowMs}: ${this.summary}`)
      if (this.#agenda.nextAtMs > limitMs) {
        this.nowMs = limitMs
        return false
      }
      this.nowMs = this.#agenda.nextAtMs
      this.#agenda.take().happen()
    }
    return true
  }
}

function nameOf(packet: Uint8Array): string {
  const kind = kindOf(packet, 0)
  if (kind !== CONTROL) return kind === DATA ? 'data' : 'tell'
  if (stableOf(packet, 0) !== 1) return 'fragment'
  return tutti.Control.decode(packet.subarray(HEADER_BYTES)).body ?? 'unknown'
}
