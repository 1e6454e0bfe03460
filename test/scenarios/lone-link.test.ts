import { describe, expect, test } from 'vitest'
import { SAFE_CLASS } from '../../src/engine/engine.js'
import { Story, viewsOf } from './story.js'

/** What two who cannot hear each other may cost: they part, and come together again less and less often. */
const CHURN_MS = 60_000
const CHURN_VIEWS_MAX = 20

describe('one dead link, one way (C12)', () => {
  test('what its sender says reaches the other through a third, before anybody is put out', () => {
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    story.cut('c', 'a')
    for (let i = 0; i < 20; i++) {
      c.send(`c#${i}:`)
      story.run(20)
    }
    story.run(1_000)
    expect(a.log.filter(line => line.startsWith('c: '))).toHaveLength(20)
    expect([a, b, c].flatMap(viewsOf)).toEqual([])
    expect(c.log.filter(line => line.startsWith('blocked'))).toEqual([])
  })

  test('a pair that cannot hear each other for long loses its junior, who comes back when the link does', () => {
    const story = new Story()
    const [a, b] = story.group('a', 'b', 'c')
    const end = story.cut('c', 'a')
    story.until(() => a.view === 'a b' && b.view === 'a b')
    end()
    story.untilOne('a', 'b', 'c')
    expect(story.faults).toEqual([])
  })

  test('the junior is put out too where it is the one that does not hear', () => {
    const story = new Story()
    const [a, b] = story.group('a', 'b', 'c')
    story.cut('a', 'c')
    story.until(() => a.view === 'a b' && b.view === 'a b')
    // It does not hear that it is out, and does not go on.
    expect(story.member('c').view).toBe('a b c')
    story.heal()
    story.untilOne('a', 'b', 'c')
    expect(story.faults).toEqual([])
  })

  test('who is deaf to one alone does not put it out alone', () => {
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    story.cut('b', 'a')
    story.run(2_000)
    expect([a, b, c].flatMap(viewsOf)).toEqual([])
    expect(a.engine.counters.exclusions + b.engine.counters.exclusions).toBe(0)
    // Nobody is held up meanwhile.
    c.send('c#0:')
    story.run(20)
    for (const member of [a, b, c]) expect(member.log).toContain('c: c#0:')
  })

  test('who hears it again does not promise to put it out, though it has accused it, too', () => {
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    const heard = story.cut('b', 'c')
    const asked = story.losing(({ is, to }) => is === 'prepare' && to === 'c')
    story.cut('b', 'a')
    story.until(() => story.sent.some(({ is }) => is === 'prepare'))
    // c takes its word back, and a does not hear that.
    story.losing(({ is, from }) => is === 'suspect' && from === 'c')
    heard()
    story.run(200)
    asked()
    story.run(500)
    expect([a, b, c].flatMap(viewsOf)).toEqual([])
    story.heal()
    c.send('c#0:')
    story.until(() => [a, b, c].every(({ log }) => log.includes('c: c#0:')))
    expect(b.log).not.toContain('excluded')
    expect(story.faults).toEqual([])
  })

  for (const [from, to] of ['ca', 'ac', 'cb', 'bc', 'ab', 'ba']) {
    test(`from ${from} to ${to}, for a minute: no churn, and all are one when it is over`, () => {
      const story = new Story()
      const members = story.group('a', 'b', 'c')
      story.cut(from, to)
      story.run(CHURN_MS)
      for (const member of members) expect(viewsOf(member).length).toBeLessThanOrEqual(CHURN_VIEWS_MAX)
      story.heal()
      story.untilOne('a', 'b', 'c')
      expect(story.faults).toEqual([])
    })
  }
})

describe('one who cannot hear, or cannot be heard', () => {
  test('a deaf proposer that prepares again and again holds nobody up (C14)', () => {
    const story = new Story()
    const [, b, c, d] = story.group('a', 'b', 'c', 'd', 'e')
    // It hears that somebody wants to go, and nothing from then on.
    story.member('e').leave(story.nowMs)
    story.until(() => story.sent.some(({ is, from }) => is === 'prepare' && from === 'a'))
    story.losing(({ to }) => to === 'a')
    story.until(() => [b, c, d].every(({ view }) => view === 'b c d'), 6_000)
    story.heal()
    story.untilOne('a', 'b', 'c', 'd')
    expect(story.faults).toEqual([])
  })

  test('a mute member is put out, and none with it', () => {
    const story = new Story()
    const [a, , c] = story.group('a', 'b', 'c')
    story.losing(({ from }) => from === 'b')
    story.until(() => a.view === 'a c' && c.view === 'a c', 2_000)
    story.heal()
    story.untilOne('a', 'b', 'c')
    expect(story.faults).toEqual([])
  })

  test('a coordinator that hears nobody says so, and is put out', () => {
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    story.losing(({ to }) => to === 'a')
    story.until(() => b.view === 'b c' && c.view === 'b c', 3_000)
    story.run(1_000)
    expect(a.log.at(-1)).toMatch(/^blocked no-quorum/)
    story.heal()
    story.untilOne('a', 'b', 'c')
    expect(a.log.some(line => line.startsWith('blocked'))).toBe(true)
    expect(a.log.filter(line => line.includes('blocked')).at(-1)).toMatch(/^unblocked/)
    expect(story.faults).toEqual([])
  })
})

