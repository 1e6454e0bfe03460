import { describe, expect, it } from 'vitest'
import { parseFaults } from '../../src/node/faults.js'
import { FaultyNetwork } from '../../src/node/faulty-network.js'
import type { NetworkHandler, NetworkPort } from '../../src/ports.js'
import { pairOf } from './loopback.js'
import { networkPortSuite } from './network-suite.js'

networkPortSuite('UDP behind no faults', async () => {
  const { a, b } = await pairOf({})
  const none = parseFaults('loss=0')
  return { a: new FaultyNetwork(a, none, 1), b: new FaultyNetwork(b, none, 2) }
})

describe('faults', () => {
  it('are read from a specification', () => {
    expect(parseFaults('loss=0.1,duplicate=0.01,reorder=0.05,corrupt=0.001,delay=5..20ms')).toEqual({
      loss: 0.1,
      duplicate: 0.01,
      reorder: 0.05,
      corrupt: 0.001,
      delayMsMin: 5,
      delayMsMax: 20,
    })
  })

  it.each(['loss=2', 'loss', 'lost=0.1', 'delay=5', 'delay=9..3ms', 'delay=60001ms', 'loss=-1', ''])(
    'refuse "%s"',
    spec => {
      expect(() => parseFaults(spec)).toThrow(expect.objectContaining({ code: 'ERR_TUTTI_OPTION' }))
    },
  )

  /** Hands `packets` packets up in trains of ten, and returns the numbers of those that came through at once. */
  const through = (spec: string, packets: number, seed: number) => {
    let deliver: NetworkHandler['datagram'] = () => {}
    const inner = { packetBytes: 4, start: (handler: NetworkHandler) => (deliver = handler.datagram), close: () => {} }
    const network = new FaultyNetwork(inner as unknown as NetworkPort, parseFaults(spec), seed)
    const numbers: number[] = []
    const datagram = (bytes: Uint8Array) => numbers.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0))
    network.start({ datagram, failed: () => {}, refused: () => {}, overflowed: () => {} })
    const train = new Uint8Array(40)
    for (let first = 0; first < packets; first += 10) {
      for (let i = 0; i < 10; i++) new DataView(train.buffer).setUint32(4 * i, first + i)
      deliver(train.slice(), { address: '', port: 0 }, true)
    }
    network.close()
    return { numbers, injected: network.injected }
  }

  it('lose single packets of a train, at the rate asked for, and count them', () => {
    const { numbers, injected } = through('loss=0.1', 10_000, 1)
    expect(injected.lost).toBeGreaterThan(850)
    expect(injected.lost).toBeLessThan(1150)
    expect(numbers.length).toBe(10_000 - injected.lost)
  })

  it('come the same from the same seed, and others from another', () => {
    const spec = 'loss=0.1,duplicate=0.1'
    expect(through(spec, 500, 7)).toEqual(through(spec, 500, 7))
    expect(through(spec, 500, 7)).not.toEqual(through(spec, 500, 8))
  })

  it('double, corrupt and move packets', () => {
    expect(through('duplicate=1', 100, 1).injected.duplicated).toBe(100)
    expect(through('duplicate=1', 100, 1).numbers.length).toBe(200)
    const corrupted = through('corrupt=1', 100, 1)
    expect(corrupted.injected.corrupted).toBe(100)
    expect(corrupted.numbers.filter((number, i) => number === i)).toEqual([])
    expect(through('reorder=1', 100, 1)).toMatchObject({ numbers: [], injected: { reordered: 100 } })
  })
})
