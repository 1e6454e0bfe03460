import { SeededRandom } from '../../src/sim/random.js'
import type { TraceLine } from '../../src/sim/trace.js'
import type { Order } from '../../src/types.js'

/**
 * Group communication as the books have it, with no network in between: who has which packets is drawn, and everything
 * that is delivered follows from that. Every promise is kept, so every checker must accept what comes of it; unless it
 * is to have a flaw.
 */
export function randomRun(seed: number, flaw?: Flaw): TraceLine[] {
  const run = new RandomRun(new SeededRandom(seed), flaw)
  for (let view = 0; view < 6; view++) run.view(view === 5)
  return run.lines
}

/** What an implementation may get wrong. */
export type Flaw =
  | 'causal vectors are ignored'
  | 'safe messages are not held back'
  | 'safe messages do not wait for what they rest on'
  | 'each member closes a view in an order of its own'
  | 'indices do not close up behind the dead'

interface Packet {
  readonly rank: number
  readonly seq: number
  readonly key: string
  readonly order: Order
  readonly safe: boolean
  readonly id: string | undefined
  /** Causal: how many causal packets of each its sender had delivered. */
  readonly vector: readonly number[]
}

/** A packet, or the sequencer's word that one is the next in total order. */
type Entry = Packet | { readonly places: Packet }

class Peer {
  readonly process: string
  readonly name: string
  incarnation: string
  isAlive = true
  /** Of this view: how much of each one's log it has. */
  has: number[] = []
  done = new Set<Packet>()
  causal: number[] = []
  index = 0

  constructor(name: string) {
    this.process = name
    this.name = name
    this.incarnation = `${name}.0`
  }
}

class RandomRun {
  readonly lines: TraceLine[] = []
  readonly #random: SeededRandom
  readonly #flaw: Flaw | undefined
  #id = 0
  #members: Peer[] = []
  #logs: Entry[][] = []
  #sent = 0
  #lastSafe: Peer | undefined
  #lives = 0
  #joiners = ['a', 'b', 'c', 'd', 'e'].map(name => this.#born(name))

  constructor(random: SeededRandom, flaw: Flaw | undefined) {
    this.#random = random
    this.#flaw = flaw
  }

