import { describe, expect, test } from 'vitest'
import { Message } from '../../src/delivery.js'
import type { Member } from '../engine/harness.js'
import { Story, viewsOf } from './story.js'

/** Two groups of one name, of those with odd and those with even places, that cannot hear each other. */
function apart(seed: number, ...names: string[]): { readonly story: Story; readonly join: () => void } {
  const story = new Story({ seed })
  const join = story.losing(({ from, to }) => names.indexOf(from) % 2 !== names.indexOf(to) % 2)
  story.start(...names)
  story.untilOne(...names.filter((_, i) => i % 2 === 0))
  story.untilOne(...names.filter((_, i) => i % 2 === 1))
  return { story, join }
}

const lineageOf = ({ viewKey }: Member): string => viewKey.split(' ')[1]

describe('being born', () => {
  test('who cannot hear is not taken in, and holds nobody up (C6 i)', () => {
    const story = new Story()
    story.losing(({ to }) => to === 'j' || to === 'k')
    const [a] = story.start('a')
    story.until(() => a.view === 'a')
    story.start('j', 'k')
    story.run(5_000)
    expect(viewsOf(a)).toEqual(['a'])
    expect(a.log.filter(line => line.startsWith('blocked'))).toEqual([])
    story.heal()
    story.untilOne('a', 'j', 'k')
    expect(story.faults).toEqual([])
  })

  test('who hears those that do not hear it founds no view with them in it (C7 i)', () => {
    const story = new Story()
    story.losing(({ from }) => from === 'a')
    const [a, b, c] = story.start('a', 'b', 'c')
    story.run(3_000)
    expect(viewsOf(a).every(view => view === 'a')).toBe(true)
    expect(b.view.split(' ').sort().join(' ')).toBe('b c')
    expect(c.viewKey).toBe(b.viewKey)
    // And its own lineage is no reason for the others to give theirs up, which they could not leave for it.
    expect([...b.log, ...c.log]).not.toContain('merged lost')
    story.heal()
    story.untilOne('a', 'b', 'c')
    expect(story.faults).toEqual([])
  })

  test('who was left out and hears nobody founds nothing (C7 ii)', () => {
    const story = new Story()
    const [, , c] = story.group('a', 'b', 'c')
    story.sleeps('c', 3_000)
    story.until(() => story.member('a').view === 'a b')
    story.until(() => c.log.includes('excluded'))
    story.split('c')
    const before = viewsOf(c)
    story.run(20_000)
    expect(viewsOf(c)).toEqual(before)
    expect(c.log.at(-1)).toMatch(/^blocked no-quorum/)
    story.heal()
    story.untilOne('a', 'b', 'c')
    expect(story.faults).toEqual([])
  })

  test('one is asked in by two groups that do not hear each other: one of them gets it, and none waits for it', () => {
    const story = new Story({ seed: 3 })
    story.losing(({ from, to }) => from + to === 'ab' || from + to === 'ba')
    const [a, b] = story.start('a', 'b')
    story.until(() => a.view === 'a' && b.view === 'b')
    story.start('c')
    story.run(4_000)
    expect([a.view, b.view].sort().join(', ')).toMatch(/^(a c|a, b c|b c)/)
    expect([...viewsOf(a), ...viewsOf(b)].filter(view => view.includes('c'))).toHaveLength(2)
  })
})

describe('coming back', () => {
  for (const seed of [1, 2, 3, 4, 5])
    test(`to a lineage that was given up never means to a view that one was in: it was voted in before (${seed})`, () => {
      const story = new Story({ seed })
      const [a, b, c] = story.group('a', 'b', 'c')
      // x founds a group of that name, which only c can hear.
      const alone = story.losing(({ from, to }) => from === 'x' || to === 'x')
      const [x] = story.start('x')
      story.until(() => x.view === 'x')
      // 1. Of c nothing is heard but its vote: a decides {a, b}, which b does not hear.
      const mute = story.losing(({ from, is }) => from === 'c' && is !== 'accepted')
      const untold = [
        story.losing(({ from, to, is }) => from === 'a' && to === 'b' && (is === 'accept' || is === 'decide')),
        story.losing(({ from, to, is }) => from === 'a' && to === 'c' && is === 'decide'),
      ]
      story.until(() => a.view === 'a b')
      // 2. c gives its lineage up for that of x, which dies.
      untold.push(story.losing(({ from, to }) => from !== 'x' && to !== 'x'))
      alone()
      untold.push(story.losing(({ from, to }) => (from === 'x' && to !== 'c') || (to === 'x' && from !== 'c')))
      mute()
      story.until(() => c.log.includes('merged lost'))
      story.crash('x')
      for (const end of untold) end()
      // 3. All heal, but for the link between a and b, who tell c of different views.
      const cuts = [story.cut('a', 'b'), story.cut('b', 'a')]
      story.run(8_000)
      cuts.push(story.split('a'))
      story.run(8_000)
      for (const end of cuts) end()
      story.untilOne('a', 'b', 'c')
      a.send('a#0:')
      story.run(200)
      for (const member of [a, b, c]) expect(member.log.at(-1)).toBe('a: a#0:')
      expect(story.faults).toEqual([])
    })

  test('one that may not found keeps nobody from founding', () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const story = new Story({ seed })
      const [a, , c] = story.group('a', 'b', 'c')
      story.sleeps('c', 3_000)
      story.until(() => a.view === 'a b')
      story.until(() => c.log.includes('excluded'))
      // As it learns that it is out those who could take it back are gone, and others come.
      story.crash('a')
      story.crash('b')
      story.run(2_000)
      story.start('d', 'e')
      story.untilOne('c', 'd', 'e')
    }
  })
})

