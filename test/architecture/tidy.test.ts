import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

/** The architecture, as a test: who may import whom, what is banned where, how long a file may be, what is dead. */

const root = fileURLToPath(new URL('../..', import.meta.url))
const LINES_MAX = 400

/** Layer by layer: what the files of a layer may import besides their own layer's. '*': anything of the kind. */
const RULES: Record<string, { mayImport: string[]; node: boolean; packages: string[]; siblings: boolean }> = {
  types: { mayImport: ['slab'], node: false, packages: [], siblings: true },
  errors: { mayImport: [], node: false, packages: [], siblings: true },
  slab: { mayImport: ['errors'], node: false, packages: [], siblings: true },
  ports: { mayImport: ['types', 'slab'], node: false, packages: [], siblings: true },
  options: { mayImport: ['types', 'errors', 'wire'], node: false, packages: ['pino'], siblings: true },
  wire: { mayImport: ['types', 'slab'], node: false, packages: ['lru-cache'], siblings: true },
  multicast: { mayImport: ['types', 'slab', 'wire'], node: false, packages: ['lru-cache'], siblings: false },
  ordering: { mayImport: ['wire'], node: false, packages: [], siblings: true },
  paxos: { mayImport: ['errors'], node: false, packages: [], siblings: true },
  membership: { mayImport: ['types', 'wire', 'paxos'], node: false, packages: [], siblings: true },
  engine: {
    mayImport: ['types', 'errors', 'slab', 'wire', 'multicast', 'ordering', 'membership'],
    node: false,
    packages: [],
    siblings: true,
  },
  driver: { mayImport: ['types', 'slab', 'ports', 'engine'], node: false, packages: [], siblings: true },
  group: {
    mayImport: ['types', 'errors', 'options', 'ports', 'driver', 'engine', 'wire'],
    node: true,
    packages: [],
    siblings: true,
  },
  node: {
    mayImport: ['types', 'errors', 'slab', 'ports', 'wire'],
    node: true,
    packages: ['dgram-as-promised', 'koffi'],
    siblings: true,
  },
  sim: {
    mayImport: ['types', 'errors', 'slab', 'ports', 'driver', 'group', 'options', 'paxos', 'wire'],
    node: true,
    packages: [],
    siblings: true,
  },
  index: { mayImport: ['*'], node: true, packages: [], siblings: true },
  cli: { mayImport: [], node: true, packages: ['tutti', 'commander', 'pino'], siblings: true },
}

/** Files of src/ itself that belong to a layer of another name. */
const LAYER_OF: Record<string, string> = {
  addressee: 'group',
  'engine-config': 'group',
  'send-options': 'group',
  'send-queue': 'group',
  'event-queue': 'group',
  'open-group': 'group',
  'group-events': 'group',
  unconfirmed: 'group',
  listeners: 'group',
  'message-class': 'group',
  delivery: 'types',
}

/** Where clocks, timers and chance may be named. Everything else gets them as inputs. */
const CLOCK_LAYERS = new Set(['node', 'sim', 'cli'])
const BANNED = /\b(Date|performance|Math\.random|setTimeout|setInterval|setImmediate|process)\b\s*[.(]/

function filesUnder(folder: string): string[] {
  return readdirSync(join(root, folder)).flatMap(name => {
    const path = join(folder, name)
    if (name === 'generated') return []
    return statSync(join(root, path)).isDirectory() ? filesUnder(path) : path.endsWith('.ts') ? [path] : []
  })
}

function layerOf(path: string): string {
  const [first] = relative('src', path).split('/')
  const name = first.replace(/\.(ts|js)$/, '')
  return LAYER_OF[name] ?? name
}

const sources = filesUnder('src').map(path => {
  const text = readFileSync(join(root, path), 'utf8')
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
  const imports = [...code.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, specifier]) => specifier)
  return { path, layer: layerOf(path), text, code, imports }
})

