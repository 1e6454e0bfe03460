import type { Order } from '../../types.js'
import type { Payload, TraceMember } from '../trace.js'

/** The nouns of a history: what one incarnation of a member sent, saw and delivered. */

export interface SentMessage {
  /** Equal for equal data. */
  readonly key: string
  /** As its command said; else as it was delivered. */
  order: Order
  readonly safe: boolean
  /** Place of the command in the trace. */
  readonly line: number
  readonly hasId: boolean
  /** Id of the view that `sent` named. */
  sentView: number | undefined
  /** Where it was sealed, as far as its sender's trace tells. */
  seal: Stay | undefined
  /** Its sender was told that it was not sent, or that nobody knows: it may be missing anywhere. */
  refused: boolean
}

export interface Tell {
  readonly key: string
  readonly to: string
  refused: boolean
}

export interface Delivery {
  readonly key: string
  /** Of the sender. */
  readonly name: string
  readonly incarnation: string
  readonly view: number
  readonly order: Order
  readonly index: number | undefined
  readonly safe: boolean | 'close'
  /** Place in the trace. */
  readonly line: number
  /** The view that its receiver was in; undefined before the first. */
  readonly stay: Stay | undefined
}

export interface Told {
  readonly key: string
  readonly name: string
  readonly incarnation: string
  readonly stay: Stay | undefined
}

/** One member's time in one view. */
export interface Stay {
  /** Which one of its life, from 0. */
  readonly ordinal: number
  readonly lineage: string
  readonly id: number
  /** Equal for the same view at any member: ids of views are numbers within one lineage. */
  readonly view: string
  readonly members: readonly TraceMember[]
  readonly incarnations: ReadonlySet<string>
  readonly primary: boolean
  readonly transfer: readonly string[] | undefined
  /** The view before at this member, in this life. */
  readonly before: Stay | undefined
  /** It went on from the view before, in the same lineage. */
  readonly isSuccessor: boolean
  /** It came here with the others who are in both views, and delivered in the last what they delivered in it. */
  readonly isShared: boolean
  readonly deliveries: Delivery[]
  /**
   * `survived`: this member went on from it in the same lineage. `open`: it is in it when the trace ends. `left`: it
   * left in order. `broken`: it was left out, changed its lineage, failed or crashed; what it sent last may be lost.
   */
  end: 'survived' | 'open' | 'left' | 'broken'
  /** Its process crashed in the very turn in which it was broken, and did not say all that is lost by that. */
  isCutShort: boolean
}

/** One incarnation of one process. */
export interface Life {
  readonly process: Process
  /** Which one of its process, from 0. */
  readonly ordinal: number
  /** Empty before the process has said it. */
  incarnation: string
  /** `live`: nothing ended it before the trace ends. `failed`: it ended by itself, but not in order. */
  fate: 'live' | 'left' | 'failed' | 'crashed' | 'excluded'
  /** Place in the trace of the word that it was left out; else after the end. */
  endLine: number
  readonly sends: SentMessage[]
  readonly deliveries: Delivery[]
  readonly told: Told[]
  readonly stays: Stay[]
}

/** One process: more than one life only if it was left out and came back. */
export interface Process {
  readonly id: string
  name: string
  group: string
  /** It has a `ready`: the lives' incarnations are known. */
  isNamed: boolean
  isLeaving: boolean
  readonly lives: Life[]
  /** Of all its lives, in order. Which life sealed one is not always known: see `attribute`. */
  readonly sends: SentMessage[]
  readonly tells: Tell[]
  /** Place in the trace of the last time that it lost its view other than by the next one; -1: never. */
  brokenAt: number
}

/** One life of one name, as messages name their sender. */
export const senderOf = (from: { readonly name: string; readonly incarnation: string }): string =>
  `${from.name} ${from.incarnation}`

/** The same for the life itself. */
export const selfOf = ({ process: { name }, incarnation }: Life): string => senderOf({ name, incarnation })

/** One life in one lineage, of a name that had no other: what it told, or was told, can have gone nowhere else. */
export const isUndivided = ({ process, stays }: Life, livesOf: ReadonlyMap<string, number>): boolean =>
  livesOf.get(process.name) === 1 && stays.every(({ lineage }) => lineage === stays[0].lineage)

/** Data that a process was told to send only once: what was said twice may have been sealed in two views. */
export function saidOnce({ sends }: Process): Set<string> {
  const times = counted(sends, send => send.key)
  return new Set([...times.keys()].filter(key => times.get(key) === 1))
}

/** Data for a sentence. */
export const shown = (key: string): string => JSON.stringify(key.split(LONG)[0])

/** Members for a sentence. */
export const namesOf = (members: readonly { readonly name: string }[]): string =>
  members.map(({ name }) => name).join(' ') || 'nobody'

/** A view's members as agreed: who, in which order, and who votes. */
export const composition = (stay: Stay): string =>
  stay.members.map(({ name, incarnation, voter }) => `${name} ${incarnation} ${voter}`).join(', ')

const LONG = '\0long '
const LONG_FROM = 64
const SHOWN = 40

/** Short texts that stand for the data of messages: every checker puts them together and looks them up many times. */
export class Keys {
  readonly #long = new Map<string, string>()

  /** Equal for equal data. */
  of(data: Payload): string {
    const text = typeof data === 'string' ? data : `\0base64 ${data.base64}`
    if (text.length < LONG_FROM) return text
    let key = this.#long.get(text)
    if (key === undefined) {
      key = `${text.slice(0, SHOWN)}… (${text.length} characters)${LONG}${this.#long.size}`
      this.#long.set(text, key)
    }
    return key
  }
}

export function counted<T>(items: readonly T[], keyOfItem: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) {
    const key = keyOfItem(item)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}
