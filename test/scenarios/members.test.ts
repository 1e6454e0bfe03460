import { describe, expect, test } from 'vitest'
import { plus } from '../../src/wire/seqno.js'
import { Story, viewsOf } from './story.js'

describe('who sleeps', () => {
  test('thirty seconds, as coordinator in the middle of a change, learns what became of it', () => {
    for (const step of ['prepare', 'fill', 'accept']) {
      const story = new Story()
      const [a, b, c] = story.group('a', 'b', 'c', 'd')
      const lost = story.losing(({ is, to }) => is === 'data' && to === 'c')
      b.send('b#0:')
      story.member('d').leave(story.nowMs)
      if (step === 'accept') lost()
      story.until(() => story.sent.some(({ is, from }) => is === step && from === 'a'))
      story.sleeps('a', 30_000)
      lost()
      story.run(29_000)
      expect(b.view).toBe('b c')
      expect(c.view).toBe('b c')
      a.send('a#0:')
      story.untilOne('a', 'b', 'c')
      expect(a.log).toContain('excluded')
      // What it sent as a member of a view that was closed long ago is nobody's.
      for (const member of [b, c]) expect(member.log).not.toContain('a: a#0:')
      expect(story.faults).toEqual([])
    }
  })

  test('longer than anybody lives who knew what was decided meanwhile comes back all the same', () => {
    // 1. c sleeps; a and b go on without it. 2. d joins. 3. a and b leave. 4. c wakes in a view of which d knows nothing.
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c')
    story.sleeps('c', 12_000)
    story.until(() => a.view === 'a b')
    const [d] = story.start('d')
    story.untilOne('a', 'b', 'd')
    a.leave(story.nowMs)
    b.leave(story.nowMs)
    story.until(() => a.isClosed && b.isClosed)
    expect(d.view).toBe('d')
    story.run(8_000)
    story.untilOne('d', 'c')
    expect(c.log).toContain('excluded')
    expect(c.log.filter(line => line.includes('blocked')).at(-1) ?? 'unblocked').toMatch(/^unblocked/)
    expect(story.faults).toEqual([])
  })

  test('and was taken to be in the next view, which has gone on since, learns that too', () => {
    const story = new Story()
    const [a, , c] = story.group('a', 'b', 'c', 'd')
    story.losing(({ is, to }) => is === 'decide' && to === 'c')
    story.member('d').leave(story.nowMs)
    story.until(() => a.view === 'a b c')
    story.sleeps('c', 5_000)
    story.heal()
    story.run(5_000)
    story.untilOne('a', 'b', 'c')
    expect(c.log).toContain('excluded')
    expect(story.faults).toEqual([])
  })
})

describe('who is left out', () => {
  test('is told how far its packets counted (C19)', () => {
    const story = new Story()
    const [, , c] = story.group('a', 'b', 'c')
    c.send('c#0:')
    story.run(50)
    const { takenUpTo } = c.engine.progress(null)!
    story.split('c')
    c.send('c#1:')
    story.until(() => story.member('a').view === 'a b')
    story.heal()
    story.untilOne('a', 'b', 'c')
    const excluded = c.record.find(({ event }) => event.type === 'excluded')!.event
    expect(excluded).toMatchObject({ upTo: takenUpTo })
    for (const name of ['a', 'b']) {
      expect(story.member(name).log).toContain('c: c#0:')
      expect(story.member(name).log).not.toContain('c: c#1:')
    }
    expect(plus(takenUpTo, 1)).not.toBe(takenUpTo)
    expect(story.faults).toEqual([])
  })

  test('comes back at once the first time, and later each time after', () => {
    const story = new Story()
    const [a, , c] = story.group('a', 'b', 'c')
    const waits: number[] = []
    for (let i = 0; i < 4; i++) {
      story.sleeps('c', 2_000)
      story.until(() => a.view === 'a b')
      const before = c.log.length
      story.until(() => c.log.slice(before).includes('excluded'))
      waits.push(story.untilOne('a', 'b', 'c'))
    }
    expect(waits[0]).toBeLessThan(500)
    expect(waits[1]).toBeGreaterThan(900)
    expect(waits[3]).toBeGreaterThan(3_500)
    expect(story.faults).toEqual([])
  })
})

describe('who is dead', () => {
  test('is found out as soon where others repair what it sent: that it bears its rank makes it no sign of its life', () => {
    const story = new Story()
    const [a, , c] = story.group('a', 'b', 'c', 'd')
    let repairs = 0
    const lost = story.losing(({ is, rank, from, to }) => {
      const isOfC = is === 'data' && rank === 2
      if (isOfC && from !== 'c' && to === 'a') repairs++
      return isOfC && to === 'd'
    })
    let isAccused = false
    story.losing(packet => {
      if (packet.is === 'suspect' && packet.from === 'a') isAccused ||= packet.control!.suspect!.accused!.includes(2)
      return false
    })
    c.send('c#0:')
    story.run(2)
    story.vanishes('c')
    expect(story.until(() => isAccused)).toBeLessThan(1_000)
    expect(repairs).toBeGreaterThan(1)
    lost()
    story.untilOne('a', 'b', 'd')
    for (const name of ['a', 'b', 'd']) expect(story.member(name).log[0]).toBe('c: c#0:')
    expect(a.log).not.toContain('excluded')
  })
})

