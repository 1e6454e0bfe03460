import { createSocket } from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import { DgramAsPromised } from 'dgram-as-promised'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ProbeSockets } from '../../src/node/probe-sockets.js'
import type { Endpoint } from '../../src/types.js'
import { sockets } from './loopback.js'

const PROBE = Uint8Array.from([1, 2, 3])

let refusals: EventEmitter
let refused: Endpoint[]
let probes: ProbeSockets
beforeEach(() => {
  refusals = new EventEmitter()
  refused = []
  probes = new ProbeSockets(4, endpoint => {
    refused.push(endpoint)
    refusals.emit('refused')
  })
})
afterEach(() => probes.close())

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise(resolve => setImmediate(resolve))
}

it('a probe leaves once there is a way, and those behind it at once', async () => {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const to = { address: '127.0.0.1', port: socket.address().port }
  probes.probe(to, PROBE)
  const [first] = await once(socket, 'message')
  probes.probe(to, Uint8Array.from([4]))
  const [second] = await once(socket, 'message')
  expect([...first, ...second]).toEqual([1, 2, 3, 4])
  socket.close()
})

it('a port that nobody has is said to be refused', async () => {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const to = { address: '127.0.0.1', port: socket.address().port }
  socket.close()
  await once(socket, 'close')
  const hasRefused = once(refusals, 'refused')
  probes.probe(to, PROBE)
  await hasRefused
  expect(refused[0]).toEqual(to)
})

it('where there is no way no socket stays: the next probe tries anew', async () => {
  const before = sockets()
  const opened = vi.spyOn(DgramAsPromised, 'createSocket')
  // To send there takes a permission that nobody asked for.
  const to = { address: '255.255.255.255', port: 9 }
  await until(() => {
    probes.probe(to, PROBE)
    return opened.mock.calls.length === 3
  })
  opened.mockRestore()
  await until(() => sockets().length === before.length)
  expect(refused).toEqual([])
})
