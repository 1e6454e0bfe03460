import { afterEach, describe, expect, it } from 'vitest'
import { checkTrace } from '../../src/sim/checkers/index.js'
import { killAll, type Line, ownGroup, PipeProcess, runTutti, traceOf } from './pipe-process.js'

afterEach(killAll)

const linesOf = (stdout: string): Line[] =>
  stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))

const areVoters = ({ members }: Line) => members.every(({ voter }: Line) => voter)

describe('tutti pipe, real processes', { timeout: 120_000 }, () => {
  it('delivers everything once, in order, everywhere, through loss', async () => {
    const group = ownGroup()
    const members = ['a', 'b', 'c', 'd'].map(
      (name, i) => new PipeProcess(name, [...group, '--expect', '4', '--faults', 'loss=0.1', '--seed', String(i)]),
    )
    await Promise.all(members.map(member => member.first('view')))
    const sent = await Promise.all(members.map(member => member.sendFor(2)))
    const all = sent.reduce((sum, count) => sum + count)
    await Promise.all(members.map(member => member.until(() => member.of('message').length >= all)))
    const stats = await Promise.all(members.map(member => member.stats()))
    for (const receiver of members) {
      members.forEach((sender, i) => {
        const from = receiver.of('message').filter(line => line.from === sender.name)
        expect(from.map(line => line.data)).toEqual(Array.from({ length: sent[i] }, (_, n) => `${sender.name} ${n} `))
      })
    }
    expect(stats.reduce((sum, each) => sum + each.repairsSent, 0)).toBeGreaterThan(0)
    expect(checkTrace(traceOf(members))).toEqual([])
    for (const member of members) expect(await member.leave()).toBe(0)
  })

  it('tells one member, and only that one', async () => {
    const group = ownGroup()
    const [a, b, c] = ['a', 'b', 'c'].map(name => new PipeProcess(name, [...group, '--expect', '3']))
    await Promise.all([a, b, c].map(member => member.first('view')))
    for (let i = 0; i < 100; i++) a.command({ op: 'tell', to: 'b', data: `to b ${i}`, id: String(i) })
    a.command({ op: 'tell', to: 'nobody', data: '', id: 'x' })
    a.send('to all', 'y')
    await b.until(() => b.of('told').length >= 100)
    await c.first('message')
    await a.until(() => a.of('sent').length === 101)
    expect(b.of('told').map(line => line.data)).toEqual(Array.from({ length: 100 }, (_, i) => `to b ${i}`))
    expect(b.of('told')[0]).toMatchObject({ from: 'a', incarnation: a.of('ready')[0].incarnation })
    expect(c.of('told')).toEqual([])
    expect(a.of('error')).toMatchObject([{ code: 'ERR_TUTTI_NOT_MEMBER', id: 'x' }])
    expect(a.of('sent').map(line => line.id)).toEqual(expect.arrayContaining(['0', '99', 'y']))
    for (const member of [c, b, a]) expect(await member.leave()).toBe(0)
  })

  it('says views as they change, and `ready` before the others are there', async () => {
    const group = ownGroup()
    const a = new PipeProcess('a', [...group, '--expect', '2'])
    const ready = await a.first('ready')
    expect(ready).toMatchObject({ n: 1, name: 'a', incarnation: expect.stringMatching(/^[0-9a-f]{16}$/) })
    a.send('from the beginning', '1')
    const b = new PipeProcess('b', group)
    const view = await a.first('view')
    expect(view).toMatchObject({ n: 2, primary: true, transfer: [], reset: false })
    expect(view.members.map((member: Line) => member.name)).toEqual(['a', 'b'])
    await b.first('message')
    expect(b.of('view')[0]).toMatchObject({ lineage: view.lineage, id: view.id, members: view.members })
    expect(b.of('message')[0]).toMatchObject({ from: 'a', view: view.id, order: 'fifo', data: 'from the beginning' })
    // Who has joined becomes a voter, in one view more.
    await a.until(() => a.of('view').length === 2)
    expect(view.members.map((member: Line) => member.voter)).toEqual([true, false])
    expect(a.of('view')[1]).toMatchObject({ id: view.id + 1, transfer: ['a', 'b'], reset: false })
    expect(a.of('view')[1].members.map((member: Line) => member.voter)).toEqual([true, true])
    expect(await b.leave()).toBe(0)
    await a.until(() => a.of('view').length === 3)
    expect(a.of('view')[2]).toMatchObject({ id: view.id + 2, transfer: ['a'], reset: false })
    expect(await a.leave()).toBe(0)
    expect(a.events.map(line => line.n)).toEqual(a.events.map((_, i) => i + 1))
    expect(a.events.at(-1).event).toBe('left')
  })

  it('carries any bytes', async () => {
    const group = ownGroup()
    const member = new PipeProcess('a', group)
    const values = ['', 'line\nbreak', '🎻\u0000', '\ufeff', { base64: '/wA=' }, 'x'.repeat(300_000)]
    for (const data of values) member.command({ op: 'send', data })
    await member.until(() => member.of('message').length === values.length)
    expect(member.of('message').map(line => line.data)).toEqual(values)
    expect(await member.leave()).toBe(0)
  })

  it('slows the group when its reader is slow, and loses nothing', async () => {
    const group = ownGroup()
    const [fast, slow] = ['fast', 'slow'].map(name => new PipeProcess(name, [...group, '--expect', '2']))
    // Each view has a window of its own: the last one is to come before that counts.
    await Promise.all([fast, slow].map(member => member.until(() => member.of('view').some(areVoters))))
    slow.pause()
    const data = 'x'.repeat(50_000)
    // Far more than the window and all buffers between hold.
    const sent = 150
    for (let i = 0; i < sent; i++) fast.send(data, String(i))
    const blocked = await fast.first('blocked')
    expect(blocked).toMatchObject({ reason: 'window', waiting: ['slow'] })
    expect(fast.of('sent').length).toBeLessThan(sent)
    slow.resume()
    await slow.until(() => slow.of('message').length === sent)
    await fast.first('unblocked')
    for (const member of [fast, slow]) expect(await member.leave()).toBe(0)
  })

  it.each(['SIGTERM', 'SIGINT'] as const)('leaves in order on %s, however often that comes', async signal => {
    const group = ownGroup()
    const [a, b] = ['a', 'b'].map(name => new PipeProcess(name, [...group, '--expect', '2']))
    await Promise.all([a.first('view'), b.first('view')])
    const impatience = setInterval(() => b.kill(signal), 3)
    expect(await b.ended).toBe(0)
    clearInterval(impatience)
    expect(b.events.at(-1).event).toBe('left')
    await a.until(() => a.of('view').at(-1).members.length === 1)
    expect(await a.leave()).toBe(0)
  })

  it('leaves in order when its reader goes away', async () => {
    const group = ownGroup()
    const [a, b] = ['a', 'b'].map(name => new PipeProcess(name, [...group, '--expect', '2']))
    await Promise.all([a.first('view'), b.first('view')])
    b.closeOutput()
    a.send('to nobody', '1')
    expect(await b.ended).toBe(1)
    expect(b.stderr).toBe('tutti: nobody reads the events (ERR_TUTTI_LEFT)\n')
    await a.until(() => a.of('view').at(-1).members.length === 1)
    expect(await a.leave()).toBe(0)
  })

  it('sends what it was given and leaves at the end of its input', async () => {
    const input =
      '{"op":"send","data":"1","id":"a"}\nrubbish\n{"op":"fly","id":"b"}\n{"op":"checkpoint","id":"c"}\n{"op":"send","data":"2"}'
    const { code, stdout, stderr } = await runTutti(['pipe', ...ownGroup(), '--name', 'a'], { input })
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const lines = linesOf(stdout)
    expect(lines.filter(line => line.event === 'message').map(line => line.data)).toEqual(['1', '2'])
    expect(lines.filter(line => line.event === 'error').map(line => [line.code, line.id])).toEqual([
      ['ERR_TUTTI_COMMAND', undefined],
      ['ERR_TUTTI_COMMAND', 'b'],
      ['ERR_TUTTI_UNSUPPORTED', 'c'],
    ])
    expect(lines.filter(line => line.event === 'sent').map(line => line.id)).toEqual(['a'])
    expect(lines.at(-1).event).toBe('left')
  })

  it('ends with 1 and an error for each unsent id when it cannot leave in 5 s', async () => {
    const input = '{"op":"send","data":"1","id":"a"}\n{"op":"send","data":"2","id":"b"}\n'
    const { code, stdout, stderr } = await runTutti(['pipe', ...ownGroup(), '--name', 'a', '--expect', '2'], { input })
    expect(code).toBe(1)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    const errors = linesOf(stdout).filter(line => line.event === 'error')
    expect(errors.map(line => line.id)).toEqual(['a', 'b', undefined])
    expect(new Set(errors.map(line => line.code))).toEqual(new Set(['ERR_TUTTI_LEAVE_TIMEOUT']))
  })

  it.runIf(process.env.FULL === '1')('ends with its input though it cannot come into the group (FULL=1)', async () => {
    const group = ownGroup()
    const a = new PipeProcess('a', group)
    await a.first('view')
    const b = new PipeProcess('b', group)
    await b.until(() => b.of('view').some(areVoters))
    a.kill('SIGKILL')
    await b.first('blocked')
    const input = '{"op":"send","data":"1","id":"x"}\n{"op":"stats"}\n{"op":"tell","to":"b","data":"2","id":"y"}\n'
    const { code, stdout, stderr } = await runTutti(['pipe', ...group, '--name', 'c'], { input })
    expect(code).toBe(1)
    expect(stderr).toContain('could not come into the group')
    const errors = linesOf(stdout).filter(line => line.event === 'error')
    expect(errors.map(line => [line.code, line.id])).toEqual([
      ['ERR_TUTTI_LEAVE_TIMEOUT', 'x'],
      ['ERR_TUTTI_LEAVE_TIMEOUT', 'y'],
      ['ERR_TUTTI_LEAVE_TIMEOUT', undefined],
    ])
  })

  it('leaves in order though the window is closed; what it gives up is never delivered, the rest goes on', async () => {
    const group = ownGroup()
    const a = new PipeProcess('a', group)
    await a.first('view')
    const b = new PipeProcess('b', group)
    await a.until(
      () =>
        a
          .of('view')
          .at(-1)
          ?.members.filter(({ voter }: Line) => voter).length === 2,
    )
    b.pause()
    const padding = 'x'.repeat(8_000)
    for (let i = 0; i < 1_500; i++) a.send(`${i} ${padding}`, String(i))
    await a.first('blocked')
    a.kill('SIGTERM')
    expect(await a.ended).toBe(1)
    expect(a.stderr).toMatch(/ERR_TUTTI_LEAVE_TIMEOUT/)
    b.resume()
    await b.until(() => b.of('view').at(-1)?.members.length === 1)
    const given = new Set(a.of('error').map(({ id }) => id))
    const delivered = b.of('message').map(({ data }) => data.split(' ')[0])
    expect(given.size).toBeGreaterThan(1)
    expect(delivered.filter(id => given.has(id))).toEqual([])
    expect(delivered).toEqual(expect.arrayContaining(a.of('sent').map(({ id }) => id)))
    // The junior of two, whom the senior has left in order, goes on.
    b.send('alone', 'alone')
    await b.until(() => b.of('sent').length === 1)
    expect(await b.leave()).toBe(0)
  })

  it('says so of each of thousands, to a reader that takes its time', async () => {
    const member = new PipeProcess('a', [...ownGroup(), '--expect', '2'])
    await member.first('ready')
    const ids = Array.from({ length: 9_000 }, (_, i) => String(i))
    for (const id of ids) member.send('held', id)
    member.endInput()
    const slow = setInterval(() => {
      member.pause()
      setTimeout(() => member.resume(), 20)
    }, 60)
    expect(await member.ended).toBe(1)
    clearInterval(slow)
    expect(member.of('error').map(({ id }) => id)).toEqual([...ids, undefined])
  })

  it('refuses a second member of one name', async () => {
    const group = ownGroup()
    const first = new PipeProcess('a', group)
    await first.first('view')
    const { code, stderr } = await runTutti(['pipe', ...group, '--name', 'a'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/ERR_TUTTI_NAME/)
    expect(await first.leave()).toBe(0)
  })
})
