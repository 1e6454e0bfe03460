import { isQuorum } from '../../src/paxos/quorum.js'
import { SeededRandom } from '../../src/sim/random.js'
import type { tutti } from '../../src/wire/generated/control.js'
import { Harness, type Member, type Packet } from '../engine/harness.js'
import type { Incident, Plot } from './plot.js'

/** A process, from its start to the end of the story. */
export interface Process {
  /** As the harness knows it: the name, with a prime for each process of the same name before it. */
  readonly key: string
  readonly name: string
  readonly member: Member
  isDead: boolean
  isLeaving: boolean
  /** How many messages it has sent; each begins with the process's key and its number. */
  sent: number
}

/** What came of a plot. */
export interface Trial {
  readonly net: Harness
  readonly processes: readonly Process[]
  /** By tag of a closed view: what was decided, as it was told, and how often by how many. */
  readonly decided: ReadonlyMap<number, ReadonlySet<string>>
  /** Decisions that no quorum of voters had accepted. */
  readonly unfounded: readonly string[]
  /** All live members are in one view, as voters, some time after everything was whole again. */
  readonly isSettled: boolean
  /** The lineage that could decide had come to its end; somebody went on alone. */
  readonly isReformed: boolean
  /** Views installed after the network was whole and before all was settled, at most by one member. */
  readonly viewsToSettle: number
  /** Views installed when all was settled already. */
  readonly viewsAfter: number
}

const SETTLE_MS = 45_000
const CALM_MS = 1_500
const QUIET_MS = 3_000
const SENT_MAX = 1_000
const NAMES = 'abcdefghijklmnopqrstuvwxyz'

export function play(plot: Plot): Trial {
  return new Player(plot).play()
}

class Player {
  readonly #plot: Plot
  readonly #random: SeededRandom
  readonly #net: Harness
  readonly #processes: Process[] = []
  readonly #decided = new Map<number, Set<string>>()
  readonly #voters = new Map<number, number[]>()
  /** By tag and ballot: ranks of those who accepted. */
  readonly #accepted = new Map<string, Set<number>>()
  readonly #unfounded: string[] = []
  /** What befalls packets, and until when. */
  readonly #loses: { readonly untilMs: number; readonly loses: (packet: Packet) => boolean }[] = []
  readonly #delays: { readonly untilMs: number; readonly upToMs: number }[] = []
  readonly #ambushes: { readonly step: string; nth: number; reach: number; victim: string | null; bytes: unknown }[] =
    []

  constructor(plot: Plot) {
    this.#plot = plot
    this.#random = new SeededRandom(plot.seed).fork().fork()
    this.#net = new Harness({ seed: plot.seed })
  }

