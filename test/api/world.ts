import type { Group, JoinOptions } from 'tutti'
import { Simulation } from 'tutti/sim'

/** A simulated network whose members' windows are small, so that they close. */
export const newWorld = (): Simulation => new Simulation({ seed: 7, packetBytes: 512, receiveBufferBytes: 65_536 })

/** Members of one group, in order of seniority. */
export async function membersOf(
  sim: Simulation,
  names: readonly string[],
  options: JoinOptions = {},
): Promise<Group[]> {
  const groups: Group[] = []
  for (const name of names) groups.push(await sim.join('orders', { packetBytes: 512, ...options, name }))
  await sim.runUntil(() => groups.every(({ view }) => view.members.length === names.length))
  return groups
}

/** Writes down what the group's listeners hear: `view 2: a b`, `a: hello`, `a to me: hello`, and other events' names. */
export function listen(group: Group): string[] {
  const log: string[] = []
  group.on('view', view => log.push(`view ${view.id}: ${view.members.map(({ name }) => name).join(' ')}`))
  group.on('message', message => log.push(`${message.from.name}: ${message.text()}`))
  group.on('told', message => log.push(`${message.from.name} to me: ${message.text()}`))
  group.on('drain', () => log.push('drain'))
  group.on('left', () => log.push('left'))
  group.on('error', error => log.push(`error ${error.code}`))
  return log
}

/** The same from an iterator, which it reads to the end. */
export async function iterate(group: Group, log: string[] = []): Promise<string[]> {
  for await (const event of group) {
    if (event.type === 'view')
      log.push(`view ${event.view.id}: ${event.view.members.map(({ name }) => name).join(' ')}`)
    else log.push(`${event.from.name}${event.type === 'told' ? ' to me' : ''}: ${event.text()}`)
  }
  return log
}
