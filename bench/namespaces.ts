import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Those that have not been removed: they go with the process, however it ends. */
const standing = new Set<Namespaces>()
let isWatched = false
let built = 0

/**
 * Hosts on a switch: network namespaces joined by veth pairs to a bridge, which has a namespace of its own. The
 * machine's own network is not touched, and deleting the namespaces deletes everything.
 */
export class Namespaces {
  readonly interface = 'eth0'
  readonly #prefix = `tutti-${process.pid}-${built++}`
  readonly #names: string[] = []

  /**
   * @param hosts  how many
   * @param lossPercent  packets that the switch drops on their way to each host, one by one
   */
  constructor(hosts: number, lossPercent: number) {
    watch()
    standing.add(this)
    try {
      this.#build(hosts, lossPercent)
    } catch (error) {
      this.remove()
      throw error
    }
  }

  /** Runs a command inside host `i`. */
  launcher(i: number): string[] {
    return ['ip', 'netns', 'exec', this.#host(i)]
  }

  address(i: number): string {
    return `10.77.0.${i + 1}`
  }

  /** From now on, all in one instant, nothing gets from the first host to the second; the way back stays as it is. */
  cut(ways: readonly (readonly [from: number, to: number])[]): void {
    const rules = ways.map(([from, to]) => `add rule bridge tutti cuts iifname port${from} oifname port${to} drop`)
    this.#in(this.#switch, 'nft', rules.join('\n'))
  }

  /** Every way is open again. */
  heal(): void {
    this.#in(this.#switch, 'nft', 'flush', 'chain', 'bridge', 'tutti', 'cuts')
  }

  /** What the switch dropped by chance. */
  get dropped(): { packets: number; bytes: number } {
    const text = this.#in(this.#switch, 'nft', '--json', 'list', 'table', 'bridge', 'tutti')
    let packets = 0
    let bytes = 0
    for (const { rule } of JSON.parse(text).nftables as {
      rule?: { expr: { counter?: { packets: number; bytes: number } }[] }
    }[]) {
      for (const { counter } of rule?.expr ?? []) {
        packets += counter?.packets ?? 0
        bytes += counter?.bytes ?? 0
      }
    }
    return { packets, bytes }
  }

  remove(): void {
    standing.delete(this)
    const names = this.#names.splice(0)
    // A namespace lives for as long as a process is in it, whatever becomes of its name.
    for (const name of names) {
      for (const pid of run('ip', 'netns', 'pids', name).split('\n')) if (pid !== '') kill(Number(pid))
    }
    for (const name of names) run('ip', 'netns', 'delete', name)
  }

  get #switch(): string {
    return `${this.#prefix}-switch`
  }

  #host(i: number): string {
    return `${this.#prefix}-host-${i}`
  }

  #build(hosts: number, lossPercent: number): void {
    this.#add(this.#switch)
    this.#in(this.#switch, 'ip', 'link', 'add', 'bridge0', 'type', 'bridge', 'mcast_snooping', '0')
    this.#in(this.#switch, 'ip', 'link', 'set', 'bridge0', 'up')
    const rules: string[] = []
    for (let i = 0; i < hosts; i++) {
      const host = this.#host(i)
      const port = `port${i}`
      this.#add(host)
      this.#in(this.#switch, 'ip', 'link', 'add', port, 'mtu', '1500', 'type', 'veth', 'peer', 'eth0', 'netns', host)
      this.#in(this.#switch, 'ip', 'link', 'set', port, 'master', 'bridge0', 'up')
      this.#in(host, 'ip', 'address', 'add', `${this.address(i)}/24`, 'dev', 'eth0')
      this.#in(host, 'ip', 'link', 'set', 'eth0', 'mtu', '1500', 'up')
      this.#in(host, 'ip', 'link', 'set', 'lo', 'up')
      // Trains are cut into packets before the switch, so that it loses packets and not trains.
      this.#in(host, 'ethtool', '-K', 'eth0', 'tx-udp-segmentation', 'off')
      const fate = lossPercent > 0 ? `< ${lossPercent} counter drop` : '< 1 accept'
      rules.push(`oifname ${port} numgen random mod 100 ${fate}`)
    }
    const hook = (priority: number) => `type filter hook forward priority ${priority}; policy accept;`
    const loss = [hook(0), ...rules].join('\n')
    const chains = `chain forward {\n${loss}\n}\nchain cuts {\n${hook(1)}\n}`
    this.#in(this.#switch, 'nft', `table bridge tutti {\n${chains}\n}`)
  }

  #add(name: string): void {
    run('ip', 'netns', 'add', name)
    this.#names.push(name)
  }

  #in(name: string, ...command: string[]): string {
    return run('ip', 'netns', 'exec', name, ...command)
  }
}

function run(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Why there can be no namespaces here, or nothing. */
export function whyNoNamespaces(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
  const missing = ['ip', 'nft', 'ethtool'].filter(program => !folders.some(folder => existsSync(join(folder, program))))
  if (missing.length > 0) return `not installed: ${missing.join(', ')} (Debian: iproute2, nftables, ethtool)`
  try {
    new Namespaces(1, 1).remove()
  } catch (error) {
    return `this system does not let us build network namespaces: ${String((error as Error).message).trim()}`
  }
  return undefined
}

function watch(): void {
  if (isWatched) return
  isWatched = true
  const removeAll = () => {
    for (const each of standing) each.remove()
  }
  process.on('exit', removeAll)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      removeAll()
      process.kill(process.pid, signal)
    })
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
