import { EventEmitter } from 'node:events'
import { expect, it } from 'vitest'
import { Delivery } from '../../src/delivery.js'
import type { Group } from '../../src/group.js'
import type { SendOptions } from '../../src/index.js'
import { Recorder, type SendDefaults } from '../../src/sim/recorder.js'
import type { TraceLine } from '../../src/sim/trace.js'
import { Slab } from '../../src/slab.js'
import type { Member, Order } from '../../src/types.js'

const self: Member = { name: 'a', incarnation: '1', voter: true, endpoint: { address: '10.0.0.1', port: 1 } }

/** A group that takes everything. */
class Taker extends EventEmitter {
  readonly name = 'orders'
  readonly self = self

  async send(_data: string, _options?: SendOptions): Promise<object> {
    return { lineage: 'x', view: 1 }
  }

  offer(_data: string, _options?: SendOptions): boolean {
    return true
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<never> {}
}

function recorded(defaults: SendDefaults): { group: Group; lines: TraceLine[] } {
  const lines: TraceLine[] = []
  const group = new Taker() as unknown as Group
  new Recorder('a#1', line => lines.push(line), { nowMs: 0 }, defaults).attach(group)
  return { group, lines }
}

it('says of each message the order class and whether it is safe, as asked or as the group has it', async () => {
  const { group, lines } = recorded({})
  await group.send('one')
  group.offer('two', { order: 'causal', safe: true })
  const other = recorded({ order: 'total', safe: true })
  await other.group.send('three')
  other.group.offer('four', { order: 'fifo', safe: false })
  const sends = [...lines, ...other.lines].filter(line => 'op' in line)
  expect(sends.map(({ t: _, process: __, ...line }) => line)).toEqual([
    { op: 'send', id: '1', data: 'one', order: 'fifo' },
    { op: 'send', data: 'two', order: 'causal', safe: true },
    { op: 'send', id: '1', data: 'three', order: 'total', safe: true },
    { op: 'send', data: 'four', order: 'fifo' },
  ])
})

it('says of each delivery its index and how it is safe, if it has that', () => {
  const { group, lines } = recorded({})
  const bytes = Uint8Array.of(0, 0, 0, 1, ...new TextEncoder().encode('x'))
  const slab = new Slab(bytes, null)
  const deliver = (order: Order, index: number | undefined, safe: boolean | 'close') => {
    const delivery = new Delivery('messages', self, 1, order, safe, index, 0, 1, slab, false)
    delivery.add(1, 0, 5, 1)
    for (const message of delivery.messages()) group.emit('message', message)
  }
  deliver('fifo', undefined, false)
  deliver('total', 7, true)
  deliver('causal', undefined, 'close')
  const messages = lines.filter(line => 'event' in line && line.event === 'message')
  expect(messages.map(({ t: _, process: __, ...line }) => line)).toEqual([
    { event: 'message', from: 'a', incarnation: '1', view: 1, order: 'fifo', data: 'x', n: 2 },
    { event: 'message', from: 'a', incarnation: '1', view: 1, order: 'total', index: 7, safe: true, data: 'x', n: 3 },
    { event: 'message', from: 'a', incarnation: '1', view: 1, order: 'causal', safe: 'close', data: 'x', n: 4 },
  ])
})
