import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../dist/bench/ports.js'
import { LineProcess } from './line-process.mjs'
import { measure } from './measure.mjs'
import { has } from './packages.mjs'

/** What daemons of one machine would share, each has for itself. */
const OWN_FOLDERS = ['/run', '/dev/shm', '/var/lib/corosync']

export class Corosync {
  name = 'corosync'
  packages = ['corosync', 'libcpg-dev', 'gcc', 'libc6-dev']
  orders = ['total']
  places = ['namespaces']
  #folder

  get isInstalled() {
    return has('corosync') && has('gcc') && existsSync('/usr/include/corosync/cpg.h')
  }

  version() {
    return execFileSync('corosync', ['-v'], { encoding: 'utf8' }).match(/\d+(\.\d+)+/)?.[0]
  }

  prepare(folder) {
    this.#folder = folder
    const source = fileURLToPath(new URL('./cpg-member.c', import.meta.url))
    execFileSync('gcc', ['-O2', '-o', join(folder, 'cpg-member'), source, '-lcpg'])
  }

  async run(shape, _order, periods, hosts) {
    const file = join(this.#folder, 'corosync.conf')
    writeFileSync(file, configuration(shape.members, hosts))
    const mounts = OWN_FOLDERS.map(folder => `mount -t tmpfs tmpfs ${folder}`).join(' && ')
    const script = `mount --make-rprivate / && ${mounts} && exec corosync -f -c ${file} 2>&1`
    const daemons = Array.from(
      { length: shape.members },
      (_, i) => new LineProcess([...hosts.launcher(i), 'unshare', '-m', 'sh', '-c', script]),
    )
    const members = []
    try {
      await Promise.all(daemons.map(daemon => daemon.line(new RegExp(`Sync members\\[${shape.members}\\]`))))
      for (const daemon of daemons) {
        const inside = ['nsenter', '--target', String(daemon.pid), '--mount', '--net']
        const command = [join(this.#folder, 'cpg-member'), 'bench', shape.members, shape.bytes]
        members.push({ member: new LineProcess([...inside, ...command.map(String)]), helpers: [daemon] })
      }
      return await measure(shape, members, periods)
    } finally {
      await Promise.all(members.map(({ member }) => member.stop()))
      await Promise.all(daemons.map(daemon => daemon.stop()))
    }
  }
}

/** What has no default, and two things beside: no log files, and no realtime priority, which starves all else on two cores. */
function configuration(members, hosts) {
  const nodes = Array.from(
    { length: members },
    (_, i) => `  node {\n    nodeid: ${i + 1}\n    ring0_addr: ${hosts.address(i)}\n  }\n`,
  )
  return `totem {
  version: 2
  cluster_name: bench
  transport: udp
  crypto_cipher: none
  crypto_hash: none
  interface {
    ringnumber: 0
    mcastaddr: 239.77.3.1
    mcastport: ${freePort()}
    ttl: 1
  }
}
nodelist {
${nodes.join('')}}
logging {
  to_stderr: yes
  to_syslog: no
  to_logfile: no
}
system {
  sched_rr: no
}
`
}
