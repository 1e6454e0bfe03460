import { describe, expect, test } from 'vitest'
import { Story, viewsOf } from './story.js'

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const

/** Where in a change of views its coordinator may die: of sending to the first so many others, or with so many answers. */
const STEPS: readonly { readonly at: string; readonly strike: (story: Story, name: string) => void }[] = [
  { at: 'after Prepare reached one', strike: (story, name) => story.diesOf(name, 'prepare', 1) },
  { at: 'after Prepare reached all', strike: (story, name) => story.diesOf(name, 'prepare', Infinity) },
  { at: 'after some promises', strike: (story, name) => story.diesWith(name, 'promise', 2) },
  { at: 'after Fill reached two', strike: (story, name) => story.diesOf(name, 'fill', 2) },
  { at: 'after some had filled', strike: (story, name) => story.diesWith(name, 'filled', 1) },
  { at: 'after Accept reached one', strike: (story, name) => story.diesOf(name, 'accept', 1) },
  { at: 'after all had accepted', strike: (story, name) => story.diesWith(name, 'accepted', 4) },
  { at: 'after Decide reached one', strike: (story, name) => story.diesOf(name, 'decide', 1) },
]

/**
 * Seven, of whom the last has said something that not all have, nor get before `asker`, or anybody, asks them to: there is
 * something to fill in what follows.
 */
function sevenWithSomethingToFill(asker?: string): Story {
  const story = new Story()
  story.group(...NAMES)
  const end = story.losing(({ is, to, from }) => {
    if (is === 'fill' && from === (asker ?? from)) end()
    return is === 'data' && to !== 'f' && to !== 'd'
  })
  story.member('g').send('g#0:')
  story.run(2)
  return story
}

describe('the coordinator dies in the middle of a change', () => {
  for (const { at, strike } of STEPS) {
    test(`${at}: another brings it to an end`, () => {
      const story = sevenWithSomethingToFill()
      strike(story, 'a')
      story.member('e').leave(story.nowMs)
      story.untilOne('b', 'c', 'd', 'f', 'g')
      expect(story.faults).toEqual([])
      story.until(() => story.member('e').log.includes('closed'))
      for (const name of ['b', 'c', 'd', 'f']) expect(story.member(name).log).toContain('g: g#0:')
    })

    test(`${at}, and its successor and that one’s too`, () => {
      const story = sevenWithSomethingToFill(/[Ff]ill/.test(at) ? 'c' : undefined)
      for (const name of ['a', 'b', 'c']) strike(story, name)
      story.start('h')
      story.untilOne('d', 'e', 'f', 'g', 'h')
      expect(story.faults).toEqual([])
      for (const name of ['d', 'e', 'f']) expect(story.member(name).log).toContain('g: g#0:')
      // No view more than who died, who joined and who became a voter account for.
      for (const name of ['d', 'e', 'f', 'g']) expect(viewsOf(story.member(name)).length).toBeLessThanOrEqual(6)
    })

    test(`${at}, on a host that is silent from then on`, () => {
      const story = sevenWithSomethingToFill()
      strike(story, 'a')
      // A host that is gone does not even refuse.
      const end = story.losing(() => {
        if (!story.member('a').isClosed) return false
        story.member('a').isClosed = false
        story.vanishes('a')
        return false
      })
      story.start('h')
      story.untilOne('b', 'c', 'd', 'e', 'f', 'g', 'h')
      end()
      expect(story.faults).toEqual([])
    })
  }

  test('and a member leaves, another dies and a third comes while what is missing is fetched', () => {
    const story = sevenWithSomethingToFill()
    story.losing(({ is, to }) => is === 'data' && to === 'b')
    story.member('e').leave(story.nowMs)
    story.until(() => story.sent.some(({ is }) => is === 'fill'))
    story.start('h')
    story.member('d').leave(story.nowMs)
    story.crash('a')
    story.run(100)
    story.heal()
    story.untilOne('b', 'c', 'f', 'g', 'h')
    expect(story.faults).toEqual([])
    expect(story.member('b').log).toContain('g: g#0:')
  })
})
