import { afterAll, expect, it, vi } from 'vitest'
import { networkPortSuite } from './network-suite.js'

// As on a machine where the optional package is not installed. What other tests have loaded has it already.
vi.resetModules()
vi.doMock('koffi', () => {
  throw new Error('not installed')
})
const { pairOf } = await import('./loopback.js')
afterAll(() => {
  vi.doUnmock('koffi')
  vi.resetModules()
})

networkPortSuite('UDP, without FFI', () => pairOf({}))

it('sends a packet a datagram where nothing can cut trains', async () => {
  const { a, b } = await pairOf({})
  expect(a.path).toBe('datagrams')
  await Promise.all([a.close(), b.close()])
})
