import { describe, expect, test } from 'vitest'
import { Story, viewsOf } from './story.js'

describe('what was promised', () => {
  test('who has promised reports no more: nothing that counted as stable is beyond a promise (C1)', () => {
    // 1. a prepares, the copy for e is lost. 2. a to d promise: they hold 0 of e. 3. e sends, and they receive it.
    // 4. Did they say so, e could take it for stable, deliver it as safe and die; and the cut would leave it out.
    const story = new Story()
    story.group('a', 'b', 'c', 'd', 'e', 'f')
    const e = story.member('e')
    const held = story.losing(({ is, to }) => is === 'prepare' && to === 'e')
    // Nobody gets on without e, and e does not know.
    story.member('f').leave(story.nowMs)
    story.until(() =>
      ['b', 'c', 'd'].every(name => story.sent.some(({ is, from }) => is === 'promise' && from === name)),
    )
    story.sent.length = 0
    const before = e.engine.progress(null)?.stable
    e.send('e#0:')
    // As much as its window takes: reports on it would be due at once, and not with the next beat.
    expect(e.fill()).toBeGreaterThan(20)
    story.run(200)
    const reports = story.sent.filter(({ is, from }) => ['report', 'beat'].includes(is) && 'abcd'.includes(from))
    expect(reports).toEqual([])
    expect(e.engine.progress(null)?.stable).toBe(before)
    for (const name of ['a', 'b', 'c', 'd']) expect(story.member(name).log).not.toContain('e: e#0:')
    held()
    story.untilOne('a', 'b', 'c', 'd', 'e')
    for (const name of ['a', 'b', 'c', 'd']) expect(story.member(name).log[0]).toBe('e: e#0:')
    expect(story.faults).toEqual([])
  })

  test('and where that one dies, all who go on hold the same of it (C1)', () => {
    const story = new Story()
    story.group('a', 'b', 'c', 'd', 'e', 'f')
    story.losing(({ is, to }) => is === 'prepare' && to === 'e')
    story.member('f').leave(story.nowMs)
    story.until(() => story.sent.some(({ is, from }) => is === 'promise' && from === 'c'))
    const lost = story.losing(({ is, to }) => is === 'data' && to === 'b')
    story.member('e').send('e#0:')
    story.run(20)
    story.crash('e')
    lost()
    story.untilOne('a', 'b', 'c', 'd')
    expect(story.faults).toEqual([])
  })

  test('what comes after the last promise is beyond the cut, and nobody delivers it', () => {
    // 1. e's message is on its way to b alone when e dies. 2. All promise, and decide. 3. It comes to b. 4. b hears of it.
    const story = new Story()
    const [, b] = story.group('a', 'b', 'c', 'd', 'e')
    story.losing(({ is, from, to, rank }) => is === 'data' && rank === 4 && !(from === 'e' && to === 'b'))
    story.delayMs = ({ is, from }) => (is === 'data' && from === 'e' ? 400 : 0)
    story.member('e').send('e#0:')
    story.run(1)
    const deaf = story.losing(({ is, to }) => ['accept', 'decide'].includes(is) && to === 'b')
    story.run(1)
    story.crash('e')
    story.run(450)
    expect(b.view).toBe('a b c d e')
    expect(story.member('a').view).toBe('a b c d')
    deaf()
    story.untilOne('a', 'b', 'c', 'd')
    expect(b.log).not.toContain('e: e#0:')
    expect(story.faults).toEqual([])
  })

  test('what a promiser held that died before the cut was drawn is not waited for', () => {
    // 1. e says something that nobody else gets. 2. a prepares; e promises, and holds it. 3. e dies. 4. b, held up until
    // then, promises as the last. A cut that counts e's promise asks for what nobody can supply any more.
    const story = new Story()
    story.group('a', 'b', 'c', 'd', 'e')
    story.losing(({ is }) => is === 'data')
    story.member('e').send('e#0:')
    const late = story.losing(({ is, to }) => is === 'prepare' && to === 'b')
    story.start('f')
    story.until(() => story.sent.some(({ is, from }) => is === 'promise' && from === 'e'))
    story.run(2)
    story.crash('e')
    story.run(400)
    late()
    story.untilOne('a', 'b', 'c', 'd', 'f')
    expect(story.faults).toEqual([])
  })
})

