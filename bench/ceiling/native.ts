import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../ports.js'
import { CEILING_DEFAULTS, type CeilingOptions, type CeilingResult } from './ceiling.js'

const run = promisify(execFile)

/** The same as runCeiling, by a C program that is compiled here and now; undefined where that cannot be done. */
export async function runNativeCeiling(options: CeilingOptions): Promise<CeilingResult | undefined> {
  const source = sourceFile()
  if (!source || process.platform !== 'linux') return undefined
  const directory = await mkdtemp(join(tmpdir(), 'tutti-ceiling-'))
  try {
    const program = join(directory, 'native')
    try {
      await run('gcc', ['-O2', '-march=native', '-w', '-o', program, source])
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined // no compiler here
      throw error
    }
    const s = { ...CEILING_DEFAULTS, port: freePort(), warmUpSeconds: 1, ...options }
    const { stdout } = await run(
      program,
      [
        s.members,
        s.senders,
        s.bytes,
        s.seconds * 1000,
        s.warmUpSeconds * 1000,
        s.layout === 'padded' ? 1 : 0,
        s.packetBytes,
        s.trainPackets,
        s.windowBytes,
        s.ackBytes,
        s.receiveBufferBytes,
        s.trains ? 1 : 0,
        s.interface,
        s.address,
        s.port,
      ].map(String),
    )
    return { stalls: 0, bufferDrops: 0, path: s.trains ? 'trains' : 'datagrams', ...JSON.parse(stdout) }
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** The source lies in bench/ceiling, from where this file was compiled to dist/bench/ceiling. */
function sourceFile(): string | undefined {
  return ['./native.c', '../../../bench/ceiling/native.c']
    .map(path => fileURLToPath(new URL(path, import.meta.url)))
    .find(existsSync)
}
