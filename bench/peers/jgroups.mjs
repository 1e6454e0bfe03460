import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../dist/bench/ports.js'
import { LineProcess } from './line-process.mjs'
import { measure } from './measure.mjs'
import { has } from './packages.mjs'

const JAR = '/usr/share/java/jgroups.jar'
/** With SEQUENCER, and without: as they come with it. */
const STACKS = { fifo: 'udp.xml', total: 'sequencer.xml' }
/** Every packet alone on its way, and asked for again soon. */
const TUNED = [
  [/max_bundle_size="\w+"/, 'max_bundle_size="1400"'],
  [/frag_size="\w+"/, 'frag_size="1300"'],
  [/(NAKACK[^>]*?retransmit_timeout=)"[\d,]+"/, '$1"50,100,200"'],
]

export class JGroups {
  name
  packages = ['libjgroups-java', 'default-jdk-headless']
  orders = ['fifo', 'total']
  places = ['loopback', 'namespaces']
  #isTuned
  #folder

  constructor(isTuned = false) {
    this.#isTuned = isTuned
    this.name = isTuned ? 'jgroups, tuned' : 'jgroups'
  }

  get isInstalled() {
    return existsSync(JAR) && has('java') && has('javac') && has('jar')
  }

  version() {
    return execFileSync('java', ['-cp', JAR, 'org.jgroups.Version'], { encoding: 'utf8' }).match(/\d[\w.]+/)?.[0]
  }

  prepare(folder) {
    this.#folder = folder
    const source = fileURLToPath(new URL('./JGroupsMember.java', import.meta.url))
    execFileSync('javac', ['-cp', JAR, '-d', folder, source])
    execFileSync('jar', ['xf', JAR, ...Object.values(STACKS)], { cwd: folder })
    for (const file of Object.values(STACKS)) {
      const stack = readFileSync(join(folder, file), 'utf8')
      const tuned = TUNED.reduce((text, [from, to]) => text.replace(from, to), stack)
      writeFileSync(join(folder, `tuned-${file}`), tuned)
    }
  }

  async run(shape, order, periods, hosts) {
    const port = freePort()
    const folder = this.#folder
    const stack = join(folder, `${this.#isTuned ? 'tuned-' : ''}${STACKS[order]}`)
    const members = Array.from({ length: shape.members }, (_, i) => {
      const options = {
        'java.net.preferIPv4Stack': true,
        'jgroups.bind_addr': hosts?.address(i) ?? '127.0.0.1',
        'jgroups.udp.mcast_addr': '239.77.2.1',
        'jgroups.udp.mcast_port': port,
      }
      const flags = Object.entries(options).map(([name, value]) => `-D${name}=${value}`)
      const java = ['java', '-Xmx1g', ...flags, '-cp', `${JAR}:${folder}`, 'JGroupsMember']
      const command = [...(hosts?.launcher(i) ?? []), ...java, stack, 'bench', shape.members, shape.bytes]
      return { member: new LineProcess(command.map(String)), helpers: [] }
    })
    try {
      return await measure(shape, members, periods)
    } finally {
      await Promise.all(members.map(({ member }) => member.stop()))
    }
  }
}
