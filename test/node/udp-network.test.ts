import { join } from 'tutti'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TuttiError } from '../../src/errors.js'
import { resolvePeers } from '../../src/node/peer-addresses.js'
import { openUdpNetwork, type UdpNetworkOptions } from '../../src/node/udp-network.js'
import type { NetworkPort } from '../../src/ports.js'
import { freePort, pairOf, sockets } from './loopback.js'
import { networkPortSuite } from './network-suite.js'

networkPortSuite('UDP, trains', () => pairOf({}))
networkPortSuite('UDP, a packet a datagram', () => pairOf({ trains: false }))
networkPortSuite('UDP, small packets', () => pairOf({ packetBytes: 200 }))

async function pairOfPeers(address: string) {
  const peers = { interface: address, port: 0, peers: [] }
  const [a, b] = await Promise.all([openUdpNetwork(peers), openUdpNetwork(peers)])
  for (const port of [a, b]) port.reach([a.endpoint, b.endpoint])
  return { a, b }
}

networkPortSuite('UDP, peers', () => pairOfPeers('127.0.0.1'))
networkPortSuite('UDP, peers on IPv6', () => pairOfPeers('::1'))

// Linux carries no IPv6 multicast on loopback: for this one, name another interface.
const interface6 = process.env.TUTTI_TEST_IPV6_INTERFACE
if (interface6) networkPortSuite('UDP, IPv6', () => pairOf({ interface: interface6, address: 'ff15::7474' }))

