import { afterAll, expect, it, vi } from 'vitest'
import { networkPortSuite } from './network-suite.js'

// As on a machine where the optional package is not installed. What other tests have loaded has it already.
vi.resetModules()
vi.doMock('koffi', () => {
  throw new Error('not installed')
})
const { pairOf, sockets } = await import('./loopback.js')
const { openUdpNetwork } = await import('../../src/node/udp-network.js')
afterAll(() => {
  vi.doUnmock('koffi')
  vi.resetModules()
})

networkPortSuite('UDP, without FFI', () => pairOf({}))

it('leaves no socket where binding one fails', async () => {
  const before = sockets()
  const taken = await openUdpNetwork({ interface: '127.0.0.1', port: 0, peers: [] })
  await expect(openUdpNetwork({ interface: '127.0.0.1', port: taken.endpoint.port, peers: [] })).rejects.toThrow()
  await taken.close()
  expect(sockets()).toEqual(before)
})

it('sends a packet a datagram where nothing can cut trains', async () => {
  const { a, b } = await pairOf({})
  expect(a.path).toBe('datagrams')
  await Promise.all([a.close(), b.close()])
})
