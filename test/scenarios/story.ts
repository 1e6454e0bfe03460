import { Message } from '../../src/delivery.js'
import { Harness, type HarnessOptions, type Member, type Packet } from '../engine/harness.js'
import { faultsOf } from './judge.js'

/** A harness with several things wrong with it at once, and a judge who looks at what everybody was told. */
export class Story extends Harness {
  readonly #losses = new Set<(packet: Packet) => boolean>()

  constructor(options: HarnessOptions = {}) {
    super(options)
    // All are asked about every packet: some count.
    this.loses = packet => [...this.#losses].filter(loses => loses(packet)).length > 0
  }

  /** These packets are lost from now on; returns what ends that. */
  losing(loses: (packet: Packet) => boolean): () => void {
    this.#losses.add(loses)
    return () => this.#losses.delete(loses)
  }

  /** Nothing that `from` sends reaches `to`; the other way is as it was. */
  cut(from: string, to: string): () => void {
    return this.losing(packet => packet.from === from && packet.to === to)
  }

  /** Those named hear only each other, as do the others. */
  split(...side: string[]): () => void {
    return this.losing(({ from, to }) => side.includes(from) !== side.includes(to))
  }

  heal(): void {
    this.#losses.clear()
  }

  /** The member dies of sending the first such packet; the first `reach` receivers get it still. */
  diesOf(name: string, step: string, reach: number): void {
    let left = reach
    this.losing(packet => {
      if (packet.from !== name || packet.is !== step) return false
      this.crash(name)
      return left-- <= 0
    })
  }

  /** The member dies when so many such packets have come to it. */
  diesWith(name: string, step: string, count: number): void {
    let left = count
    this.losing(packet => {
      if (packet.to === name && packet.is === step && --left < 0) this.crash(name)
      return false
    })
  }

  /** Stops the member, which hears nothing meanwhile. */
  sleeps(name: string, ms: number): void {
    const untilMs = this.nowMs + ms
    this.member(name).pausedUntilMs = untilMs
    this.losing(({ to }) => to === name && this.nowMs < untilMs)
  }

  /** Its host is gone too: nobody refuses. */
  vanishes(name: string): void {
    this.member(name).pausedUntilMs = Number.POSITIVE_INFINITY
  }

  member(name: string): Member {
    return this.members.get(name)!
  }

  /** Lets time pass until these are in one view, of nobody else, as voters; returns how long that took. */
  untilOne(...names: string[]): number {
    const members = names.map(name => this.member(name))
    const sorted = [...names]
      .map(name => name.replaceAll("'", ''))
      .sort()
      .join(' ')
    return this.until(() =>
      members.every(
        ({ view, viewKey, voters }) =>
          view.split(' ').sort().join(' ') === sorted && viewKey === members[0].viewKey && voters === names.length,
      ),
    )
  }

  /** What any of them was told that cannot be: of views, of messages, of who stayed with whom. Dead ones too. */
  get faults(): string[] {
    return faultsOf([...this.members].map(([key, member]) => ({ key, member })))
  }
}

/** The views that a member was told of, by their members' names. */
export const viewsOf = ({ log }: Member): string[] =>
  log.filter(line => line.startsWith('view')).map(line => line.replace(/^view \d+: /, ''))

/** What came to a member since view `view`, and before the next. */
export function messagesIn({ log }: Member, view: string): string[] {
  const begin = log.findIndex(line => line.startsWith('view') && line.endsWith(`: ${view}`))
  const end = log.findIndex((line, i) => i > begin && line.startsWith('view'))
  return log.slice(begin + 1, end < 0 ? undefined : end).filter(line => /^\w: /.test(line))
}

/**
 * The messages of the group as they came to a member: `1 a: text` with the index in total order, `- a: text` without;
 * `!` behind what all of its view hold, `?` behind what all of the next do.
 */
export function deliveriesOf({ record }: Member): string[] {
  return record.flatMap(({ event }) => {
    if (!(event instanceof Message) || event.type === 'told') return []
    const mark = event.safe === true ? '!' : event.safe === 'close' ? '?' : ''
    const text = event.length > 60 ? `${event.length} bytes` : event.text()
    return [`${event.index ?? '-'} ${event.from.name}: ${text}${mark}`]
  })
}
