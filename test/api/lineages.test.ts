import type { Group } from 'tutti'
import { Simulation } from 'tutti/sim'
import { describe, expect, test } from 'vitest'
import { listen } from './world.js'

/**
 * Two lineages meet while processes stand still, leave, or lose a quorum: whoever lives goes on. Each of these schedules
 * once ended with live members that could never go on again.
 */

type Members = Record<string, Group>

/** Members on two sides that cannot hear each other, each side a lineage; `isWanted` of their numbers decides which world. */
async function sides(
  left: readonly string[],
  right: readonly string[],
  isWanted: (left: string, right: string) => boolean,
  nth: number,
): Promise<{ sim: Simulation; members: Members; heal: () => void }> {
  for (let seed = 1, found = 0; ; seed++) {
    const sim = new Simulation({ seed })
    const heal = sim.partition(left, right)
    const members: Members = {}
    for (const name of [...left, ...right]) members[name] = await sim.join('orders', { name })
    await sim.run(2_000)
    if (!isWanted(members[left[0]].view.lineage, members[right[0]].view.lineage) || found++ < nth) continue
    for (const group of Object.values(members)) listen(group)
    return { sim, members, heal }
  }
}

/** All of `names` are heard by all of them. */
async function goOn(sim: Simulation, members: Members, names: readonly string[]): Promise<void> {
  const [first, ...others] = names.map(name => members[name])
  await sim.runUntil(() => others.every(({ view }) => view.lineage === first.view.lineage && view.id === first.view.id))
  await sim.until(Promise.all(names.map(name => members[name].send('goes on', { safe: true }))), 5_000)
}

/** Lets time pass up to the step, which member `name` is about to take, and does `act`. */
function at(sim: Simulation, step: Parameters<Simulation['onStep']>[0], name: string, act: () => void): void {
  const forget = sim.onStep(step, who => {
    if (who !== name) return
    forget()
    act()
  })
}

describe.each([0, 1, 2])('of world %i', nth => {
  test('two lineages do not dissolve into each other: what was right when a member asked must be right when it goes', async () => {
    // 1. a, without a quorum, asks to be let into m's. 2. m stands still. 3. a's lineage has its quorum back, and is the one that
    // goes on. 4. m wakes, asks to be let into that, and reads what a asked for.
    const { sim, members, heal } = await sides(['a', 'b', 'c'], ['m'], (left, right) => left < right, nth)
    const restarting = sim.partition(['a'], ['b'], ['c'], ['m'])
    await sim.run(1_000)
    const healing = sim.partition(['a', 'm'], ['b'], ['c'])
    heal()
    restarting()
    // Alone, it says nothing but that it is there.
    const { datagramsOut } = members.m.stats()
    await sim.runUntil(() => members.m.stats().datagramsOut > datagramsOut)
    sim.pause('m', 1_200)
    await sim.run(100)
    healing()
    await sim.run(5_000)
    await goOn(sim, members, ['a', 'b', 'c', 'm'])
  })

  test.each([700, 10_000])(
    'a lineage does not end for one that has died while its last member slept, %i ms',
    async ms => {
      const { sim, members, heal } = await sides(['a', 'b', 'c'], ['m', 'n', 'o'], (left, right) => right < left, nth)
      heal()
      let isAsleep = false
      at(sim, 'hail', 'm', () => {
        isAsleep = true
        sim.at(sim.nowMs, () => {
          sim.pause('m', ms)
          sim.crash('n')
          sim.crash('o')
        })
      })
      await sim.runUntil(() => isAsleep)
      await sim.run(ms + 5_000)
      await goOn(sim, members, ['a', 'b', 'c', 'm'])
    },
  )

  test('nor for an invitation that waited in its sockets while it slept', async () => {
    const { sim, members, heal } = await sides(['a'], ['m', 'n'], (left, right) => left < right, nth)
    heal()
    let isAsleep = false
    at(sim, 'invite', 'a', () => {
      isAsleep = true
      sim.pause('m', 30_000)
      sim.at(sim.nowMs + 100, () => sim.crash('a'))
    })
    await sim.runUntil(() => isAsleep)
    await sim.run(35_000)
    await goOn(sim, members, ['m', 'n'])
  })

  test('what was decided to be delivered is, though who decided it leaves as the lineage ends', async () => {
    const { sim, members, heal } = await sides(['a'], ['m', 'n'], (left, right) => left < right, nth)
    const heard: string[] = []
    members.n.on('message', message => heard.push(`${message.text()} ${message.safe}`))
    heal()
    let hasLeft = false
    let last: Promise<unknown> | undefined
    at(sim, 'join', 'm', () => {
      const hearing = sim.cut('m', 'n')
      last = members.m.send('last words', { safe: true })
      at(sim, 'prepare', 'm', () => sim.at(sim.nowMs + 14.9, hearing))
      members.m.leave().then(() => {
        hasLeft = true
      })
    })
    at(sim, 'decide', 'm', () => sim.at(sim.nowMs + 1, sim.cut('m', 'n')))
    await sim.runUntil(() => hasLeft)
    await last
    await sim.run(3_000)
    expect(heard).toEqual(['last words close'])
    await goOn(sim, members, ['a', 'n'])
  })
})

/** Members of one lineage, all of them voters. */
async function group(seed: number, names: readonly string[]): Promise<{ sim: Simulation; members: Members }> {
  const sim = new Simulation({ seed })
  const members: Members = {}
  for (const name of names) members[name] = await sim.join('orders', { name })
  const isWhole = ({ view }: Group) => view.members.filter(({ voter }) => voter).length === names.length
  await sim.runUntil(() => Object.values(members).every(isWhole))
  await sim.run(1_000)
  for (const member of Object.values(members)) listen(member)
  return { sim, members }
}

describe.each([1, 2, 3, 4, 5])('with seed %i', seed => {
  test('who hears no quorum in a view in which another hears one does not give up its vote', async () => {
    // a dies while the switch restarts; then b hears c and d, but c hears b alone: until the last link is back nobody can go on.
    const { sim, members } = await group(seed, ['a', 'b', 'c', 'd'])
    const healing = sim.cut('d', 'c')
    const restarting = sim.partition(['a'], ['b'], ['c'], ['d'])
    await sim.run(500)
    sim.crash('a')
    await sim.run(1_500)
    restarting()
    await sim.run(4_000)
    healing()
    await sim.run(1_000)
    await goOn(sim, members, ['b', 'c', 'd'])
  })

  test('a decision does not go with those whom it puts out, though they answer that by leaving (C4)', async () => {
    const { sim, members } = await group(seed, ['a', 'b', 'c', 'd', 'e'])
    const left: Promise<void>[] = []
    for (const name of ['d', 'e']) members[name].on('excluded', () => left.push(members[name].leave()))
    const silent = ['d', 'e'].flatMap(from => ['a', 'b', 'c'].map(to => sim.cut(from, to)))
    // From its proposal on nothing of a's reaches b and c; d and e, whom it puts out, vote for it.
    at(sim, 'accept', 'a', () => {
      for (const heal of silent) heal()
      sim.cut('a', 'b')
      sim.cut('a', 'c')
    })
    let isOver = false
    at(sim, 'decide', 'a', () => {
      sim.at(sim.nowMs + 40, () => {
        isOver = true
        sim.crash('a')
        sim.heal()
      })
    })
    await sim.runUntil(() => isOver)
    await sim.run(5_000)
    await goOn(sim, members, ['b', 'c'])
    expect(left).toHaveLength(2)
    await sim.until(Promise.all(left))
  })
})
