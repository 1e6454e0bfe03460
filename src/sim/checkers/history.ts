import type { TraceLine } from '../trace.js'
import { attribute, revealOrders, seal } from './attribution.js'
import { type Decree, noteAgreement } from './decree.js'
import { Keys, type Life, type Process, type SentMessage, type Stay, selfOf, type Tell } from './life.js'

/** A trace as the checkers want it: per life of a process what it sent, saw and delivered, and per view what was voted. */
export interface History {
  readonly processes: readonly Process[]
  readonly lives: readonly Life[]
  /** By `senderOf`. */
  readonly bySender: ReadonlyMap<string, Life>
  readonly byIncarnation: ReadonlyMap<string, Life>
  /** How many lives each name had. */
  readonly livesOf: ReadonlyMap<string, number>
  /** By tag of the closing view. */
  readonly decrees: ReadonlyMap<number, Decree>
}

/** A process that cannot go on says why in an error without an id. */
const ENDINGS: ReadonlySet<string> = new Set(['ERR_TUTTI_LEAVE_TIMEOUT', 'ERR_TUTTI_LEFT', 'ERR_TUTTI_NAME'])

type Command = Extract<TraceLine, { op: string }>
type Event = Extract<TraceLine, { event: string }>

export function historyOf(trace: readonly TraceLine[]): History {
  const reader = new Reader()
  for (const line of trace) reader.read(line)
  return reader.history()
}

/** One process while its lines are read. */
interface Reading {
  readonly process: Process
  readonly byId: Map<string, SentMessage | Tell>
  life: Life
  stay: Stay | undefined
  /** The last error said that this member has left, or is leaving. */
  isRefusal: boolean
  /** What was broken and when, if nothing has been said since but what is lost by that. */
  justBroken: { readonly stay: Stay | undefined; readonly t: number | undefined } | undefined
}

class Reader {
  readonly #readings = new Map<string, Reading>()
  readonly #decrees = new Map<number, Decree>()
  readonly #keys = new Keys()
  /** Sends that leave their order to their group. */
  readonly #unsaid = new Map<SentMessage, Process>()
  #line = -1

