import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rates } from '../../dist/bench/throughput.js'
import { cpuMicros, LineProcess } from './line-process.mjs'
import { has } from './packages.mjs'

/** ddsperf's own header in every sample. */
const BYTES_MIN = 12
/** It needs that long to find the others. */
const FIND_SECONDS = 15

export class CycloneDds {
  name = 'cyclonedds'
  packages = ['cyclonedds-tools']
  orders = ['fifo']
  places = ['loopback', 'namespaces']
  #folder
  /** Its ports follow from the domain: another one each run. */
  #domain = process.pid % 200

  get isInstalled() {
    return has('ddsperf')
  }

  version() {
    const status = execFileSync('dpkg-query', ['-W', '-f', '$' + '{Version}', 'cyclonedds-tools'], { encoding: 'utf8' })
    return status.trim()
  }

  prepare(folder) {
    this.#folder = folder
  }

  async run(shape, _order, { warmUpSeconds, seconds }, hosts) {
    const { members, senders, bytes } = shape
    const file = join(this.#folder, 'cyclonedds.xml')
    writeFileSync(file, configuration(hosts === undefined ? 'lo' : 'eth0'))
    this.#domain = (this.#domain + 1) % 230
    const inAll = Math.ceil(warmUpSeconds + seconds) + 2
    const common = ['-i', this.#domain, '-k', 'all', '-1', '-D', inAll, `-Qminmatch:${members - 1}`]
    const processes = Array.from({ length: members }, (_, i) => {
      const publishes = i < senders ? ['pub', 'size', Math.max(bytes, BYTES_MIN)] : []
      const subscribes = i >= senders || senders > 1 ? ['sub', 'waitset'] : []
      const modes = [`-Qinitwait:${FIND_SECONDS}`, ...publishes, ...subscribes]
      const command = [...(hosts?.launcher(i) ?? []), 'ddsperf', ...common, ...modes]
      return new LineProcess(command.map(String), { CYCLONEDDS_URI: `file://${file}` })
    })
    try {
      const before = await Promise.all(processes.map((each, i) => sampleAt(each, shape, i, warmUpSeconds)))
      const after = await Promise.all(processes.map((each, i) => sampleAt(each, shape, i, warmUpSeconds + seconds)))
      return rates(shape, before, after)
    } finally {
      await Promise.all(processes.map(each => each.stop()))
    }
  }
}

/**
 * What a member had received and sent when it had run for so long. It says so every second, by its own clock; a writer
 * says only how many thousand a second it wrote.
 */
async function sampleAt(member, { senders, bytes }, rank, second) {
  const isSender = rank < senders
  const isReader = !isSender || senders > 1
  const mark = isReader ? / size \d+ total / : /k\/s .* \|/
  let from = 0
  let seen
  let atSeconds = 0
  while (atSeconds < second) {
    seen = await member.line(mark, from)
    from = member.lines.indexOf(seen) + 1
    atSeconds = Number(/\] ([\d.]+) /.exec(seen.line)[1])
  }
  const cpu = cpuMicros([member])
  const received = isReader ? Number(/ total (\d+) /.exec(seen.line)[1]) : 0
  const written = member.lines
    .slice(0, from)
    .map(({ line }) => /\] ([\d.]+) +([\d.]+)k?\/s .*\|/.exec(line))
    .filter(match => match !== null)
    .reduce((sum, { input, 2: rate }) => sum + Number(rate) * (input.includes('k/s') ? 1000 : 1), 0)
  const messages = received + written
  return { atMs: atSeconds * 1000, messages, bytes: messages * bytes, cpuMicros: cpu }
}

const configuration = name => `<CycloneDDS xmlns="https://cdds.io/config">
  <Domain Id="any">
    <General>
      <Interfaces><NetworkInterface name="${name}" multicast="true"/></Interfaces>
      <AllowMulticast>true</AllowMulticast>
    </General>
  </Domain>
</CycloneDDS>
`
