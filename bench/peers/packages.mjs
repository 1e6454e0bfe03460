import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Whether a program is there to be run. */
export function has(program) {
  return process.env.PATH.split(delimiter).some(folder => existsSync(join(folder, program)))
}

export const aptLine = packages => `apt-get install --no-install-recommends ${packages.join(' ')}`

/** RUNLEVEL=1: what is installed is not to be started as a service of this machine. */
export function install(packages) {
  const env = { ...process.env, RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' }
  const args = ['install', '--yes', '--no-install-recommends', ...packages]
  const { status } = spawnSync('apt-get', args, { env, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error(`apt-get could not install ${packages.join(' ')}`)
}
