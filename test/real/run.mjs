// Plays every scenario of real processes, and prints a line for each: `npm run real [-- --rounds 20] [--only TEXT]`.
// With --load it runs one group at full rate instead, for --seconds 600, and watches that nobody is taken for dead.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    load: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '600' },
  },
})
const wish = values.load
  ? { REAL_LOAD_SECONDS: values.seconds }
  : { REAL_ROUNDS: values.rounds, REAL_ONLY: values.only }
const file = `test/real/${values.load ? 'load' : 'faults'}.test.ts`
const vitest = ['node_modules/vitest/vitest.mjs', 'run', file, '--reporter=./test/real/line-reporter.mjs']
const { status } = spawnSync(process.execPath, vitest, {
  cwd: root,
  env: { ...process.env, ...wish },
  stdio: ['ignore', 'inherit', 'inherit'],
})
process.exitCode = status ?? 1
