import { expect, test } from 'vitest'
import { some } from '../adversary/sampling.js'
import type { Packet } from '../engine/harness.js'
import { causal, safe, total } from './orders.js'
import { deliveriesOf, Story } from './story.js'

/**
 * Everybody sends in total order, safe messages among them, and at each single packet one of them dies, the sequencer or
 * another: between receiving, announcing and delivering. The packet itself arrives or is lost, with all that follows it
 * to later receivers. The survivors have one sequence, and what was safe at the dead is in it, in its place.
 */

const NAMES = ['a', 'b', 'c', 'd'] as const
/** What takes longer than this is repair after repair. */
const SENDING_MS = 40

function begin(onPacket: (index: number, packet: Packet, story: Story) => boolean): Story {
  const story = new Story()
  const members = story.group(...NAMES)
  let index = 0
  story.losing(packet => onPacket(index++, packet, story))
  for (let round = 0; round < 3; round++) {
    for (const [i, member] of members.entries()) {
      if (member.isClosed) continue
      member.send(`${round} of ${i}`, null, round === 1 ? safe(total) : total)
      if (i === 3) member.send('x'.repeat(700), null, round === 2 ? safe(total) : total)
      if (i === 1) member.send('beside', null, causal)
    }
    story.run(2)
  }
  story.run(SENDING_MS)
  return story
}

const indexOf = (line: string): number => Number(line.split(' ')[0])
const totalOf = (lines: readonly string[]): string[] =>
  lines.filter(line => !line.startsWith('-')).map(line => line.replace(/[!?]$/, ''))

/** What is wrong with what they were told. */
function judge(story: Story, victim: string): string[] {
  const faults = [...story.faults]
  const survivors = NAMES.filter(name => name !== victim)
  const logs = new Map(NAMES.map(name => [name as string, deliveriesOf(story.member(name))]))
  const one = totalOf(logs.get(survivors[0])!)
  for (const name of survivors) {
    const other = totalOf(logs.get(name)!)
    if (other.join() !== one.join()) faults.push(`${survivors[0]} has ${one}, ${name} has ${other}`)
    for (const sender of survivors) {
      const count = other.filter(line => line.split(' ')[1] === `${sender}:`).length
      const all = sender === 'd' ? 6 : 3
      if (count !== all) faults.push(`${name} has ${count} of ${sender}'s messages`)
    }
  }
  if (one.some((line, i) => indexOf(line) !== i + 1)) faults.push(`gaps: ${one}`)
  const theirs = logs.get(victim)!.filter(line => !line.startsWith('-'))
  const lastSafe = theirs.findLastIndex(line => line.endsWith('!'))
  for (const line of totalOf(theirs.slice(0, lastSafe + 1))) {
    if (!one.includes(line)) faults.push(`${victim} had ${line}, safe or before what was; the others have ${one}`)
  }
  return faults
}

const flights: number[] = []
begin(index => {
  flights.push(index)
  return false
})

test.each(['a', 'b', 'd'])('%s dies at any one packet', victim => {
  const found: string[] = []
  for (const [n, at] of some(flights, 60).entries()) {
    for (const isLost of [false, true]) {
      if (process.env.FULL === undefined && isLost !== (n % 2 === 0)) continue
      const story = begin((index, packet, story) => {
        if (index === at) story.crash(victim)
        // Of one multicast, the receivers before this one got it.
        return index >= at && packet.from === victim && (index > at || isLost)
      })
      story.untilOne(...NAMES.filter(name => name !== victim))
      story.run(300)
      found.push(...judge(story, victim).map(fault => `${at}${isLost ? ', lost' : ''}: ${fault}`))
    }
  }
  expect(found).toEqual([])
})
