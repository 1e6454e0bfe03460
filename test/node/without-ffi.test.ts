import { expect, it, vi } from 'vitest'
import { pairOf } from './loopback.js'
import { networkPortSuite } from './network-suite.js'

// As on a machine where the optional package is not installed.
vi.mock('koffi', () => {
  throw new Error('not installed')
})

networkPortSuite('UDP, without FFI', () => pairOf({}))

it('sends a packet a datagram where nothing can cut trains', async () => {
  const { a, b } = await pairOf({})
  expect(a.path).toBe('datagrams')
  await Promise.all([a.close(), b.close()])
})