describe('what may have been decided', () => {
  test('is proposed again as it stands, and waits for no answer of the dead (C3)', () => {
    const story = new Story()
    const [, b, c, d] = story.group('a', 'b', 'c', 'd', 'e')
    story.crash('e')
    story.diesOf('a', 'accept', 1)
    story.untilOne('b', 'c', 'd')
    for (const member of [b, c, d]) expect(viewsOf(member)).toEqual(['a b c d', 'b c d'])
    expect(b.engine.counters.valuesReproposed).toBe(1)
    expect(story.faults).toEqual([])
  })

  test('a leaver, alone a quorum of two, does not go before the other knows (C4 i)', () => {
    const story = new Story()
    const [a, b] = story.group('a', 'b')
    const end = story.losing(({ is }) => is === 'decide')
    a.leave(story.nowMs)
    story.run(800)
    expect(a.isClosed).toBe(false)
    end()
    story.untilOne('b')
    story.until(() => a.isClosed)
    expect(a.error).toBeUndefined()
    expect(b.log).not.toContain('excluded')
  })

  test('two of three leave together, and all are told to go at once (C4 i)', () => {
    for (const leavers of [
      ['a', 'b'],
      ['a', 'c'],
      ['b', 'c'],
      ['a', 'b', 'c'],
    ]) {
      const story = new Story()
      story.group('a', 'b', 'c')
      let count = 0
      const end = story.losing(({ is }) => is === 'decide' && ++count < 12)
      for (const name of leavers) story.member(name).leave(story.nowMs)
      story.until(() => leavers.every(name => story.member(name).isClosed), 6_000)
      end()
      const stayer = ['a', 'b', 'c'].filter(name => !leavers.includes(name))
      if (stayer.length > 0) story.untilOne(...stayer)
      expect(story.faults).toEqual([])
      for (const name of leavers) expect(story.member(name).error).toBeUndefined()
    }
  })

  test('everyone leaves at once while one crashes', () => {
    for (const victim of ['a', 'b', 'c', 'd']) {
      const story = new Story()
      story.group('a', 'b', 'c', 'd')
      for (const member of story.members.values()) member.leave(story.nowMs)
      story.run(25)
      story.crash(victim)
      story.until(() => [...story.members.values()].every(({ isClosed }) => isClosed), 8_000)
      expect(story.faults).toEqual([])
    }
  })

  for (const isSilent of [false, true]) {
    test(`is told by those it put out, when who decided it is gone (C4 ii)${isSilent ? ', and its host too' : ''}`, () => {
      // 1. a decides {a, b, c}, which a, d and e accepted. 2. Decide reaches d and e alone, who are out and begin anew.
      // 3. a dies. 4. b and c are two of five, and cannot learn it but from d and e.
      const story = new Story()
      const members = story.group('a', 'b', 'c', 'd', 'e')
      const [a, b, c] = members
      const ends = [story.losing(({ is, from }) => is === 'promise' && (from === 'd' || from === 'e'))]
      // d and e hear, vote, and are heard, but do not promise in time: for all that a knows they are gone.
      ends.push(story.losing(({ from, to, is }) => to === 'a' && 'de'.includes(from) && is !== 'accepted'))
      ends.push(story.losing(({ from, to, is }) => to === 'b' && 'de'.includes(from) && is !== 'accepted'))
      ends.push(story.losing(({ is, to }) => is === 'accept' && 'bc'.includes(to)))
      story.losing(({ is, to, from }) => is === 'decide' && from === 'a' && 'bc'.includes(to))
      story.until(() => story.sent.some(({ is, from }) => is === 'decide' && from === 'a'))
      expect(a.view).toBe('a b c')
      if (isSilent) story.vanishes('a')
      else story.crash('a')
      for (const end of ends) end()
      story.untilOne('b', 'c', 'd', 'e')
      expect(viewsOf(b)[0]).toBe('a b c')
      expect(viewsOf(c)[0]).toBe('a b c')
      expect(story.faults).toEqual([])
    })
  }

  test('a decision that arrives before the packets it counts is carried out with them', () => {
    const story = new Story()
    story.group('a', 'b', 'c', 'd')
    // d is the one that leaves: it need hold nothing for what is decided, and delivers all of it all the same.
    const lost = story.losing(({ is, to }) => is === 'data' && to === 'd')
    story.member('b').send('b#0:')
    story.member('d').leave(story.nowMs)
    story.run(300)
    lost()
    story.untilOne('a', 'b', 'c')
    story.until(() => story.member('d').isClosed)
    expect(story.member('d').log).toContain('b: b#0:')
    expect(story.faults).toEqual([])
  })
})