  play(): Trial {
    const { members, beginning, incidents } = this.#plot
    const net = this.#net
    const names = [...NAMES].slice(0, members)
    if (beginning === 'group') net.group(...names)
    else if (beginning === 'together') net.start(...names)
    else this.#startApart(names)
    for (const key of names) this.#add(key)
    net.loses = packet => this.#isLost(packet)
    net.delayMs = () => this.#delayMs()
    const startMs = net.nowMs
    for (const incident of incidents) {
      this.#runTo(startMs + incident.atMs)
      this.#strike(incident)
    }
    let healedAtMs = net.nowMs
    for (const { untilMs } of this.#loses) healedAtMs = Math.max(healedAtMs, untilMs)
    for (const { untilMs } of this.#delays) healedAtMs = Math.max(healedAtMs, untilMs)
    for (const { member, isDead } of this.#processes) {
      if (!isDead) healedAtMs = Math.max(healedAtMs, member.pausedUntilMs)
    }
    this.#runTo(healedAtMs)
    this.#ambushes.length = 0
    return this.#end()
  }

  /** Two groups of one name, which meet while the story goes on. */
  #startApart(names: readonly string[]): void {
    const net = this.#net
    const isAcross = ({ from, to }: Packet) => names.indexOf(from) % 2 !== names.indexOf(to) % 2
    net.loses = isAcross
    const members = net.start(...names)
    const half = (i: number) => (i % 2 === 0 ? Math.ceil(names.length / 2) : Math.floor(names.length / 2))
    net.until(() => members.every(({ voters }, i) => voters === half(i)))
    this.#loses.push({ untilMs: net.nowMs + this.#random.below(2_000), loses: isAcross })
  }

  #end(): Trial {
    const before = this.#installs()
    const { isSettled, isReformed } = this.#settle()
    const after = this.#installs()
    let quiet = after
    if (isSettled) {
      for (const process of this.#living) this.#send(process, 30)
      this.#net.run(QUIET_MS)
      quiet = this.#installs()
    }
    const most = (late: Map<Process, number>, early: Map<Process, number>) =>
      Math.max(0, ...[...late].map(([process, count]) => count - (early.get(process) ?? 0)))
    return {
      net: this.#net,
      processes: this.#processes,
      decided: this.#decided,
      unfounded: this.#unfounded,
      isSettled,
      isReformed,
      viewsToSettle: most(after, before),
      viewsAfter: most(quiet, after),
    }
  }

  /** Lets time pass until all is well; where nobody can bring that about, one goes on alone, as an operator would have it. */
  #settle(): { isSettled: boolean; isReformed: boolean } {
    if (this.#waitForOne()) return { isSettled: true, isReformed: false }
    if (this.#canDecide) return { isSettled: false, isReformed: false }
    const [survivor] = this.#living
    if (!survivor.member.engine.isStranded) return { isSettled: false, isReformed: false }
    survivor.member.reform(this.#net.nowMs)
    return { isSettled: this.#waitForOne(), isReformed: true }
  }

  #waitForOne(): boolean {
    const isOne = () => {
      const living = this.#living
      if (this.#processes.some(({ isDead, isLeaving, member }) => isLeaving && !isDead && !member.isClosed))
        return false
      const names = living
        .map(({ name }) => name)
        .sort()
        .join(' ')
      return living.every(({ member }) => {
        const isWhole = member.view.split(' ').sort().join(' ') === names && member.voters === living.length
        return isWhole && !member.engine.isStranded && member.viewKey === living[0].member.viewKey
      })
    }
    const limitMs = this.#net.nowMs + SETTLE_MS
    try {
      // What was begun while the network was bad comes to its end: one view may be on its way still.
      for (let before = -1; before !== this.#viewCount; ) {
        this.#net.until(isOne, limitMs - this.#net.nowMs)
        before = this.#viewCount
        this.#net.run(CALM_MS)
      }
      return true
    } catch (error) {
      if (!String(error).includes('not so within')) throw error
      return false
    }
  }

  /** A lineage's newest view is known to somebody who lives, and a quorum of its voters lives. */
  get #canDecide(): boolean {
    return canDecide(this.#processes)
  }

  get #living(): Process[] {
    return this.#processes.filter(({ isDead, isLeaving, member }) => !isDead && !isLeaving && !member.isClosed)
  }

  #installs(): Map<Process, number> {
    const views = (member: Member) => member.record.filter(({ event }) => event.type === 'view').length
    return new Map(this.#processes.map(process => [process, views(process.member)]))
  }

  get #viewCount(): number {
    return [...this.#installs().values()].reduce((sum, count) => sum + count, 0)
  }

  #runTo(atMs: number): void {
    while (this.#net.nowMs < atMs) {
      this.#net.run(Math.min(atMs - this.#net.nowMs, 1_000))
      this.#net.sent.length = 0
    }
  }

  #add(key: string): void {
    const member = this.#net.members.get(key)!
    const name = key.replaceAll("'", '')
    this.#processes.push({ key, name, member, isDead: false, isLeaving: false, sent: 0 })
  }

  #start(name: string): void {
    this.#net.start(name)
    this.#add([...this.#net.members.keys()].at(-1)!)
  }