describe('opening a port', () => {
  const opened: NetworkPort[] = []
  const open = async (options: Partial<UdpNetworkOptions>) => {
    const port = await openUdpNetwork({ interface: '127.0.0.1', address: '239.1.2.3', port: freePort(), ...options })
    opened.push(port)
    return port
  }
  afterEach(async () => {
    await Promise.all(opened.splice(0).map(port => port.close()))
  })

  const refusal = async (options: Partial<UdpNetworkOptions>): Promise<{ code: string; message: string }> => {
    const error = await open(options).then(
      () => undefined,
      error => error,
    )
    expect(error).toBeInstanceOf(TuttiError)
    return error
  }

  it('takes an interface by name or address', async () => {
    expect((await open({ interface: 'lo' })).endpoint.address).toBe('127.0.0.1')
    expect((await open({ interface: '127.0.0.1' })).endpoint.address).toBe('127.0.0.1')
    expect((await open({ interface: '127.0.0.9' })).endpoint.address).toBe('127.0.0.9')
  })

  it('asks for a large receive buffer, and warns of a small one', async () => {
    const warnings: string[] = []
    const warn = (message: string) => warnings.push(message)
    expect((await open({ warn })).receiveBufferBytes).toBeGreaterThan(1 << 20)
    expect(warnings).toEqual([])
    expect((await open({ warn, receiveBufferBytes: 65536 })).receiveBufferBytes).toBeLessThan(1 << 20)
    expect(warnings).toEqual([expect.stringContaining('sysctl -w net.core.rmem_max=')])
  })

  it('lists the interfaces there are when there is no such one', async () => {
    expect(await refusal({ interface: 'nix0' })).toMatchObject({
      code: 'ERR_TUTTI_INTERFACE',
      message: expect.stringMatching(/"nix0".*lo \(127\.0\.0\.1\)/),
    })
    expect(await refusal({ interface: '198.51.100.1' })).toMatchObject({ code: 'ERR_TUTTI_INTERFACE' })
  })

  it('says that an interface has no address of the family', async () => {
    expect(await refusal({ interface: '127.0.0.1', address: 'ff15::1' })).toMatchObject({ code: 'ERR_TUTTI_INTERFACE' })
  })

  it.each(['10.0.0.1', 'localhost', '', '239.1.2', 'fe80::1'])('refuses the group address "%s"', async address => {
    expect(await refusal({ address })).toMatchObject({
      code: 'ERR_TUTTI_OPTION',
      message: expect.stringContaining('multicast address such as 239.1.2.3'),
    })
  })

  it.each([{ port: 0 }, { port: 65536 }, { port: 1.5 }, { ttl: 256 }, { packetBytes: 10 }])(
    'refuses %j',
    async options => {
      expect(await refusal(options)).toMatchObject({ code: 'ERR_TUTTI_OPTION' })
    },
  )

  it('names who holds a port that is not shared', async () => {
    const first = await open({ peers: [], port: 0 })
    expect(await refusal({ peers: [], port: first.endpoint.port })).toMatchObject({
      code: 'ERR_TUTTI_ADDRESS_IN_USE',
      message: expect.stringContaining('choose another `port`'),
    })
  })

  it.runIf(process.platform === 'linux')('says what to do where there is no way for multicast', async () => {
    expect(await refusal({ interface: '::1', address: 'ff15::1' })).toMatchObject({
      code: 'ERR_TUTTI_NO_ROUTE',
      message: expect.stringMatching(/interface lo: .*choose another `interface`/),
    })
  })

  it('looks the names of peers up, and finds itself among them', async () => {
    const peers = [freePort(), freePort()].map(port => ({ address: 'localhost', port }))
    const a = await open({ interface: undefined, peers, port: peers[0].port })
    expect(a.endpoint).toEqual({ address: '127.0.0.1', port: peers[0].port })
    const b = await open({ interface: undefined, peers, port: peers[1].port })
    const heard = new Promise<unknown>(resolve => {
      b.start({ datagram: (_, from) => resolve(from), failed: resolve, refused: () => {}, overflowed: () => {} })
    })
    a.start({ datagram: () => {}, failed: () => {}, refused: () => {}, overflowed: () => {} })
    a.multicast(Uint8Array.of(1), 0, 1)
    expect(await heard).toMatchObject(a.endpoint)
  })

  it('takes the name of this host for its address on the network where others are elsewhere', async () => {
    const peers = ['localhost', '10.9.9.9', '127.0.0.3'].map(address => ({ address, port: 7475 }))
    const addresses = (await resolvePeers(peers, '127.0.0.9')).map(({ address }) => address)
    expect(addresses).toEqual(['127.0.0.9', '10.9.9.9', '127.0.0.3'])
  })

  it('names the peer that has no address', async () => {
    expect(await refusal({ peers: [{ address: 'nowhere.invalid', port: 7475 }] })).toMatchObject({
      code: 'ERR_TUTTI_NETWORK',
      message: expect.stringMatching(/the peer "nowhere\.invalid" \(E\w+\): check the name/),
    })
  })

  it.each([
    ['127.0.0.1', '::1'],
    ['::1', '127.0.0.1'],
  ])('refuses peers of two families, %s and %s', async (...hosts) => {
    const peers = hosts.map(address => ({ address, port: 7475 }))
    expect(await refusal({ interface: undefined, peers })).toMatchObject({
      code: 'ERR_TUTTI_OPTION',
      message: expect.stringContaining('all be IPv4, or all IPv6'),
    })
  })

  it('skips itself in the list of peers, and binds what the list says', async () => {
    const peers = [
      { address: '127.0.0.2', port: freePort() },
      { address: '127.0.0.3', port: freePort() },
    ]
    const a = await openUdpNetwork({ peers, port: peers[0].port })
    const b = await openUdpNetwork({ peers, port: peers[1].port })
    opened.push(a, b)
    expect(a.endpoint).toEqual(peers[0])
    const atA: number[] = []
    const heard = new Promise(resolve => {
      a.start({
        datagram: bytes => atA.push(bytes[0]) && resolve(undefined),
        failed: resolve,
        refused: () => {},
        overflowed: () => {},
      })
    })
    b.start({
      datagram: () => b.multicast(Uint8Array.of(2), 0, 1),
      failed: () => {},
      refused: () => {},
      overflowed: () => {},
    })
    a.multicast(Uint8Array.of(1), 0, 1)
    await heard
    expect(atA).toEqual([2])
  })

  it('counts what its buffer had no room for, and nothing of its own', async () => {
    const port = freePort()
    const [small, sender] = await Promise.all([open({ port, receiveBufferBytes: 65536 }), open({ port })])
    let received = 0
    const counted = new Promise<number>(resolve => {
      small.start({ datagram: () => received++, failed: () => {}, refused: () => {}, overflowed: resolve })
    })
    const ownOverflows: number[] = []
    sender.start({
      datagram: () => {},
      failed: () => {},
      refused: () => {},
      overflowed: lost => ownOverflows.push(lost),
    })
    const train = new Uint8Array(10 * sender.packetBytes)
    for (let i = 0; i < 200; i++) sender.multicast(train, 0, train.length)
    expect((await counted) + received).toBe(200)
    expect(ownOverflows).toEqual([])
  })

  it('holds a train to its bounds', async () => {
    const port = await open({ packetBytes: 100 })
    expect(() => port.multicast(new Uint8Array(6401), 0, 6401)).toThrow(/a train within its bounds/)
  })
})

describe.runIf(process.platform === 'linux')('closing a port', () => {
  let before: string[]
  beforeEach(() => {
    before = sockets()
  })

  it.each([{}, { trains: false }])('leaves no socket, %j', async options => {
    const { a, b } = await pairOf(options)
    a.start({ datagram: () => {}, failed: () => {}, refused: () => {}, overflowed: () => {} })
    a.multicast(new Uint8Array(20_000), 0, 20_000)
    expect(sockets().length).toBe(before.length + 4)
    await Promise.all([a.close(), b.close()])
    expect(sockets()).toEqual(before)
  })

  it('leaves no socket when opening fails halfway', async () => {
    const taken = await openUdpNetwork({ interface: '127.0.0.1', port: 0, peers: [] })
    await expect(openUdpNetwork({ interface: '127.0.0.1', port: taken.endpoint.port, peers: [] })).rejects.toThrow()
    await taken.close()
    await expect(openUdpNetwork({ interface: '::1', address: 'ff1f::1', port: 0 })).rejects.toThrow()
    await expect(join('orders', { interface: '127.0.0.1', port: freePort(), faults: 'los=0.1' })).rejects.toThrow('los')
    expect(sockets()).toEqual(before)
  })
})