describe('two lineages', () => {
  test('what is of one is never taken for the other’s, though view, rank and number are the same (C5)', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { story, join } = apart(seed, 'a', 'b', 'c', 'd')
      const ids = [...story.members.values()].map(({ viewKey }) => viewKey.split(' ')[0])
      expect(new Set(ids).size).toBe(1)
      join()
      for (let i = 0; i < 40; i++) {
        for (const [name, member] of story.members) member.send(`${name}#${i}:`)
        story.run(7)
      }
      story.untilOne('a', 'b', 'c', 'd')
      for (const { record } of story.members.values()) {
        let members: readonly { incarnation: string }[] = []
        for (const { event } of record) {
          if (event.type === 'view') members = event.view.members
          if (event instanceof Message) {
            expect(members.some(({ incarnation }) => incarnation === event.from.incarnation)).toBe(true)
          }
        }
      }
      expect(story.faults).toEqual([])
    }
  })

  test('never give way to each other both (C7 iii)', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const { story, join } = apart(seed, 'a', 'b', 'c', 'd', 'e')
      const lineages = [...story.members.values()].map(lineageOf).sort()
      join()
      story.untilOne('a', 'b', 'c', 'd', 'e')
      // The lower number is the one that goes on.
      expect(lineageOf(story.member('a'))).toBe(lineages[0])
      // Each finds its own way from one that ended: nobody can say who else got to the end of it.
      for (const { record } of story.members.values()) {
        const at = record.findIndex(({ event }) => event.type === 'merged' && !event.won)
        const first = record.slice(at + 1).find(({ event }) => event.type === 'view')?.event
        if (at >= 0 && first?.type === 'view') expect(first.change.stayed).toEqual([])
      }
      expect(story.faults).toEqual([])
    }
  })

  test('of which neither can decide stay as they are, until somebody goes on alone', () => {
    const { story, join } = apart(1, 'a', 'b', 'c', 'd')
    const seniors = [story.member('a'), story.member('b')].map(({ view }) => view.split(' ')[0])
    for (const name of seniors) story.crash(name)
    join()
    story.run(5_000)
    const left = ['a', 'b', 'c', 'd'].filter(name => !seniors.includes(name))
    for (const name of left) {
      expect(story.member(name).log).not.toContain('merged lost')
      expect(story.member(name).log.at(-1)).toMatch(/^blocked no-quorum/)
    }
    story.member(left[0]).reform(story.nowMs)
    story.untilOne(...left)
    expect(story.faults).toEqual([])
    for (const name of left)
      expect(
        story
          .member(name)
          .log.filter(line => line.includes('blocked'))
          .at(-1),
      ).toMatch(/^unblocked/)
  })

  for (const victim of ['a', 'b', 'c', 'd', 'e', 'f']) {
    test(`meet, and ${victim} dies while they become one`, () => {
      for (let seed = 1; seed <= 4; seed++) {
        const { story, join } = apart(seed, 'a', 'b', 'c', 'd', 'e', 'f')
        join()
        story.until(() => story.sent.some(({ is }) => is === 'invite'))
        story.run(seed)
        story.crash(victim)
        story.untilOne(...['a', 'b', 'c', 'd', 'e', 'f'].filter(name => name !== victim))
        expect(story.faults).toEqual([])
      }
    })
  }

  test('who gives its own up by itself does not come back to the view that it gave up', () => {
    // 1. c hears no quorum of its lineage, but of another, and goes to join it. 2. The other is gone before it lets c in.
    // 3. c's old coordinator, for whom c is in the view still, takes its asking for that of one who has not heard so,
    // and says it again. 4. c must not begin that view anew: the others have packets of it under those numbers.
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    const alone = story.split('x')
    const [x] = story.start('x')
    story.until(() => x.view === 'x')
    alone()
    // That c hears nobody does not get through either: a and b think no ill of it.
    const ends = [story.cut('a', 'c'), story.cut('b', 'c'), story.losing(({ is }) => is === 'suspect')]
    story.losing(({ from, to }) => (from === 'x' && to !== 'c') || (to === 'x' && from !== 'c'))
    c.send('c#0:')
    story.until(() => c.log.includes('merged lost'), 10_000)
    story.crash('x')
    for (const end of ends) end()
    story.untilOne('a', 'b', 'c')
    expect(story.faults).toEqual([])
    expect(viewsOf(a).at(-1)).toBe(viewsOf(b).at(-1))
  })

  test('who gives its own up by itself though that was decided, and not all of it was there, is no worse off', () => {
    const { story, join } = apart(8485, 'a', 'b', 'c', 'd', 'e', 'f')
    join()
    const end = story.losing(({ is, to }) => is === 'data' && (to === 'd' || to === 'c'))
    for (const member of story.members.values()) member.send('x'.padEnd(3_000, '.'))
    story.until(() => story.sent.some(({ is }) => is === 'invite'))
    story.split('c', 'd')
    story.run(1_000)
    story.heal()
    end()
    story.untilOne('a', 'b', 'c', 'd', 'e', 'f')
    expect(story.faults).toEqual([])
  })
})