  #send(process: Process, bytes: number): void {
    const { key, sent, member } = process
    const message = new TextEncoder().encode(`${key}#${sent}:`.padEnd(bytes, '.'))
    if (member.send(message) !== 0) process.sent++
  }

  #kill(process: Process, isSilent: boolean): void {
    process.isDead = true
    if (isSilent) process.member.pausedUntilMs = Number.POSITIVE_INFINITY
    else process.member.isClosed = true
  }

  #strike(incident: Incident): void {
    const net = this.#net
    const { nowMs } = net
    const processOf = (who: number) => this.#processes[who % this.#processes.length]
    const keyOf = (who: number) => processOf(who).key
    const lose = (ms: number, loses: (packet: Packet) => boolean) => this.#loses.push({ untilMs: nowMs + ms, loses })
    switch (incident.kind) {
      case 'send': {
        const process = processOf(incident.who)
        if (process.isDead || process.isLeaving || process.member.isClosed) return
        for (let i = 0; i < incident.count; i++) this.#send(process, incident.bytes)
        break
      }
      case 'start':
        if (this.#processes.length < NAMES.length) this.#start(NAMES[new Set(this.#processes.map(p => p.name)).size])
        break
      case 'restart': {
        const { name } = processOf(incident.who)
        const others = this.#processes.filter(process => process.name === name)
        const isLive = others.some(({ isDead, member }) => !isDead && !member.isClosed)
        if (!isLive || incident.isLive) this.#start(name)
        break
      }
      case 'leave': {
        const process = processOf(incident.who)
        if (process.isDead || process.isLeaving || process.member.isClosed) return
        process.isLeaving = true
        process.member.leave(nowMs)
        break
      }
      case 'crash': {
        const process = processOf(incident.who)
        if (!process.isDead && !process.member.isClosed) this.#kill(process, incident.isSilent)
        break
      }
      case 'ambush':
        this.#ambushes.push({ ...incident, victim: null, bytes: null })
        break
      case 'pause': {
        const { member, isDead, key } = processOf(incident.who)
        if (isDead) return
        member.pausedUntilMs = Math.max(member.pausedUntilMs, nowMs + incident.ms)
        if (incident.isDeaf) lose(incident.ms, ({ to }) => to === key)
        break
      }
      case 'cut': {
        const [from, to] = [keyOf(incident.from), keyOf(incident.to)]
        lose(incident.ms, packet => packet.from === from && packet.to === to)
        break
      }
      case 'deafen': {
        const key = keyOf(incident.who)
        lose(incident.ms, ({ to }) => to === key)
        break
      }
      case 'mute': {
        const key = keyOf(incident.who)
        lose(incident.ms, ({ from }) => from === key)
        break
      }
      case 'partition': {
        const side = new Set(incident.side.map(keyOf))
        lose(incident.ms, ({ from, to }) => side.has(from) !== side.has(to))
        break
      }
      case 'lose': {
        const key = keyOf(incident.to)
        lose(incident.ms, packet => packet.to === key && packet.is === incident.step)
        break
      }
      case 'loss':
        lose(incident.ms, () => this.#random.chance(incident.chance))
        break
      case 'path': {
        const key = keyOf(incident.who)
        lose(incident.ms, ({ from, to, isMulticast }) => isMulticast && (incident.isDeaf ? to : from) === key)
        break
      }
      case 'reform': {
        const { member, isDead, isLeaving } = processOf(incident.who)
        if (!isDead && !isLeaving && !member.isClosed && member.engine.isStranded) member.reform(nowMs)
        break
      }
      case 'delay':
        this.#delays.push({ untilMs: nowMs + incident.ms, upToMs: incident.upToMs })
    }
  }

  #delayMs(): number {
    let delayMs = 0
    for (const { untilMs, upToMs } of this.#delays) {
      if (this.#net.nowMs < untilMs) delayMs = Math.max(delayMs, this.#random.below(upToMs))
    }
    return delayMs
  }

  #isLost(packet: Packet): boolean {
    const { is } = packet
    if (this.#net.sent.length > SENT_MAX) this.#net.sent.length = 0
    if (is !== 'data') this.#readAlong(packet, is)
    for (const { untilMs, loses } of this.#loses) if (this.#net.nowMs < untilMs && loses(packet)) return true
    for (const ambush of this.#ambushes) {
      if (ambush.victim === null && ambush.step === is && --ambush.nth <= 0) {
        const victim = this.#processes.find(({ key }) => key === packet.from)!
        ambush.victim = packet.from
        this.#kill(victim, false)
      }
      // Dead in the middle of it: what it sends in this step reaches some.
      if (ambush.victim === packet.from && ambush.reach-- <= 0) return true
    }
    return false
  }

  #readAlong(packet: Packet, is: string): void {
    if (is !== 'accept' && is !== 'accepted' && is !== 'decide') return
    const control = packet.control!
    const { tag } = packet
    if (is === 'decide') return this.#decidedIs(tag, packet.rank, control.decide!.value!)
    const ballot = (control.accept?.ballot ?? control.accepted?.ballot)!
    const of = `${tag} ${ballot}`
    const ranks = this.#accepted.get(of) ?? new Set()
    this.#accepted.set(of, ranks)
    ranks.add(packet.rank)
  }

  #decidedIs(tag: number, decider: number, value: tutti.Value.$Properties): void {
    const text = textOf(value)
    const values = this.#decided.get(tag) ?? new Set()
    const isNew = !values.has(text)
    this.#decided.set(tag, values.add(text))
    const members = value.next?.members ?? []
    if (value.next)
      this.#voters.set(
        value.next.tag!,
        [...members.keys()].filter(rank => members[rank].voter),
      )
    const voters = this.#voters.get(tag)
    if (!isNew || voters === undefined) return
    // What a proposer tells itself is on no wire; and what takes more than one packet is not read.
    const ballots = [...this.#accepted].filter(([of]) => of.startsWith(`${tag} `)).map(([, ranks]) => ranks)
    if (ballots.length === 0 && voters.length > 2) return
    const isFounded = [...ballots, new Set([decider])].some(ranks => isQuorum(voters, rank => ranks.has(rank)))
    if (!isFounded) this.#unfounded.push(`view ${tag} was decided upon without a quorum: ${text}`)
  }
}

