import type { Order } from '../../types.js'
import type { Payload, TraceLine } from '../trace.js'

/** A trace as the checkers want it: per life of a process, what it sent, saw and delivered. */

export interface SentMessage {
  /** Equal for equal data. */
  readonly key: string
  readonly order: Order
  /** In which view it was sealed, as far as its sender's trace tells. */
  view: number | undefined
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
}

export interface Told {
  readonly key: string
  readonly name: string
  readonly incarnation: string
}

export interface Life {
  readonly process: string
  name: string
  incarnation: string
  /** `live`: it neither left nor was killed before the trace ends. */
  fate: 'live' | 'left' | 'crashed'
  readonly sends: SentMessage[]
  readonly tells: Tell[]
  readonly deliveries: Delivery[]
  readonly told: Told[]
  /** The first of this life's views that each incarnation is a member of. */
  readonly firstShared: Map<string, number>
}

export interface History {
  readonly lives: readonly Life[]
  /** By `senderOf`. */
  readonly bySender: ReadonlyMap<string, Life>
  /** How many lives each name had. */
  readonly livesOf: ReadonlyMap<string, number>
}

/** One life of one name, as messages name their sender. */
export const senderOf = (from: { readonly name: string; readonly incarnation: string }): string =>
  `${from.name} ${from.incarnation}`

/** Data for a sentence: short. */
export function shown(key: string): string {
  return key.length <= 40 ? JSON.stringify(key) : `${JSON.stringify(key.slice(0, 40))}… (${key.length} characters)`
}

const keyOf = (data: Payload): string => (typeof data === 'string' ? data : `\0base64 ${data.base64}`)

export function historyOf(trace: readonly TraceLine[]): History {
  const lives = new Map<string, Life>()
  const byId = new Map<string, SentMessage | Tell>()
  for (const line of trace) {
    let life = lives.get(line.process)
    if (life === undefined) {
      life = begun(line.process)
      lives.set(line.process, life)
    }
    if ('op' in line) command(life, line, byId)
    else event(life, line, byId)
  }
  const bySender = new Map<string, Life>()
  const livesOf = new Map<string, number>()
  for (const life of lives.values()) {
    sealedViews(life)
    bySender.set(senderOf(life), life)
    livesOf.set(life.name, (livesOf.get(life.name) ?? 0) + 1)
  }
  return { lives: [...lives.values()], bySender, livesOf }
}

const begun = (process: string): Life => ({
  process,
  name: '',
  incarnation: '',
  fate: 'live',
  sends: [],
  tells: [],
  deliveries: [],
  told: [],
  firstShared: new Map(),
})

function command(life: Life, line: Extract<TraceLine, { op: string }>, byId: Map<string, SentMessage | Tell>): void {
  if (line.op === 'leave') return
  const key = keyOf(line.data)
  let item: SentMessage | Tell
  if (line.op === 'send') {
    item = { key, order: line.order ?? 'fifo', view: undefined, refused: false }
    life.sends.push(item)
  } else {
    item = { key, to: line.to, refused: false }
    life.tells.push(item)
  }
  if (line.id !== undefined) byId.set(idOf(life, line.id), item)
}

function event(life: Life, line: Extract<TraceLine, { event: string }>, byId: Map<string, SentMessage | Tell>): void {
  switch (line.event) {
    case 'ready':
      life.name = line.name
      life.incarnation = line.incarnation
      break
    case 'view':
      for (const { incarnation } of line.members) {
        if (!life.firstShared.has(incarnation)) life.firstShared.set(incarnation, line.id)
      }
      break
    case 'message': {
      const { from: name, incarnation, view, order } = line
      life.deliveries.push({ key: keyOf(line.data), name, incarnation, view, order })
      break
    }
    case 'told':
      life.told.push({ key: keyOf(line.data), name: line.from, incarnation: line.incarnation })
      break
    case 'sent': {
      const item = byId.get(idOf(life, line.id))
      if (item !== undefined && 'view' in item) item.view = line.view
      break
    }
    case 'error': {
      const item = line.id === undefined ? undefined : byId.get(idOf(life, line.id))
      if (item !== undefined) item.refused = true
      break
    }
    case 'left':
    case 'crashed':
      life.fate = line.event
      break
  }
}

const idOf = (life: Life, id: string): string => `${life.process}\0${id}`

// What a life delivered of its own says in which view it was sealed, also where it was sent without an id.
function sealedViews(life: Life): void {
  let next = 0
  for (const delivery of life.deliveries) {
    if (delivery.incarnation !== life.incarnation) continue
    while (next < life.sends.length && life.sends[next].key !== delivery.key) next++
    if (next === life.sends.length) return
    life.sends[next++].view = delivery.view
  }
}

/**
 * Where in `sender.sends` begins what `receiver` should see, and whether that is certain: with the first message that
 * was sealed in a view that has both.
 */
export function beginningAt(receiver: Life, sender: Life): { from: number; certain: boolean } | undefined {
  const view = receiver.firstShared.get(sender.incarnation)
  if (view === undefined) return undefined
  let from = 0
  let certain = true
  for (let i = 0; i < sender.sends.length; i++) {
    const { view: sealed, refused } = sender.sends[i]
    if (sealed === undefined) {
      if (!refused) certain = false
      continue
    }
    if (sealed >= view) return { from, certain }
    from = i + 1
    certain = true
  }
  return { from, certain: false }
}
