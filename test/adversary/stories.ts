import type { Scenario } from './explore.js'
import type { Player } from './player.js'
import type { World } from './world.js'

/** Changes of a view, while others send. */

export const everybodySends = (world: World, ...players: Player[]) => {
  for (const player of players) {
    player.send(2)
    world.in(1, () => player.send(1))
    world.in(30, () => player.send(1))
  }
}

export const stories: Record<string, Scenario> = {
  'one joins': {
    group: ['a', 'b'],
    begin(world, a, b) {
      everybodySends(world, a, b)
      world.start('c').send(2)
    },
    stay: ['a', 'b', 'c'],
  },
  'one leaves': {
    group: ['a', 'b', 'c'],
    begin(world, a, b, c) {
      everybodySends(world, a, b)
      c.send(3)
      c.leave()
    },
    stay: ['a', 'b'],
  },
  'the coordinator leaves': {
    group: ['a', 'b'],
    begin(world, a, b) {
      everybodySends(world, b)
      a.send(3)
      a.leave()
    },
    stay: ['b'],
  },
  'the coordinator leaves, and then the next': {
    group: ['a', 'b', 'c'],
    begin(world, a, b, c) {
      c.send(2)
      a.leave()
      world.in(1, () => b.leave())
    },
    stay: ['c'],
  },
  'the coordinator leaves, another joins, a third leaves': {
    group: ['a', 'b', 'c'],
    begin(world, a, b, c) {
      b.send(2)
      a.leave()
      world.start('d').send(1)
      c.leave()
    },
    stay: ['b', 'd'],
  },
  'all leave': {
    group: ['a', 'b', 'c'],
    begin(_, ...players) {
      for (const player of players) {
        player.send(1)
        player.leave()
      }
    },
    stay: [],
  },
  'one joins and leaves at once': {
    group: ['a', 'b'],
    begin(world, a) {
      const c = world.start('c')
      world.in(4, () => {
        a.send(1)
        c.leave()
      })
    },
    stay: ['a', 'b'],
    // Whether the view that comes next has it in it the leaver cannot know if its answer to the invitation got lost.
    retriesMs: 2_000,
  },
}