/** As a switch does that has forgotten who listens (IGMP snooping): multicast dies, and unicast lives. */
describe('one path of two (C26)', () => {
  test('who gets no multicast any more, and answers all the same, is put out, and holds nobody up', () => {
    const story = new Story()
    const [a, , c] = story.group('a', 'b', 'c')
    story.losing(({ to, isMulticast }) => to === 'b' && isMulticast)
    while (a.fill() > 0) story.run(1)
    story.until(() => a.view === 'a c' && c.view === 'a c', 5_000)
    story.until(() => story.member('b').log.includes('excluded'))
    // It asks to come back, and can be asked in, but would be no use to anybody.
    const before = viewsOf(a).length
    story.run(20_000)
    expect(viewsOf(a)).toHaveLength(before)
    expect(a.log.filter(line => line.includes('blocked')).at(-1)).toMatch(/^unblocked/)
    story.heal()
    story.untilOne('a', 'b', 'c')
    expect(story.faults).toEqual([])
  })

  test('who sends none that arrives, and answers all the same, is put out', () => {
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    story.losing(({ from, isMulticast }) => from === 'b' && isMulticast)
    b.send('b#0:')
    story.until(() => a.view === 'a c' && c.view === 'a c', 5_000)
    story.until(() => b.log.includes('excluded'))
    story.heal()
    story.untilOne('a', 'b', 'c')
    expect(story.faults).toEqual([])
  })

  test('where it dies for all at once all say so, and go on when it is back', () => {
    const story = new Story()
    const members = story.group('a', 'b', 'c')
    story.losing(({ isMulticast }) => isMulticast)
    story.run(6_000)
    for (const { log } of members) expect(log.at(-1)).toMatch(/^blocked no-quorum: \w \w$/)
    story.heal()
    story.untilOne('a', 'b', 'c')
    story.run(1_000)
    for (const { log } of members) expect(log.filter(line => line.includes('blocked')).at(-1)).toMatch(/^unblocked/)
    expect(story.faults).toEqual([])
  })

  test('one way between two alone it is the others who bring what is missing, and nobody is put out in a second', () => {
    const story = new Story()
    const [a, b] = story.group('a', 'b', 'c')
    const end = story.losing(({ from, to, isMulticast }) => from + to === 'ab' && isMulticast)
    for (let i = 0; i < 100; i++) {
      a.send(`a#${i}:`)
      story.run(20)
    }
    end()
    story.run(100)
    expect(b.log.filter(line => line.startsWith('a: '))).toHaveLength(100)
    expect(viewsOf(b)).toEqual([])
    expect(story.faults).toEqual([])
  })
})

describe('several dead links', () => {
  /** Whether a quorum of them delivers what is sent once things have settled; then all heals. */
  function goesOn(names: string, links: readonly string[]): boolean {
    const story = new Story()
    const members = story.group(...names)
    for (const [from, to] of links) story.cut(from, to)
    story.run(20_000)
    // What is to be safe is delivered only in a view of those who hear each other.
    for (const name of names) story.member(name).send(`${name}#0:`, null, SAFE_CLASS)
    story.run(6_000)
    const delivering = members.filter(({ log }) => log.some(line => /^\w: \w#0:/.test(line)))
    story.heal()
    story.untilOne(...names)
    expect(story.faults).toEqual([])
    return delivering.length > names.length / 2
  }

  test('of three, any of them that leave two who hear each other: they go on', () => {
    const ways = ['ab', 'ba', 'ac', 'ca', 'bc', 'cb']
    const stuck: string[] = []
    for (let dead = 1; dead < 2 ** ways.length; dead++) {
      const links = ways.filter((_, i) => dead & (1 << i))
      const isPair = (one: string, other: string) => !links.includes(one + other) && !links.includes(other + one)
      if (!isPair('a', 'b') && !isPair('a', 'c') && !isPair('b', 'c')) continue
      // Only c hears a, which hears nobody: that a cannot stay c knows of a alone, and b, whose turn it would be, does not.
      if (links.join(' ') === 'ab ba ca') continue
      if (!goesOn('abc', links)) stuck.push(links.join(' '))
    }
    expect(stuck).toEqual([])
  })

  // A pair of which one goes because of another pair is none.
  for (const [names, links] of [
    ['abcd', ['bc', 'cb', 'cd', 'dc']],
    ['abcde', ['bc', 'cb', 'cd', 'dc']],
    ['abcd', ['cb', 'dc']],
  ] as const)
    test(`of ${names}: ${links.join(', ')}; a quorum goes on`, () => expect(goesOn(names, links)).toBe(true))
})

test('where multicast from the coordinator to one is dead, the others hardly stand still', () => {
  const story = new Story()
  const [, b] = story.group('a', 'b', 'c', 'd', 'e')
  story.losing(({ from, to, isMulticast }) => from === 'a' && to === 'c' && isMulticast)
  for (let i = 0; i < 600; i++) {
    b.send(`b#${i}:`)
    story.run(50)
  }
  expect(b.log.filter(line => line.startsWith('blocked'))).toEqual([])
  expect(story.faults).toEqual([])
})
