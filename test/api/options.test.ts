import { type JoinOptions, openGroup, type Ports, TuttiError } from 'tutti'
import { describe, expect, test } from 'vitest'

/** Opens a group with ports that must not be touched, since a wrong option is found before, but for being closed. */
async function refusal(group: unknown, options: unknown): Promise<TuttiError> {
  let closings = 0
  const ports = { network: { close: async () => closings++ } } as unknown as Ports
  const error = await openGroup(group as string, options as JoinOptions, ports).then(
    () => expect.unreachable('it was taken'),
    (error: unknown) => error,
  )
  expect(error).toBeInstanceOf(TuttiError)
  expect(closings).toBe(1)
  return error as TuttiError
}

describe('a wrong option is refused by a sentence that names it', () => {
  test.each<[names: string, options: unknown]>([
    ['colour', { colour: 'red' }],
    ['interface', { interface: 7 }],
    ['interface', { interface: '' }],
    ['address', { address: '' }],
    ['address', { address: 239 }],
    ['port', { port: 0 }],
    ['port', { port: 65_536 }],
    ['port', { port: '7475' }],
    ['port', { port: 74.75 }],
    ['ttl', { ttl: -1 }],
    ['ttl', { ttl: 256 }],
    ['peers', { peers: 'a:1' }],
    ['peers', { peers: ['nowhere'] }],
    ['peers', { peers: ['a:0'] }],
    ['peers', { peers: ['a:65536'] }],
    ['peers', { peers: [{ address: 'a' }] }],
    ['peers', { peers: [{ port: 7 }] }],
    ['peers', { peers: [null] }],
    ['order', { order: 'fast' }],
    ['expect', { expect: 0 }],
    ['expect', { expect: 4_097 }],
    ['expect', { expect: Number.NaN }],
    ['partition', { partition: 'minority' }],
    ['packetBytes', { packetBytes: 511 }],
    ['packetBytes', { packetBytes: 65_508 }],
    ['payloadChecksum', { payloadChecksum: 'yes' }],
    ['trains', { trains: 1 }],
    ['faults', { faults: {} }],
    ['seed', { seed: -1 }],
    ['seed', { seed: 2 ** 32 }],
    ['limits', { limits: null }],
    ['limits', { limits: 7 }],
    ['limits.messageBytesMax', { limits: { messageBytesMax: 0 } }],
    ['limits.messageBytesMax', { limits: { messageBytesMax: 2 ** 31 } }],
    ['limits.windowBytesMax', { limits: { windowBytesMax: 100 } }],
    ['limits.waitingSendsMax', { limits: { waitingSendsMax: 0.5 } }],
    ['limits.messageByteMax', { limits: { messageByteMax: 100 } }],
    ['signal', { signal: 'stop' }],
    ['logger', { logger: {} }],
    ['logger', { logger: 5 }],
    ['logger', { logger: null }],
    ['options', []],
    ['options', 5],
    ['options', null],
  ])('%s: %j', async (names, options) => {
    const error = await refusal('orders', options)
    expect(error.code).toBe('ERR_TUTTI_OPTION')
    expect(error.message).toContain(names)
  })

  test.each([[null], [7], ['a name']])('options that are none: %j', async options => {
    expect((await refusal('orders', options)).code).toBe('ERR_TUTTI_OPTION')
  })
})

describe('a wrong name is refused', () => {
  test.each([[''], ['x'.repeat(256)], ['ü'.repeat(128)], [7], [null]])('of a group: %j', async group => {
    const error = await refusal(group, {})
    expect(error.code).toBe('ERR_TUTTI_OPTION')
    expect(error.message).toContain('group name')
  })

  test.each([[''], ['x'.repeat(256)], ['ü'.repeat(128)], [7], [null]])('of a member: %j', async name => {
    const error = await refusal('orders', { name })
    expect(error.code).toBe('ERR_TUTTI_OPTION')
    expect(error.message).toContain('name')
  })

  test('and is told why', async () => {
    expect((await refusal('orders', { name: 'half \ud800' })).message).toContain('half a character')
    expect((await refusal('orders', { name: null })).message).toMatch(/not null$/)
    expect((await refusal('orders', [])).message).toMatch(/not an array$/)
  })
})

describe('what this release does not have is refused, never ignored', () => {
  test.each<[names: string, options: unknown]>([
    ['continue', { partition: 'continue' }],
    ['secret', { secret: 'x' }],
    ['log', { log: { dir: '/nowhere' } }],
    ['state', { state: {} }],
  ])('%s', async (names, options) => {
    const error = await refusal('orders', options)
    expect(error.code).toBe('ERR_TUTTI_UNSUPPORTED')
    expect(error.message).toContain(names)
  })
})