/** What is wrong with one import of one file, or nothing. Exported rules are tested on made-up files below. */
function fault(path: string, layer: string, specifier: string): string | undefined {
  const rule = RULES[layer]
  if (rule === undefined) return `${path}: no rule for the layer ${layer}`
  if (specifier.startsWith('node:')) return rule.node ? undefined : `${path} imports ${specifier}`
  if (!specifier.startsWith('.')) {
    const name = specifier.split('/')[0]
    return rule.packages.includes(name) || layer === 'index' || specifier === 'protobufjs/minimal.js'
      ? undefined
      : `${path} imports ${specifier}`
  }
  const target = join(dirname(path), specifier)
  const to = layerOf(target)
  if (to === layer) return rule.siblings ? undefined : `${path} imports its sibling ${target}`
  return rule.mayImport.includes(to) || rule.mayImport.includes('*') ? undefined : `${path} imports ${target}`
}

describe('architecture', () => {
  test('finds the sources', () => {
    expect(sources.length).toBeGreaterThan(40)
  })

  test('layers import only what is below them', () => {
    const faults = sources.flatMap(({ path, layer, imports }) =>
      imports.map(specifier => fault(path, layer, specifier)),
    )
    expect(faults.filter(Boolean)).toEqual([])
  })

  test('the rules catch what they are for', () => {
    expect(fault('src/engine/engine.ts', 'engine', '../driver.js')).toBeDefined()
    expect(fault('src/engine/engine.ts', 'engine', '../node/udp-network.js')).toBeDefined()
    expect(fault('src/engine/engine.ts', 'engine', 'node:dgram')).toBeDefined()
    expect(fault('src/multicast/repair.ts', 'multicast', './send-window.js')).toBeDefined()
    expect(fault('src/cli/chat.ts', 'cli', '../group.js')).toBeDefined()
    expect(fault('src/wire/header.ts', 'wire', '../engine/engine.js')).toBeDefined()
    // The synod knows nothing of groups, and the engine nothing of the synod.
    expect(fault('src/paxos/acceptor.ts', 'paxos', '../wire/view-codec.js')).toBeDefined()
    expect(fault('src/paxos/acceptor.ts', 'paxos', '../membership/membership.js')).toBeDefined()
    expect(fault('src/engine/engine.ts', 'engine', '../paxos/acceptor.js')).toBeDefined()
    expect(fault('src/membership/membership.ts', 'membership', '../engine/engine.js')).toBeDefined()
    expect(fault('src/membership/view-watch.ts', 'membership', '../paxos/quorum.js')).toBeUndefined()
    expect(fault('src/engine/engine.ts', 'engine', '../wire/header.js')).toBeUndefined()
  })

  test('time, timers and chance are named only in ports', () => {
    const faults = sources.filter(
      ({ layer, code }) => !CLOCK_LAYERS.has(layer) && layer !== 'index' && BANNED.test(code),
    )
    expect(faults.map(({ path }) => path)).toEqual([])
    expect(BANNED.test('const now = Date.now()')).toBe(true)
  })

  test(`no file is longer than ${LINES_MAX} lines`, () => {
    const long = sources.filter(({ text }) => text.split('\n').length > LINES_MAX)
    expect(long.map(({ path }) => path)).toEqual([])
  })

  test('every file is used by another', () => {
    const used = new Set(
      sources.flatMap(({ path, imports }) => imports.map(specifier => join(dirname(path), specifier))),
    )
    const entries = new Set(['src/index.js', 'src/sim/index.js', 'src/cli/main.js'])
    const dead = sources
      .map(({ path }) => path.replace(/\.ts$/, '.js'))
      .filter(path => !used.has(path) && !entries.has(path))
    expect(dead).toEqual([])
  })

  test('nothing is left open, skipped or silenced', () => {
    const all = ['src', 'test', 'bench', 'examples'].flatMap(filesUnder).filter(path => !path.endsWith('tidy.test.ts'))
    const open = /\b(TODO|FIXME|XXX)\b|@ts-ignore|@ts-expect-error|biome-ignore|\b(it|test|describe)\.(only|todo)\b/
    expect(all.filter(path => open.test(readFileSync(join(root, path), 'utf8')))).toEqual([])
  })
})
