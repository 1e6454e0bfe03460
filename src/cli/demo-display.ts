import type { Stats } from 'tutti'
import { columns } from './columns.js'
import type { DemoMember, ViewLine } from './demo-member.js'
import type { Proof } from './demo-proof.js'
import type { Stretch } from './demo-sequence.js'
import { LiveBlock, type Style, styler } from './terminal.js'

export interface DemoFlags {
  readonly members: number
  readonly seconds: number
  readonly loss: number
  readonly json?: boolean
}

const TERMINAL_PERIOD_MS = 200
const PLAIN_PERIOD_MS = 1000

/** What the demo shows: on a terminal a block that is drawn anew, elsewhere a line a second, with --json only the end. */
export class DemoDisplay {
  readonly #members: readonly DemoMember[]
  readonly #flags: DemoFlags
  readonly #style: (style: Style, text: string) => string = styler(process.stdout)
  readonly #block = process.stdout.isTTY ? new LiveBlock(process.stdout) : null
  readonly #startedAtMs = performance.now()
  #timer: NodeJS.Timeout | undefined
  #shownView = 0
  #news: string[] = []

  constructor(flags: DemoFlags, members: readonly DemoMember[]) {
    this.#flags = flags
    this.#members = members
  }

  start(): void {
    if (this.#flags.json) return
    const { members, loss } = this.#flags
    process.stdout.write(
      `${members} processes on loopback multicast, each losing ${percent(loss)} of what it receives; (in brackets: no vote yet)\n`,
    )
    this.#timer = setInterval(() => this.#tick(), this.#block === null ? PLAIN_PERIOD_MS : TERMINAL_PERIOD_MS)
  }

  /** Something other than a view has happened. */
  tell(what: string): void {
    // In its place among the views.
    this.#news.push(...this.#newViews().map(view => this.#viewLine(view)))
    this.#news.push(`${this.#time}  ${this.#style('yellow', what)}`)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  end(proof: Proof): void {
    this.stop()
    if (this.#flags.json) {
      process.stdout.write(`${JSON.stringify(this.#result(proof))}\n`)
      return
    }
    this.#tick()
    process.stdout.write(`${['', ...this.#table(proof), '', ...this.#verdict(proof)].join('\n')}\n`)
  }

  #tick(): void {
    const news = [...this.#news.splice(0), ...this.#newViews().map(view => this.#viewLine(view))]
    if (this.#block !== null) this.#block.draw(this.#rows(), news)
    else process.stdout.write([...news, this.#statusLine()].map(line => `${line}\n`).join(''))
  }

  /** Each view once, as the first member that has it tells. */
  #newViews(): ViewLine[] {
    const views = new Map(this.#members.flatMap(member => member.views).map(view => [view.id, view]))
    const fresh = [...views.values()].filter(view => view.id > this.#shownView).sort((a, b) => a.id - b.id)
    this.#shownView = fresh.at(-1)?.id ?? this.#shownView
    return fresh
  }

  get #time(): string {
    return `${((performance.now() - this.#startedAtMs) / 1000).toFixed(1).padStart(5)} s`
  }

  #viewLine({ id, members }: ViewLine): string {
    return `${this.#time}  ${this.#style('cyan', `view ${id}`)}: ${members.map(({ name, voter }) => (voter ? name : `(${name})`)).join(' ')}`
  }

  #statusLine(): string {
    const { sent, delivered, nacks, repairs } = this.#sums()
    return `${this.#time}  sent ${sent}  delivered ${delivered}  NACKs ${nacks}  repairs ${repairs}`
  }

  #rows(): string[] {
    const cells = this.#members.map(member => {
      const { name, view, sent, deliveredCount, stats } = member
      const place = view === undefined ? 'joining' : `view ${view.id}`
      const state = member.isKilled ? 'killed' : member.hasLeft ? 'left' : place
      return [name, state, sent, deliveredCount, stats?.nacksSent ?? 0, stats?.repairsSent ?? 0]
    })
    const [head, ...rows] = columns([['', '', 'sent', 'delivered', 'NACKs', 'repairs'], ...cells])
    return ['', this.#style('dim', `${head}  ${this.#time}`), ...rows]
  }

  /** One row a member, one column a view: what is in one column must be equal. */
  #table({ views, sequences }: Proof): string[] {
    const hasTotal = sequences.size > 0
    const cells = this.#members.map(member => [
      member.name,
      ...[...views].map(([id, accounts]) => {
        const interrupted = member.isKilled ? 'killed' : 'left out'
        return accounts.get(member)?.digest.slice(0, 12) ?? (member.unfinished.has(id) ? interrupted : '-')
      }),
      ...(hasTotal ? [stretchText(sequences.get(member))] : []),
    ])
    const counts = [...views.values()].map(accounts => [...accounts.values()][0].count)
    const [head, ...rows] = columns([
      ['digests', ...[...views.keys()].map(id => `view ${id}`), ...(hasTotal ? ['total order'] : [])],
      ...cells,
      ['messages', ...counts, ...(hasTotal ? [''] : [])],
    ])
    return [this.#style('bold', head), ...rows]
  }

  #verdict({ sequences, sent, lost, faults }: Proof): string[] {
    const { nacks, repairs } = this.#sums()
    const last = Math.max(0, ...[...sequences.values()].map(stretch => stretch.last))
    const inOrder = last === 0 ? 'in order' : `in one total order, 1 to ${last},`
    if (faults.length > 0) return [...faults, 'FAILED'].map(line => this.#style('red', line))
    return [
      `${percent(this.#flags.loss)} of all packets lost on purpose; ${nacks} NACKs, ${repairs} repairs`,
      ...(lost > 0 ? [`${lost} messages died with their sender: delivered by nobody`] : []),
      this.#style('green', `${sent - lost} messages, each delivered once, ${inOrder} by everybody in the view.`),
      this.#style('green', 'Digests are equal.'),
    ]
  }

  #result({ views, sequences, sent, lost, faults }: Proof): object {
    const accounts = [...views].map(([id, members]) => ({
      id,
      members: Object.fromEntries([...members].map(([{ name }, account]) => [name, account])),
    }))
    const total = [...sequences].map(([{ name }, stretch]) => ({ name, ...stretch }))
    return { equal: faults.length === 0, faults, ...this.#sums(), sent, lost, views: accounts, total }
  }

  #sums() {
    const sum = (count: (member: DemoMember) => number) => this.#members.reduce((n, member) => n + count(member), 0)
    const stat = (count: (stats: Stats) => number) => sum(({ stats }) => (stats === null ? 0 : count(stats)))
    return {
      sent: sum(member => member.sent),
      delivered: sum(member => member.deliveredCount),
      nacks: stat(stats => stats.nacksSent),
      repairs: stat(stats => stats.repairsSent),
    }
  }
}

function stretchText(stretch: Stretch | undefined): string {
  return stretch === undefined ? '-' : `${stretch.first} to ${stretch.last}: ${stretch.sha256.slice(0, 12)}`
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}
