import { type Group, join } from 'tutti'
import type { LatencyCommand, LatencyWord, RunSettings } from './settings.js'

const PROBE_BYTES = 100
/** First byte of a message that is timed; of all others it is 0. */
const PROBE = 1
/** Not counted, for each sample: while code is compiled, four processes and their compilers share two processors. */
const WARM_UPS = 2
const TICK_MS = 1

/** A member process of the latency benchmark. */
async function main(settings: RunSettings & { readonly rank: number }): Promise<void> {
  const { members, order, safe, api, rank, port } = settings
  const group = await join(settings.group, {
    name: `member-${rank}`,
    interface: settings.interface,
    expect: members,
    port,
    order,
    safe,
  })
  const say = (word: LatencyWord) => process.send!(word)
  const load = new Load(group, new Uint8Array(settings.bytes))
  const probe = new Probe(group, ms => say({ kind: 'latencies', ms }))
  let messages = 0
  const deliver = (bytes: Uint8Array, offset: number, length: number) => {
    if (length !== PROBE_BYTES || bytes[offset] !== PROBE) messages++
    else if (probe.isUnderWay) probe.arrived()
  }
  if (api === 'batch') group.on('batch', batch => batch.forEach(deliver))
  else group.on('message', ({ data }) => deliver(data, 0, data.length))
  group.on('drain', () => {
    probe.sendOn()
    load.sendOn()
  })
  process.on('message', (command: LatencyCommand) => {
    if (command.kind === 'load') load.begin(command.perSecond)
    else if (command.kind === 'probe') probe.begin(command.samples, command.msMax)
    else say({ kind: 'count', atMs: performance.now(), messages })
  })
  process.on('disconnect', () => process.exit())
  const { incarnation } = group.self
  say({ kind: 'ready', rank: group.view.members.findIndex(member => member.incarnation === incarnation) })
}

/** Messages by the clock. What a closed window holds back is sent when it opens: the load is what was asked for. */
class Load {
  readonly #group: Group
  readonly #message: Uint8Array
  #timer: NodeJS.Timeout | undefined
  #perMs = 0
  #sinceMs = 0
  #sent = 0

  constructor(group: Group, message: Uint8Array) {
    this.#group = group
    this.#message = message
  }

  begin(perSecond: number): void {
    clearInterval(this.#timer)
    this.#perMs = perSecond / 1000
    this.#sinceMs = performance.now()
    this.#sent = 0
    if (perSecond > 0) this.#timer = setInterval(() => this.sendOn(), TICK_MS)
  }

  sendOn(): void {
    const due = (performance.now() - this.#sinceMs) * this.#perMs
    while (this.#sent + 1 <= due && this.#group.offer(this.#message)) this.#sent++
  }
}

/** One message at a time, from its sending to its delivery here. */
class Probe {
  isUnderWay = false
  readonly #group: Group
  readonly #done: (ms: number[]) => void
  readonly #message = new Uint8Array(PROBE_BYTES).fill(PROBE)
  #ms: number[] = []
  #samples = 0
  #warmUps = 0
  #endMs = 0
  #sentAtMs = 0
  #isHeld = false

  constructor(group: Group, done: (ms: number[]) => void) {
    this.#group = group
    this.#done = done
  }

  begin(samples: number, msMax: number): void {
    this.#ms = []
    this.#warmUps = WARM_UPS * samples
    this.#samples = samples + this.#warmUps
    this.#endMs = performance.now() + msMax
    this.isUnderWay = true
    this.#send()
  }

  arrived(): void {
    const nowMs = performance.now()
    this.#ms.push(nowMs - this.#sentAtMs)
    if (this.#ms.length < this.#samples && nowMs < this.#endMs) return this.#send()
    this.isUnderWay = false
    // Under a load that takes too long for all samples, there is no time for a warm-up either.
    this.#done(this.#ms.length === this.#samples ? this.#ms.slice(this.#warmUps) : this.#ms)
  }

  /** The window is open again. Waiting for that counts. */
  sendOn(): void {
    if (this.#isHeld) this.#isHeld = !this.#group.offer(this.#message)
  }

  #send(): void {
    this.#sentAtMs = performance.now()
    this.#isHeld = !this.#group.offer(this.#message)
  }
}

await main(JSON.parse(process.argv[2]))