describe('who goes on', () => {
  test('is everyone who lives, not the first to answer (C13)', () => {
    const story = new Story()
    story.group('a', 'b', 'c', 'd', 'e')
    let count = 0
    // d and e miss the first five rounds.
    story.losing(({ is, to }) => is === 'prepare' && 'de'.includes(to) && ++count <= 10)
    story.start('f')
    story.untilOne('a', 'b', 'c', 'd', 'e', 'f')
    expect(viewsOf(story.member('e'))).toEqual(['a b c d e f', 'a b c d e f'])
  })

  test('at ten per cent loss a join puts out none of the living (C13)', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const story = new Story({ seed })
      story.group('a', 'b', 'c', 'd', 'e')
      story.losing(() => story.random() % 10 === 0)
      story.start('f')
      story.untilOne('a', 'b', 'c', 'd', 'e', 'f')
      for (const name of ['a', 'b', 'c', 'd', 'e']) expect(story.member(name).log).not.toContain('excluded')
    }
  })

  test.each([1_000, 4_000])(
    'and everyone who is heard again when a cut of %d ms ends that left nobody a quorum',
    cutMs => {
      for (let seed = 1; seed <= 10; seed++) {
        const story = new Story({ seed })
        const names = [...'abcdefghijkl']
        story.group(...names)
        const heal = story.split('b', 'd', 'e', 'f', 'g', 'h')
        story.run(11 * seed)
        // The change of views that this asks for has begun on both sides, or is about to.
        story.crash('l')
        story.run(cutMs)
        heal()
        story.untilOne(...names.slice(0, -1))
        for (const name of names) expect(story.member(name).log).not.toContain('excluded')
        // They do not outbid each other all the while.
        expect(story.member('a').engine.counters.ballotsOutbid).toBe(0)
        expect(story.faults).toEqual([])
      }
    },
  )

  test('and those who say that they hear nobody, where without them too few are left', () => {
    const story = new Story()
    story.group('a', 'b', 'c', 'd', 'e')
    let hasPromised = false
    story.losing(({ is, from, to }) => {
      if (is === 'promise' && from === 'b') hasPromised = true
      return is === 'prepare' && to === 'c'
    })
    story.crash('e')
    story.until(() => hasPromised)
    // They are heard, and hear nothing; a, b and d have promised by then.
    story.losing(({ to }) => to === 'b' || to === 'c')
    story.run(1_500)
    story.heal()
    story.untilOne('a', 'b', 'c', 'd')
    for (const name of ['a', 'b', 'c', 'd']) expect(story.member(name).log).not.toContain('excluded')
    expect(story.faults).toEqual([])
  })

  test('and a fill of two seconds is nobody’s reason to begin another ballot (C14)', () => {
    const story = new Story()
    story.group('a', 'b', 'c', 'd', 'e')
    const lost = story.losing(({ is, to }) => is === 'data' && to === 'e')
    story.member('b').send('b#0:')
    story.member('d').leave(story.nowMs)
    story.until(() => story.sent.some(({ is }) => is === 'fill'))
    story.run(2_000)
    lost()
    story.untilOne('a', 'b', 'c', 'e')
    const outbid = [...story.members.values()].map(({ engine }) => engine.counters.ballotsOutbid)
    expect(outbid).toEqual([0, 0, 0, 0, 0])
    expect(story.member('e').log[0]).toBe('b: b#0:')
  })

  test('what one alone holds of a dead sender all get from that one (C15)', () => {
    const story = new Story()
    story.group('a', 'b', 'c', 'd', 'e')
    const lost = story.losing(({ is, to, from }) => is === 'data' && from === 'e' && to !== 'd')
    for (let i = 0; i < 15; i++) story.member('e').send(`e#${i}:`.padEnd(300, '.'))
    story.run(2)
    story.crash('e')
    story.run(1)
    lost()
    story.untilOne('a', 'b', 'c', 'd')
    for (const name of ['a', 'b', 'c', 'd']) {
      const { log } = story.member(name)
      expect(log.filter(line => line.startsWith('e: '))).toHaveLength(15)
      expect(log.findIndex(line => line.startsWith('view'))).toBe(15)
    }
    expect(story.faults).toEqual([])
  })

  test('half a message of a dead sender is nobody’s (C9)', () => {
    const story = new Story()
    story.group('a', 'b', 'c', 'd')
    let count = 0
    story.losing(({ is, from }) => is === 'data' && from === 'd' && ++count > 90)
    story.member('d').send('d#0:'.padEnd(40_000, '.'))
    story.run(3)
    story.crash('d')
    story.untilOne('a', 'b', 'c')
    for (const name of ['a', 'b', 'c'])
      expect(story.member(name).log.filter(line => line.startsWith('d: '))).toEqual([])
    expect(story.faults).toEqual([])
  })

  test('half a message of a living one goes whole in the next view, once (C9)', () => {
    const story = new Story()
    const [a, b, c] = story.group('a', 'b', 'c', 'd')
    b.send('b#0:'.padEnd(300_000, '.'))
    story.run(2)
    story.crash('d')
    story.untilOne('a', 'b', 'c')
    story.until(() => [a, b, c].every(({ log }) => log.includes('b: 300000 bytes')))
    story.run(500)
    for (const { log } of [a, b, c]) expect(log.filter(line => line === 'b: 300000 bytes')).toHaveLength(1)
    expect(story.faults).toEqual([])
  })
})