describe('who has just come', () => {
  test('and is put out at once is not taken back in the same life, though it had asked a second time before it was in', () => {
    // 1. a proposes a view with d; d, who does not know that, asks again, is asked back and echoes it. 2. The view is decided,
    // d is in, says something that nobody hears, and is heard no more. 3. a puts it out, and has its echo still. Were d
    // in the next view by that, it would take itself for one of those who went on, with a message that they do not have.
    const story = new Story()
    const [a] = story.group('a', 'b', 'c')
    const slow = story.losing(({ is, to }) => is === 'accepted' && to === 'a')
    const [d] = story.start('d')
    story.until(() => story.sent.some(({ is, from }) => is === 'accept' && from === 'a'))
    story.run(2)
    story.sent.length = 0
    story.until(() => story.sent.some(({ is }) => is === 'invite'))
    story.run(3)
    slow()
    story.until(() => d.view === 'a b c d' && a.view === 'a b c d')
    story.run(20)
    const mute = story.losing(({ from }) => from === 'd')
    d.send('d#0:')
    story.until(() => a.view === 'a b c', 2_000)
    mute()
    story.untilOne('a', 'b', 'c', 'd')
    expect(d.log).toContain('excluded')
    expect(story.faults).toEqual([])
  })
})

describe('one name (C26)', () => {
  test('a restart that is faster than suspicion replaces the old life', () => {
    for (const name of ['a', 'b', 'c']) {
      const story = new Story()
      story.group('a', 'b', 'c')
      story.crash(name)
      story.start(name)
      const others = ['a', 'b', 'c'].filter(other => other !== name)
      expect(story.untilOne(...others, `${name}'`)).toBeLessThan(1_500)
      expect(story.faults).toEqual([])
    }
  })

  test('and again, before the first is in', () => {
    const story = new Story()
    story.group('a', 'b', 'c')
    story.crash('c')
    story.start('c')
    story.run(40)
    story.crash("c'")
    story.start('c')
    story.untilOne('a', 'b', "c''")
    expect(story.faults).toEqual([])
  })

  test('a second live process of a name is refused, whoever has it', () => {
    for (const name of ['a', 'b', 'c']) {
      const story = new Story()
      const members = story.group('a', 'b', 'c')
      const [second] = story.start(name)
      story.until(() => second.isClosed)
      expect(second.log).toEqual(['closed ERR_TUTTI_NAME'])
      expect(members.flatMap(viewsOf)).toEqual([])
    }
  })

  test('who slept while its name was given away is refused when it wakes', () => {
    const story = new Story()
    const [, b] = story.group('a', 'b', 'c')
    story.sleeps('b', 5_000)
    story.run(100)
    story.start('b')
    story.untilOne('a', 'c', "b'")
    story.until(() => b.isClosed)
    expect(b.log.at(-1)).toBe('closed ERR_TUTTI_NAME')
    expect(story.faults).toEqual([])
  })
})

describe('many at once', () => {
  test('twelve who start in one instant become one group', () => {
    const names = [...'abcdefghijkl']
    for (let seed = 1; seed <= 3; seed++) {
      const story = new Story({ seed })
      story.start(...names)
      story.untilOne(...names)
      for (const name of names) expect(viewsOf(story.member(name)).length).toBeLessThan(8)
      expect(story.faults).toEqual([])
    }
  })

  test('a storm of joins and hails while the coordinators die', () => {
    const story = new Story()
    story.group('a', 'b', 'c', 'd', 'e')
    for (const name of ['f', 'g', 'h', 'i']) {
      story.start(name)
      story.run(15)
    }
    story.crash('a')
    story.run(30)
    story.crash('b')
    story.start('j', 'k')
    story.untilOne(...'cdefghijk')
    for (const name of 'cde') expect(viewsOf(story.member(name)).length).toBeLessThan(14)
    expect(story.faults).toEqual([])
  })

  test('a newcomer that does not vote is left with the dead: it waits, and says so', () => {
    const story = new Story()
    const [a] = story.start('a')
    story.until(() => a.view === 'a')
    const [b] = story.start('b')
    story.until(() => b.view === 'a b')
    story.crash('a')
    story.run(3_000)
    expect(b.log.at(-1)).toBe('blocked no-quorum: a')
    expect(b.engine.isStranded).toBe(true)
    b.reform(story.nowMs)
    story.untilOne('b')
  })
})
