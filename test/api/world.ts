import type { Group, JoinOptions, View } from 'tutti'
import { Simulation } from 'tutti/sim'

/** A simulated network whose members' windows are small, so that they close. */
export const newWorld = (): Simulation => new Simulation({ seed: 7, packetBytes: 512, receiveBufferBytes: 65_536 })

/** Members of one group, in order of seniority; all of them vote, which takes a second view after that of their join. */
export async function membersOf(
  sim: Simulation,
  names: readonly string[],
  options: JoinOptions = {},
): Promise<Group[]> {
  const groups: Group[] = []
  for (const name of names) groups.push(await sim.join('orders', { packetBytes: 512, ...options, name }))
  await sim.runUntil(() => groups.every(({ view }) => votersOf(view) === names.length))
  return groups
}

export const votersOf = (view: View): number => view.members.filter(({ voter }) => voter).length

/** Writes down what the group's listeners hear: `view 2: a b`, `a: hello`, `a to me: hello`, `blocked window: b`, and other events' names. */
export function listen(group: Group): string[] {
  const log: string[] = []
  group.on('view', view => log.push(`view ${view.id}: ${view.members.map(({ name }) => name).join(' ')}`))
  group.on('message', message => log.push(`${message.from.name}: ${message.text()}`))
  group.on('told', message => log.push(`${message.from.name} to me: ${message.text()}`))
  group.on('drain', () => log.push('drain'))
  group.on('excluded', () => log.push('excluded'))
  group.on('merged', (_, won) => log.push(won ? 'merged: won' : 'merged: lost'))
  group.on('lost', (_, { code }) => log.push(`lost ${code}`))
  group.on('blocked', (reason, waiting) => log.push(`blocked ${reason}: ${waiting.join(' ')}`))
  group.on('unblocked', reason => log.push(`unblocked ${reason}`))
  group.on('left', () => log.push('left'))
  group.on('error', error => log.push(`error ${error.code}`))
  return log
}

/** The same from an iterator, which it reads to the end. */
export async function iterate(group: Group, log: string[] = []): Promise<string[]> {
  for await (const event of group) {
    if (event.type === 'view')
      log.push(`view ${event.view.id}: ${event.view.members.map(({ name }) => name).join(' ')}`)
    else if (event.type === 'excluded') log.push('excluded')
    else if (event.type === 'merged') log.push(event.won ? 'merged: won' : 'merged: lost')
    else log.push(`${event.from.name}${event.type === 'told' ? ' to me' : ''}: ${event.text()}`)
  }
  return log
}
