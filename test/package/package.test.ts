import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** The package as its users get it: packed, installed into an empty folder without development dependencies, used. */

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The first example of the README, which must run as it stands. */
function readmeExample(): string {
  const [, example] = /```js\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
  expect(example).toContain("from 'tutti'")
  return example
}

const isRoot = process.getuid?.() === 0

describe.skipIf(process.env.FULL !== '1' || !isRoot)('the package (FULL=1, root)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-package-'))
  /** A host with loopback and nothing else: what runs there by default settings reaches no other network. */
  const host = `tutti-package-${process.pid}`
  const run = (command: string, args: string[], cwd = folder) =>
    execFileSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' }, stdio: 'pipe' })

  const runOnHost = (command: string, args: string[]) => run('ip', ['netns', 'exec', host, command, ...args])

  beforeAll(() => {
    run('ip', ['netns', 'add', host])
    run('ip', ['-n', host, 'link', 'set', 'lo', 'up'])
    // As `npm test` has built it: to build it anew here would take the files from under tests that run meanwhile.
    const [tarball] = run('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], root)
      .trim()
      .split('\n')
      .slice(-1)
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }))
    run('npm', ['install', '--silent', '--omit=dev', '--ignore-scripts', join(folder, tarball)])
  }, 120_000)

  afterAll(() => {
    run('ip', ['netns', 'delete', host])
    rmSync(folder, { recursive: true, force: true })
  })

  test('holds no tests, no sources of its own build, and what its exports name', () => {
    const files = readdirSync(join(folder, 'node_modules/tutti'))
    expect(files).toEqual(expect.arrayContaining(['dist', 'proto', 'docs', 'README.md', 'LICENSE']))
    expect(files).not.toContain('test')
    expect(files).not.toContain('src')
  })

  test('npx tutti demo ends with equal digests', () => {
    expect(runOnHost('npx', ['tutti', 'demo', '--seconds', '3'])).toMatch(/equal/i)
  }, 60_000)

  test('the README example runs from JavaScript', () => {
    writeFileSync(join(folder, 'example.mjs'), readmeExample())
    expect(runOnHost('node', ['example.mjs'])).toContain('hello')
  }, 60_000)

  test('the README example compiles and runs from TypeScript', () => {
    writeFileSync(join(folder, 'example.ts'), readmeExample())
    const options = {
      strict: true,
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      outDir: 'out',
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['example.ts'] }))
    run('node', [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder])
    expect(runOnHost('node', ['out/example.js'])).toContain('hello')
  }, 60_000)

  test('is required from CommonJS on Nodes that can', () => {
    writeFileSync(join(folder, 'example.cjs'), "console.log(typeof require('tutti').join)")
    expect(run('node', ['--experimental-require-module', 'example.cjs'])).toContain('function')
  })

  test('works without koffi, one packet a system call', () => {
    for (const name of ['koffi', '@koromix'])
      rmSync(join(folder, 'node_modules', name), { recursive: true, force: true })
    expect(runOnHost('npx', ['tutti', 'demo', '--seconds', '3'])).toMatch(/equal/i)
    expect(runOnHost('node', ['example.mjs'])).toContain('hello')
  }, 60_000)
})
