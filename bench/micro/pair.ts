import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Group, type Order, openGroup } from 'tutti'
import type { Api } from '../settings.js'
import { type Place, Wire } from './wire.js'

/** Two members in one view on one wire: all that is between `offer` and a listener, but the sockets. */
export interface Pair {
  readonly wire: Wire
  readonly sender: Group
  readonly sending: Place
  readonly receiving: Place
  /** How many messages the receiver's listener got. */
  readonly delivered: () => number
}

export async function openPair(api: Api, order: Order): Promise<Pair> {
  const wire = new Wire()
  const [sending, receiving] = [wire.place(), wire.place()]
  const open = (name: string, place: Place) => openGroup('micro', { name, expect: 2, order }, place.ports)
  const both = Promise.all([open('a', sending), open('b', receiving)])
  let isOpen = false
  both.then(() => {
    isOpen = true
  })
  while (!isOpen) {
    wire.step()
    await nextTurn()
  }
  const [sender, receiver] = await both
  const counts = [sender, receiver].map(group => listen(group, api))
  // Listeners get what was held for them after this.
  await nextTurn()
  // Who has just joined becomes a voter in one view more.
  while (!receiver.view.members.every(({ voter }) => voter)) {
    const changed = once(receiver, 'view')
    while (!(await Promise.race([changed, nextTurn(undefined)]))) wire.step()
  }
  return { wire, sender, sending, receiving, delivered: counts[1] }
}

function listen(group: Group, api: Api): () => number {
  let messages = 0
  let touched = 0
  if (api === 'message') group.on('message', () => messages++)
  else {
    group.on('batch', batch =>
      batch.forEach((bytes, offset) => {
        messages++
        touched ^= bytes[offset]
      }),
    )
  }
  return () => messages + (touched & 0)
}