  read(line: TraceLine): void {
    this.#line++
    if ('event' in line && noteAgreement(this.#decrees, line)) return
    let reading = this.#readings.get(line.process)
    if (reading === undefined) {
      reading = begun(line.process)
      this.#readings.set(line.process, reading)
    }
    if ('op' in line) this.#command(reading, line)
    else this.#event(reading, line)
  }

  history(): History {
    const processes = [...this.#readings.values()].map(({ process }) => process)
    revealLives(processes)
    const lives = processes.flatMap(process => process.lives)
    revealOrders(this.#unsaid, lives)
    attribute(processes)
    const livesOf = new Map<string, number>()
    for (const life of lives) {
      const last = life.stays.at(-1)
      if (last?.end === 'open' && life.fate !== 'live') last.end = life.fate === 'left' ? 'left' : 'broken'
      seal(life)
      const { name } = life.process
      livesOf.set(name, (livesOf.get(name) ?? 0) + 1)
    }
    return {
      processes,
      lives,
      bySender: new Map(lives.map(life => [selfOf(life), life])),
      byIncarnation: new Map(lives.map(life => [life.incarnation, life])),
      livesOf,
      decrees: this.#decrees,
    }
  }

  #command(reading: Reading, line: Command): void {
    const { process, byId } = reading
    reading.justBroken = undefined
    let item: SentMessage | Tell
    if (line.op === 'send') {
      const { data, order = 'fifo', safe = false, id } = line
      const answers = { sentView: undefined, seal: undefined, refused: false }
      item = { key: this.#keys.of(data), order, safe, line: this.#line, hasId: id !== undefined, ...answers }
      process.sends.push(item)
      if (line.order === undefined) this.#unsaid.set(item, process)
    } else if (line.op === 'tell') {
      item = { key: this.#keys.of(line.data), to: line.to, refused: false }
      process.tells.push(item)
    } else {
      if (line.op === 'leave') process.isLeaving = true
      return
    }
    if (line.id !== undefined) byId.set(line.id, item)
  }

  #event(reading: Reading, line: Event): void {
    const { process, byId, life, stay, justBroken } = reading
    if (line.event !== 'error') reading.justBroken = undefined
    switch (line.event) {
      case 'ready':
        process.name = line.name
        process.group = line.group ?? ''
        process.isNamed = true
        life.incarnation = line.incarnation
        break
      case 'view':
        this.#view(reading, line)
        break
      case 'message': {
        const { from: name, incarnation, view, order, index, safe = false } = line
        const key = this.#keys.of(line.data)
        const delivery = { key, name, incarnation, view, order, index, safe, line: this.#line, stay }
        life.deliveries.push(delivery)
        stay?.deliveries.push(delivery)
        break
      }
      case 'told':
        life.told.push({ key: this.#keys.of(line.data), name: line.from, incarnation: line.incarnation, stay })
        break
      case 'sent': {
        const item = byId.get(line.id)
        if (item !== undefined && 'sentView' in item) item.sentView = line.view
        break
      }
      case 'error': {
        const item = line.id === undefined ? undefined : byId.get(line.id)
        if (item !== undefined) item.refused = true
        if (line.id === undefined && ENDINGS.has(line.code)) life.fate = 'failed'
        reading.isRefusal = line.code === 'ERR_TUTTI_LEFT'
        break
      }
      case 'excluded':
        this.#break(reading, line)
        life.fate = 'excluded'
        life.endLine = this.#line
        reading.life = born(process, line.incarnation)
        process.lives.push(reading.life)
        reading.stay = undefined
        break
      case 'merged':
        if (!line.won) this.#break(reading, line)
        break
      case 'left':
        // Who is leaving refuses commands, some of which have no id, with the word of one that was thrown out.
        if (life.fate === 'live' || (life.fate === 'failed' && reading.isRefusal)) life.fate = 'left'
        break
      case 'crashed':
        life.fate = 'crashed'
        if (justBroken?.stay !== undefined && justBroken.t === line.t) justBroken.stay.isCutShort = true
    }
  }

  #view(reading: Reading, line: Extract<Event, { event: 'view' }>): void {
    const { process, life, stay: before } = reading
    const { lineage, id, members, primary, transfer } = line
    const isSuccessor = before?.lineage === lineage && before.end === 'open'
    if (isSuccessor) before.end = 'survived'
    else if (before !== undefined) this.#break(reading, line)
    const stay: Stay = {
      ordinal: life.stays.length,
      lineage,
      id,
      view: `${lineage} ${id}`,
      members,
      incarnations: new Set(members.map(member => member.incarnation)),
      primary,
      transfer,
      before,
      isSuccessor,
      isShared: isSuccessor || (before !== undefined && (transfer?.includes(process.name) ?? false)),
      deliveries: [],
      end: 'open',
      isCutShort: false,
    }
    life.stays.push(stay)
    reading.stay = stay
  }

  /** What this member sealed last in its view may never be delivered. */
  #break(reading: Reading, { t }: Event): void {
    const { process, stay } = reading
    if (stay !== undefined) stay.end = 'broken'
    reading.justBroken = { stay, t }
    process.brokenAt = this.#line
  }
}

/**
 * A process may be left out, come back, send, and crash before its reader has got as far as the word of that: then only
 * others name the incarnation. It is another life of a process of that name which was told to send that.
 */
function revealLives(processes: readonly Process[]): void {
  const known = new Set(processes.flatMap(({ lives }) => lives.map(life => life.incarnation)))
  const received = processes.flatMap(({ lives }) => lives.flatMap(life => [...life.deliveries, ...life.told]))
  for (const { name, incarnation, key } of received) {
    if (known.has(incarnation)) continue
    const sender = processes.find(process => process.name === name && hasSent(process, key))
    if (sender === undefined) continue
    known.add(incarnation)
    const { fate } = sender.lives[sender.lives.length - 1]
    sender.lives.push({ ...born(sender, incarnation), fate })
  }
}

const hasSent = ({ sends, tells }: Process, key: string): boolean =>
  sends.some(send => send.key === key) || tells.some(tell => tell.key === key)

function begun(id: string): Reading {
  const process: Process = {
    id,
    name: '',
    group: '',
    isNamed: false,
    isLeaving: false,
    lives: [],
    sends: [],
    tells: [],
    brokenAt: -1,
  }
  const life = born(process, '')
  process.lives.push(life)
  return { process, byId: new Map(), life, stay: undefined, isRefusal: false, justBroken: undefined }
}

function born(process: Process, incarnation: string): Life {
  const ordinal = process.lives.length
  const endLine = Number.POSITIVE_INFINITY
  return { process, ordinal, incarnation, fate: 'live', endLine, sends: [], deliveries: [], told: [], stays: [] }
}