const textOf = ({ next, cut, into }: tutti.Value.$Properties): string => {
  const members = next?.members?.map(({ name, port, voter }) => `${name}${voter ? '' : '?'}:${port}`).join(' ')
  return `${next ? `${next.id} ${next.tag}: ${members}` : `into ${into?.join('')}`}, cut ${cut?.join(' ')}`
}

export function canDecide(processes: readonly Process[]): boolean {
  const newest = new Map<string, { id: number; voters: string[]; isKnown: boolean }>()
  /** By incarnation, the view that it is in. */
  const places = new Map<string, string>()
  for (const { member, isDead } of processes) {
    const isAlive = !isDead && !member.isClosed
    const self = member.engine.self.incarnation
    const place = member.record.filter(({ event }) => event.type === 'view' || event.type === 'merged').at(-1)
    const isIn = isAlive && place?.incarnation === self && place.event.type === 'view'
    if (isIn && place.event.type === 'view') places.set(self, `${place.event.view.id} ${place.event.view.lineage}`)
    for (const { event, incarnation } of member.record) {
      if (event.type !== 'view') continue
      const { lineage, id, members } = event.view
      const known = newest.get(lineage)
      const isKnown = isIn && incarnation === self
      if (known !== undefined && known.id > id) continue
      const voters = members.filter(({ voter }) => voter).map(peer => peer.incarnation)
      newest.set(lineage, { id, voters, isKnown: isKnown || (known?.id === id && known.isKnown) })
    }
  }
  return [...newest].some(([lineage, { voters, isKnown }]) => {
    // Who is a view behind is told of it; who has given the lineage up has no vote in it.
    const isThere = (voter: string) => places.get(voter)?.endsWith(lineage) ?? false
    return isKnown && isQuorum([...voters.keys()], rank => isThere(voters[rank]))
  })
}
