import { beforeEach, expect, it } from 'vitest'
import type { SimNetworkPort } from '../../src/sim/sim-network.js'
import { StepWatches } from '../../src/sim/step-watches.js'
import { CONTROL, DATA, HEADER_BYTES, seal, writeHeader } from '../../src/wire/header.js'
import { Bench } from './host.js'

const VIEW = 77
const [FIFO, CAUSAL, TOTAL, ANNOUNCEMENT] = [0, 1, 2, 3]
const SAFE = 2

/** Packets of one sender, side by side. */
function train(rank: number, ...packets: { kind?: number; order?: number; flags?: number; body?: number }[]) {
  const parts = packets.map(({ kind = DATA, order = FIFO, flags = 0, body = 8 }) => {
    const bytes = new Uint8Array(HEADER_BYTES + body)
    writeHeader(bytes, 0, kind, 1, VIEW, rank, 5, 0, 0, order, flags)
    seal(bytes, 0, bytes.length)
    return bytes
  })
  return new Uint8Array(Buffer.concat(parts))
}

let watches: StepWatches
let ports: SimNetworkPort[]
let seen: string[]

beforeEach(() => {
  watches = new StepWatches()
  const bench = new Bench()
  ports = ['a', 'b', 'c'].map(name => bench.open(name, 'datagrams'))
  seen = []
  for (const [rank, port] of ports.entries()) watches.see(port, train(rank, { kind: CONTROL }))
})

const watch = (step: string) => watches.add(step, name => seen.push(`${step}: ${name}`))

it('names the sender of a causal and of a safe packet, wherever in a train', () => {
  const ends = [watch('causal')]
  expect(watches.see(ports[1], train(1, {}, { order: CAUSAL, body: 100 }))).toBe(true)
  expect(watches.see(ports[1], train(1, { order: TOTAL }, {}))).toBe(false)
  ends.push(watch('safe'))
  expect(watches.see(ports[2], train(2, { body: 3 }, { order: TOTAL, flags: SAFE }))).toBe(true)
  expect(watches.see(ports[2], train(2, { flags: 1 }))).toBe(false)
  expect(seen).toEqual(['causal: b', 'safe: c'])
  for (const end of ends) end()
  expect(watches.see(ports[1], train(1, { order: CAUSAL }))).toBe(false)
})

it('names the sequencer as it announces an order; half miss it, or all hear it', () => {
  const end = watch('order')
  expect(watches.see(ports[0], train(0, { order: TOTAL }, { order: ANNOUNCEMENT }))).toBe(true)
  end()
  watch('ordered')
  expect(watches.see(ports[0], train(0, { order: ANNOUNCEMENT }))).toBe(false)
  expect(seen).toEqual(['order: a', 'ordered: a'])
})

it('names the sequencer when another has sent a total message', () => {
  watch('total')
  expect(watches.see(ports[0], train(0, { order: TOTAL }))).toBe(false)
  expect(watches.see(ports[2], train(2, { order: TOTAL }))).toBe(false)
  expect(seen).toEqual(['total: a'])
  ports[0].process.stop()
  watches.see(ports[2], train(2, { order: TOTAL }))
  expect(seen).toHaveLength(1)
})

it('does not take a repair for a step of who sends it, nor rubbish for anything', () => {
  for (const step of ['causal', 'safe', 'order', 'total']) watch(step)
  watches.see(ports[1], train(0, { order: ANNOUNCEMENT }))
  watches.see(ports[1], train(2, { order: CAUSAL, flags: SAFE }))
  watches.see(ports[1], new Uint8Array(200))
  watches.see(ports[1], Uint8Array.of(1))
  expect(seen).toEqual([])
})
