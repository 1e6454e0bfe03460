import { expect, it } from 'vitest'
import { networkPortSuite } from '../node/network-suite.js'
import { Bench, train } from './host.js'

for (const path of ['trains', 'datagrams'] as const) {
  networkPortSuite(`simulated, ${path}`, async () => {
    const bench = new Bench()
    return { a: bench.open('a', path), b: bench.open('b', path), step: () => bench.world.step() }
  })
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

it('multicast reaches every member of the group but its sender, unicast reaches one', async () => {
  const bench = new Bench()
  const [a, b, c] = ['a', 'b', 'c'].map(name => bench.host(name))
  const stranger = bench.host('d', 'datagrams', '239.9.9.9')
  a.multicast(7)
  b.port.unicast(c.port.endpoint, Uint8Array.of(1, 2, 3), 1, 2)
  await bench.run(5)
  expect(a.arrivals).toEqual([])
  expect(b.arrivals).toMatchObject([{ from: 'a', multicast: true, bytes: Uint8Array.of(7) }])
  expect(c.arrivals.map(arrival => [arrival.from, arrival.multicast, ...arrival.bytes]).sort()).toEqual([
    ['a', true, 7],
    ['b', false, 2, 3],
  ])
  expect(stranger.arrivals).toEqual([])
})

it('what goes to a process that is gone leaves all the same', async () => {
  const bench = new Bench()
  const [a, b] = ['a', 'b'].map(name => bench.host(name))
  const left: number[] = []
  bench.network.onTransmit = (_, bytes) => left.push(...bytes)
  bench.network.close(b.port)
  a.port.unicast(b.port.endpoint, Uint8Array.of(1, 2, 3), 1, 2)
  await bench.run(5)
  expect(left).toEqual([2, 3])
  expect(b.arrivals).toEqual([])
})

it('takes the latency, and what the interface needs to send the bytes', async () => {
  const bench = new Bench({}, { latencyMs: [3, 3], bytesPerMs: 1_000 })
  const [a, b] = ['a', 'b'].map(name => bench.host(name))
  a.port.multicast(train(2, 1_000), 0, 2_000)
  await bench.run(10)
  expect(b.arrivals.map(arrival => arrival.atMs)).toEqual([4, 5])
})

it('loses each packet of a train on its own, at each receiver', async () => {
  const bench = new Bench({ loss: 0.5 })
  const [a, b, c] = ['a', 'b', 'c'].map(name => bench.host(name))
  a.port.multicast(train(64, 1_000), 0, 64_000)
  await bench.run(10)
  const [atB, atC] = [b.packets(1_000), c.packets(1_000)]
  for (const arrived of [atB, atC]) {
    expect(arrived.length).toBeGreaterThan(10)
    expect(arrived.length).toBeLessThan(54)
    expect(arrived).toEqual([...arrived].sort((x, y) => x - y))
  }
  expect(atB).not.toEqual(atC)
})

it('couples packets that arrive back to back to a train where the receiver takes trains, and only there', async () => {
  const bench = new Bench()
  const a = bench.host('a')
  const trains = bench.host('b', 'trains')
  const datagrams = bench.host('c', 'datagrams')
  // While they stand still all is gathered.
  for (const host of [trains, datagrams]) host.process.pause(4)
  a.port.multicast(train(64, 1_000), 0, 63_500)
  await bench.run(10)
  expect(trains.packets(1_000)).toEqual(numbers(64))
  expect(trains.arrivals.length).toBeLessThan(32)
  expect(datagrams.arrivals.map(arrival => arrival.bytes.length)).toEqual([...Array(63).fill(1_000), 500])
})

it('a train ends with a packet that is shorter', async () => {
  const bench = new Bench()
  const a = bench.host('a')
  const b = bench.host('b', 'trains')
  b.process.pause(4)
  for (let i = 0; i < 50; i++) a.port.multicast(new Uint8Array(1_500), 0, 1_500)
  await bench.run(10)
  const lengths = new Set(b.arrivals.map(arrival => arrival.bytes.length))
  expect([...lengths].sort()).toEqual([1_000, 1_500, 500])
})

it('doubles, reorders and delays packets', async () => {
  const doubled = new Bench({ duplicate: 1 })
  const reordered = new Bench({ reorder: 0.3 })
  const delayed = new Bench({ delayMs: [40, 50] })
  for (const bench of [doubled, reordered, delayed]) {
    const [a] = [bench.host('a'), bench.host('b')]
    for (const i of numbers(20)) a.multicast(i)
    await bench.run(100)
  }
  const arrived = [doubled, reordered, delayed].map(bench => bench.hosts[1].packets(1_000))
  expect([...arrived[0]].sort((x, y) => x - y)).toEqual(numbers(20).flatMap(i => [i, i]))
  expect(arrived[1]).not.toEqual(numbers(20))
  expect([...arrived[1]].sort((x, y) => x - y)).toEqual(numbers(20))
  expect(arrived[2]).toEqual(numbers(20))
  expect(delayed.hosts[1].arrivals[0].atMs).toBeGreaterThanOrEqual(41)
})

it('corrupts a copy: bits, or the end; what the sender keeps is as it was', async () => {
  const bench = new Bench({ corrupt: 1 })
  const [a, b] = [bench.host('a'), bench.host('b')]
  const sent = new Uint8Array(100)
  for (let i = 0; i < 40; i++) a.port.multicast(sent, 0, 100)
  await bench.run(10)
  const truncated = b.arrivals.filter(arrival => arrival.bytes.length < 100)
  const flipped = b.arrivals.filter(arrival => arrival.bytes.length === 100)
  expect(truncated.length).toBeGreaterThan(0)
  expect(flipped.length).toBeGreaterThan(truncated.length)
  for (const { bytes } of flipped) expect(bytes.some(byte => byte !== 0)).toBe(true)
  expect(sent).toEqual(new Uint8Array(100))
})

it('impairs only the way it is told to, until it is ended', async () => {
  const bench = new Bench()
  const [a, b, c] = ['a', 'b', 'c'].map(name => bench.host(name))
  const end = bench.conditions.impair({ loss: 1 }, { from: 'a', to: ['b'] })
  a.multicast(1)
  c.multicast(2)
  await bench.run(5)
  end()
  a.multicast(3)
  await bench.run(5)
  expect(b.packets(1_000)).toEqual([2, 3])
  expect(c.packets(1_000)).toEqual([1, 3])
})

it('cuts one way, or multicast alone', async () => {
  const bench = new Bench()
  const [a, b] = [bench.host('a'), bench.host('b')]
  const exchange = async (n: number) => {
    a.multicast(n)
    a.port.unicast(b.port.endpoint, Uint8Array.of(n + 1), 0, 1)
    b.multicast(n + 2)
    await bench.run(5)
    const arrived = [a, b].map(host => host.packets(1_000).sort())
    for (const host of [a, b]) host.arrivals.length = 0
    return arrived
  }
  const end = bench.conditions.cut('a', 'b', {})
  expect(await exchange(10)).toEqual([[12], []])
  end()
  bench.conditions.cut('a', 'b', { multicastOnly: true })
  expect(await exchange(20)).toEqual([[22], [21]])
  bench.conditions.heal()
  expect(await exchange(30)).toEqual([[32], [30, 31]])
})

it('parts the sides of a partition; whom no side names is on one side more', async () => {
  const bench = new Bench()
  const hosts = ['a', 'b', 'c', 'd'].map(name => bench.host(name))
  const end = bench.conditions.partition([['a', 'b']])
  const heard = async () => {
    for (const [i, host] of hosts.entries()) host.multicast(i)
    await bench.run(5)
    return hosts.map(host => {
      const numbers = host.packets(1_000).sort()
      host.arrivals.length = 0
      return numbers.join('')
    })
  }
  expect(await heard()).toEqual(['1', '0', '3', '2'])
  end()
  expect(await heard()).toEqual(['123', '023', '013', '012'])
})

it('a host that stands still reads nothing; what its sockets cannot hold is lost and counted', async () => {
  const bench = new Bench({}, { receiveBufferBytes: 10_000 })
  const [a, b] = [bench.host('a'), bench.host('b')]
  b.process.pause(50)
  for (const _ of numbers(3)) a.port.multicast(train(5, 1_000), 0, 5_000)
  await bench.run(49)
  expect(b.arrivals).toEqual([])
  await bench.run(5)
  expect(b.packets(1_000)).toEqual([...numbers(5), ...numbers(5)])
  expect(b.overflowed).toBe(5)
})

it('a process that crashed sends and hears nothing more', async () => {
  const bench = new Bench()
  const [a, b] = [bench.host('a'), bench.host('b')]
  a.multicast(1)
  b.process.stop()
  bench.network.close(b.port)
  b.multicast(2)
  await bench.run(5)
  expect(a.arrivals).toEqual([])
  expect(b.arrivals).toEqual([])
  const again = bench.host('b')
  expect(again.port.endpoint.address).toBe(b.port.endpoint.address)
  expect(again.port.endpoint.port).not.toBe(b.port.endpoint.port)
  a.multicast(3)
  await bench.run(5)
  expect(again.packets(1_000)).toEqual([3])
})

it('has read the bytes when it returns', async () => {
  const bench = new Bench()
  const [a, b] = [bench.host('a'), bench.host('b')]
  const bytes = Uint8Array.of(1)
  a.port.multicast(bytes, 0, 1)
  bytes[0] = 2
  await bench.run(5)
  expect(b.packets(1_000)).toEqual([1])
})

it('the digest of a run depends on the seed and on nothing else', async () => {
  const digest = async (seed: number) => {
    const bench = new Bench({ loss: 0.3, reorder: 0.3, corrupt: 0.1 }, {}, seed)
    const [a] = [bench.host('a'), bench.host('b', 'trains')]
    for (let i = 0; i < 20; i++) a.port.multicast(train(20, 1_000), 0, 20_000)
    await bench.run(20)
    return bench.digest.hex
  }
  expect(await digest(1)).toBe(await digest(1))
  expect(await digest(1)).not.toBe(await digest(2))
})