  /** Goes on to the next view, and lives in it for a while; in the last one until all is delivered. */
  view(isLast: boolean): void {
    this.#install(isLast)
    for (let step = 0; step < 60; step++) this.#step(!isLast)
    if (!isLast) return
    for (let round = 0; round < 2; round++) {
      for (const peer of this.#members) peer.has = this.#logs.map(log => log.length)
      for (const peer of this.#members) this.#deliver(peer)
      this.#order()
    }
    for (const peer of this.#members) peer.has = this.#logs.map(log => log.length)
    for (const peer of this.#members) this.#deliver(peer)
  }

  #born(name: string): Peer {
    const peer = new Peer(name)
    this.lines.push({ process: name, event: 'ready', name, incarnation: peer.incarnation })
    return peer
  }

  #step(mayDie: boolean): void {
    const random = this.#random
    const peer = random.pick(this.#members)
    if (!peer.isAlive) return
    if (random.chance(0.35)) this.#send(peer)
    else {
      const rank = random.below(this.#logs.length)
      peer.has[rank] = Math.min(this.#logs[rank].length, peer.has[rank] + 1 + random.below(4))
    }
    this.#order()
    for (const each of this.#members) if (each.isAlive) this.#deliver(each)
    // The worst time to die is when one has just delivered what is safe.
    const victim = this.#lastSafe ?? peer
    if (mayDie && this.#canLoseOne && random.chance(victim === this.#lastSafe ? 0.1 : 0.02)) {
      victim.isAlive = false
      this.lines.push({ process: victim.process, event: 'crashed' })
    }
    this.#lastSafe = undefined
  }

  /** And still have a majority. */
  get #canLoseOne(): boolean {
    return 2 * (this.#members.filter(({ isAlive }) => isAlive).length - 1) > this.#members.length
  }

  #send(peer: Peer): void {
    const random = this.#random
    const rank = this.#members.indexOf(peer)
    const order = random.pick(['fifo', 'causal', 'total'] as const)
    const safe = random.chance(0.3)
    const key = `m${++this.#sent}`
    const id = random.chance(0.7) ? key : undefined
    const packet = { rank, seq: this.#logs[rank].length, key, order, safe, id, vector: [...peer.causal] }
    this.#logs[rank].push(packet)
    peer.has[rank] = this.#logs[rank].length
    this.lines.push({ process: peer.process, op: 'send', data: key, order, safe, ...(id && { id }) })
    if (!safe) this.#confirm(packet)
  }

  #confirm({ rank, id }: Packet): void {
    if (id !== undefined) this.lines.push({ process: this.#members[rank].process, event: 'sent', id, view: this.#id })
  }

  /** The sequencer places the total packets that it has. */
  #order(): void {
    const [sequencer] = this.#members
    if (!sequencer.isAlive) return
    const placed = new Set(this.#logs[0].map(entry => ('places' in entry ? entry.places : undefined)))
    for (const packet of this.#held(sequencer.has, 'total')) {
      if (!placed.has(packet)) this.#logs[0].push({ places: packet })
    }
    sequencer.has[0] = this.#logs[0].length
  }

  #held(has: readonly number[], order: Order): Packet[] {
    const entries = this.#logs.flatMap((log, rank) => log.slice(0, has[rank]))
    return entries.filter((entry): entry is Packet => 'key' in entry && entry.order === order)
  }

  #placed(has: readonly number[]): Packet[] {
    return this.#logs[0].slice(0, has[0]).flatMap(entry => ('places' in entry ? [entry.places] : []))
  }

  /** Delivers what may be; `atClose`: without waiting for what is safe, since all who go on have the same. */
  #deliver(peer: Peer, atClose = false): void {
    const stuck = new Set<string>()
    const offer = (packet: Packet, lane: string): void => {
      if (peer.done.has(packet) || stuck.has(lane)) return
      const isHeld = packet.seq < peer.has[packet.rank]
      const isCovered =
        packet.order !== 'causal' ||
        this.#flaw === 'causal vectors are ignored' ||
        packet.vector.every((n, rank) => peer.causal[rank] >= n)
      if (isHeld && isCovered && (!packet.safe || atClose || this.#isSafe(packet))) this.#hand(peer, packet, atClose)
      else stuck.add(lane)
    }
    for (const packet of this.#held(peer.has, 'fifo')) offer(packet, `fifo ${packet.rank}`)
    let before = -1
    while (before !== peer.done.size) {
      before = peer.done.size
      stuck.clear()
      for (const packet of this.#held(peer.has, 'causal')) offer(packet, `causal ${packet.rank}`)
    }
    const placed = this.#placed(peer.has)
    if (!atClose) for (const packet of placed) offer(packet, 'total')
    else {
      const within = placed.filter(({ rank, seq }) => seq < peer.has[rank])
      const rest = this.#held(peer.has, 'total')
      const isAlone = this.#flaw === 'each member closes a view in an order of its own'
      if (isAlone && this.#members.indexOf(peer) % 2 === 1) rest.reverse()
      for (const packet of new Set([...within, ...rest])) offer(packet, 'close')
    }
  }

  #isSafe(packet: Packet): boolean {
    if (this.#flaw === 'safe messages are not held back') return true
    if (this.#flaw === 'safe messages do not wait for what they rest on') {
      return this.#members.every(({ has }) => packet.seq < has[packet.rank])
    }
    return this.#members.every(({ has }) => {
      const holds = ({ rank, seq }: Packet): boolean => seq < has[rank]
      if (packet.order === 'total') {
        const placed = this.#placed(has)
        const at = placed.indexOf(packet)
        return at >= 0 && placed.slice(0, at + 1).every(holds)
      }
      const past = packet.order === 'causal' ? packet.vector : []
      return (
        holds(packet) && past.every((n, rank) => n <= this.#held(has, 'causal').filter(p => p.rank === rank).length)
      )
    })
  }

  #hand(peer: Peer, packet: Packet, atClose: boolean): void {
    const { rank, key, order, safe } = packet
    peer.done.add(packet)
    if (order === 'causal') peer.causal[rank]++
    const { name: from, incarnation } = this.#members[rank]
    const place = order === 'total' ? { index: ++peer.index } : {}
    const safety = safe ? { safe: atClose ? ('close' as const) : true } : {}
    const message = { from, incarnation, view: this.#id, order, ...place, ...safety, data: key }
    this.lines.push({ process: peer.process, event: 'message', ...message })
    if (safe) this.#lastSafe = peer
    if (safe && this.#members[rank] === peer) this.#confirm(packet)
  }

  /** Closes the view and installs the next one: without the dead, perhaps without one who lives, and with who joins. */
  #install(isLast: boolean): void {
    const random = this.#random
    const living = this.#members.filter(({ isAlive }) => isAlive)
    const out = !isLast && this.#canLoseOne && random.chance(0.5) ? random.pick(living) : undefined
    const going = living.filter(peer => peer !== out)
    const cut = this.#logs.map((_, rank) => Math.max(...going.map(({ has }) => has[rank])))
    for (const peer of going) {
      peer.has = [...cut]
      this.#deliver(peer, true)
    }
    if (out !== undefined) this.#leaveOut(out, cut)
    const joining = this.#joiners.splice(0)
    if (random.chance(0.5) && !isLast) this.#joiners.push(this.#born(`late${++this.#lives}`))
    const gap = this.#flaw === 'indices do not close up behind the dead' ? living.length - this.#members.length : 0
    const index = (going[0]?.index ?? 0) - gap
    this.#members = [...going, ...joining]
    if (out !== undefined) this.#joiners.push(out)
    if (isLast) this.#members.push(...this.#joiners.splice(0))
    this.#id++
    this.#lastSafe = undefined
    this.#logs = this.#members.map(() => [])
    const members = this.#members.map(({ name, incarnation }) => ({ name, incarnation, voter: true }))
    const transfer = going.map(({ name }) => name)
    for (const peer of this.#members) {
      peer.has = this.#logs.map(() => 0)
      peer.causal = this.#logs.map(() => 0)
      peer.done = new Set()
      peer.index = index
      const view = { lineage: 'x', id: this.#id, members, primary: true }
      const isNew = !going.includes(peer)
      this.lines.push({ process: peer.process, event: 'view', ...view, transfer: isNew ? [] : transfer })
    }
  }

  /** It is told what of its own is lost; then it is somebody new. */
  #leaveOut(peer: Peer, cut: readonly number[]): void {
    const rank = this.#members.indexOf(peer)
    for (const entry of this.#logs[rank]) {
      if (!('key' in entry) || entry.id === undefined) continue
      const { id, seq, safe } = entry
      const lost = { event: 'error', id, code: 'ERR_TUTTI_EXCLUDED', message: 'beyond the cut' } as const
      if (seq >= cut[rank]) this.lines.push({ process: peer.process, ...lost })
      else if (safe && !peer.done.has(entry)) this.#confirm(entry)
    }
    peer.incarnation = `${peer.name}.${++this.#lives}`
    this.lines.push({ process: peer.process, event: 'excluded', incarnation: peer.incarnation })
  }
}
