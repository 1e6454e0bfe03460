// Applies each mutant to a copy of the project and runs the suite on it: prints the check that caught it, and fails if
// one gets away. `npm run mutants [-- PART OF A NAME]`.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mutants } from './mutants.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What must catch them, fastest first; a mutant that the first catches does not reach the next. */
const SUITES = [
  ['test/paxos', 'test/wire', 'test/multicast', 'test/ordering', 'test/engine'],
  ['test/scenarios', 'test/adversary'],
  ['test/api', 'test/sim'],
]
const FLAGS = ['--bail=1', '--reporter=json']

function copyProject() {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-mutant-'))
  for (const name of [
    'src',
    'bench',
    'test',
    'proto',
    'examples',
    'package.json',
    'tsconfig.json',
    'vitest.config.ts',
  ]) {
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  symlinkSync(join(root, 'dist'), join(folder, 'dist'))
  return folder
}

/** Before anything is run: a mutant whose line was rewritten says so at once, not when its turn comes. */
function check({ name, file, find }) {
  const text = readFileSync(join(root, file), 'utf8')
  if (text.split(find).length !== 2) throw new Error(`mutant "${name}": its text must occur once in ${file}`)
}

function apply(folder, { file, find, replace }) {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  writeFileSync(
    path,
    text.replace(find, () => replace),
  )
}

/** A mutant that never ends is caught by this; a busy machine should not be. */
const SUITE_MS_MAX = 300_000

/** The first check that failed, or null. @param tests  those that are known to catch it, if any */
function judge(folder, tests) {
  for (const [i, suite] of (tests === undefined ? SUITES : [tests, ...SUITES]).entries()) {
    // One for each: that of a suite which did not end must not be taken from the one before.
    const report = join(folder, `report-${i}.json`)
    const vitest = join(folder, 'node_modules/vitest/vitest.mjs')
    spawnSync(process.execPath, [vitest, 'run', ...suite, ...FLAGS, `--outputFile=${report}`], {
      cwd: folder,
      env: { ...process.env, FULL: '', MUTANT: '1' },
      stdio: 'ignore',
      timeout: SUITE_MS_MAX,
    })
    if (!existsSync(report)) return 'the suite did not end in time'
    const { testResults, success } = JSON.parse(readFileSync(report, 'utf8'))
    if (success) continue
    const failed = testResults.flatMap(file => file.assertionResults).find(({ status }) => status === 'failed')
    const broken = testResults.find(({ status }) => status === 'failed')
    return failed?.fullName ?? broken?.message ?? 'the suite did not end in time'
  }
  return null
}

/** The same without an edit: a suite that fails anyway would catch everything. */
function control() {
  const folder = copyProject()
  try {
    const failed = judge(folder)
    if (failed === null) return
    console.error(`the suite fails without a mutant: ${failed}`)
    process.exit(1)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

for (const mutant of mutants) check(mutant)
control()
const [, , part = ''] = process.argv
const chosen = mutants.filter(({ name }) => name.includes(part))
let escaped = 0
for (const mutant of chosen) {
  const folder = copyProject()
  try {
    apply(folder, mutant)
    const caughtBy = judge(folder, mutant.tests)
    if (caughtBy === null) escaped++
    console.log(
      `${caughtBy === null ? 'ESCAPED' : 'caught '}  ${mutant.name}${caughtBy === null ? '' : `\n         by: ${caughtBy}`}`,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
console.log(`${chosen.length - escaped} of ${chosen.length} mutants caught`)
process.exit(escaped === 0 ? 0 : 1)
