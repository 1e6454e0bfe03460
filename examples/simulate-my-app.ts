/**
 * A test of an application of yours, without a network: five members keep score together while packets get lost, one
 * member is paused and the network splits. The same seed always gives the same run, so whatever goes wrong can be
 * looked at again.
 */
import assert from 'node:assert/strict'
import type { Group } from 'tutti'
import { Simulation } from 'tutti/sim'

/** The application: it knows nothing of the simulation. */
class Scoreboard {
  readonly scores = new Map<string, number>()
  readonly #group: Group

  constructor(group: Group) {
    this.#group = group
    group.on('message', message => {
      const { player, points } = JSON.parse(message.text())
      this.scores.set(player, (this.scores.get(player) ?? 0) + points)
    })
  }

  async score(player: string, points: number): Promise<void> {
    await this.#group.send(JSON.stringify({ player, points }))
  }
}

async function play(seed: number): Promise<Map<string, number>> {
  const sim = new Simulation({ seed, loss: 0.1, latencyMs: [0.1, 5] })
  const names = ['ann', 'ben', 'cem', 'dan', 'eva']
  // Nobody starts before all are there, so that every board sees every point.
  const groups = await Promise.all(names.map(name => sim.join('scores', { name, expect: names.length })))
  const boards = groups.map(group => new Scoreboard(group))
  for (let round = 0; round < 100; round++) {
    if (round === 20) sim.partition(['ann', 'ben'], ['cem', 'dan', 'eva'])
    if (round === 40) sim.heal()
    if (round === 60) sim.pause('eva', 500)
    for (const [i, board] of boards.entries()) await sim.until(board.score(names[i], 1))
    await sim.run(20)
  }
  await sim.runUntil(() => boards.every(board => [...board.scores.values()].every(points => points === 100)))
  for (const { scores } of boards)
    assert.deepEqual(new Map([...scores].sort()), new Map(names.map(name => [name, 100])))
  assert.deepEqual(sim.check(), [])
  return boards[0].scores
}

for (let seed = 1; seed <= 10; seed++) console.log(`seed ${seed}:`, await play(seed))
