import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { TuttiError } from 'tutti'
import { describe, expect, it } from 'vitest'
import { EventOutput } from '../../src/cli/event-output.js'
import { PipeSession } from '../../src/cli/pipe-session.js'
import { FakeGroup } from './fake-group.js'

type Line = Record<string, unknown>

function open({ highWaterMark = 1 << 20 } = {}) {
  const stream = new PassThrough({ highWaterMark })
  const group = new FakeGroup()
  const output = new EventOutput(stream)
  const idle: number[] = []
  const session = new PipeSession(group, output, () => idle.push(group.given.length))
  const events = async (): Promise<Line[]> => {
    await turn()
    await turn()
    const text = (stream.read() as Buffer | null)?.toString() ?? ''
    return text
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as Line)
  }
  const kinds = async () => (await events()).map(line => line.event)
  const send = (data: string, id?: string) => session.read({ text: JSON.stringify({ op: 'send', data, id }) })
  return { stream, group, output, session, idle, events, kinds, send }
}

describe('pipe session', () => {
  it('numbers its events from 1, in order', async () => {
    const { group, session, events, send } = open()
    group.install(1)
    void session.follow()
    send('hello', '1')
    group.deliver('hello')
    session.read({ text: '{"op":"stats"}' })
    const lines = await events()
    expect(lines.map(line => line.n)).toEqual(lines.map((_, i) => i + 1))
    expect(lines[0]).toMatchObject({ event: 'ready', name: 'alice', incarnation: '00000000000000aa' })
    const kinds = lines.map(line => line.event)
    expect(kinds.toSorted()).toEqual(['message', 'ready', 'sent', 'stats', 'view'])
    expect(kinds.indexOf('view')).toBeLessThan(kinds.indexOf('message'))
  })

  it('answers each send by its id: `sent` with its view, or `error`', async () => {
    const { group, session, events, send } = open()
    group.install(7)
    void session.follow()
    send('hello', 'a')
    send('no id')
    send('too large', 'b')
    session.read({ text: '{"op":"tell","to":"bob","data":"psst","id":"c"}' })
    const answers = (await events()).filter(line => line.event === 'sent' || line.event === 'error')
    expect(answers).toHaveLength(3)
    expect(answers).toContainEqual(expect.objectContaining({ event: 'sent', id: 'a', view: 7 }))
    expect(answers).toContainEqual(expect.objectContaining({ code: 'ERR_TUTTI_MESSAGE_SIZE', id: 'b' }))
    expect(answers).toContainEqual(expect.objectContaining({ event: 'sent', id: 'c', view: 7 }))
    expect(group.given).toEqual(['hello', 'no id', 'to bob: psst'])
  })

  it('asks for the order and the safety that a send asks for, and says both of what is delivered', async () => {
    const { group, session, events } = open()
    group.install(1)
    void session.follow()
    session.read({ text: '{"op":"send","data":"x","order":"total","safe":true}' })
    session.read({ text: '{"op":"send","data":"y"}' })
    expect(group.options).toMatchObject([
      { order: 'total', safe: true },
      { order: undefined, safe: undefined },
    ])
    group.deliver('x', 'total', 5, true)
    group.deliver('z', 'causal', undefined, 'close')
    const messages = (await events()).filter(line => line.event === 'message')
    expect(messages).toMatchObject([
      { order: 'total', index: 5, safe: true, data: 'x' },
      { order: 'causal', safe: 'close', data: 'z' },
    ])
  })

  it('says `sent` of a safe message when it is safe, and an error where it never will be', async () => {
    const { group, session, events, send } = open()
    group.install(1)
    group.isOpen = false
    void session.follow()
    session.read({ text: '{"op":"send","data":"x","id":"1","safe":true}' })
    send('too large', '2')
    group.deliver('x', 'fifo', undefined, true)
    const before = await events()
    expect(before.filter(line => line.id !== undefined && line.event !== 'view')).toMatchObject([
      { event: 'error', id: '2' },
    ])
    group.open()
    expect((await events()).filter(line => line.event === 'sent')).toMatchObject([{ id: '1', view: 1 }])
  })

  it('holds sends before the first view, with a bound; each over it is an error', async () => {
    const { group, session, events, send } = open()
    for (let i = 0; i < 10_003; i++) send(`m${i}`, String(i))
    const refused = (await events()).filter(line => line.event === 'error')
    expect(refused.map(line => [line.code, line.id])).toEqual(
      ['10000', '10001', '10002'].map(id => ['ERR_TUTTI_OVERFLOW', id]),
    )
    expect(group.given).toEqual([])
    group.install(1)
    void session.follow()
    const sent = (await events()).filter(line => line.event === 'sent')
    expect(sent.map(line => line.id)).toEqual(Array.from({ length: 10_000 }, (_, i) => String(i)))
    expect(group.given).toHaveLength(10_000)
  })

  it('asks for no more input while the window is closed, and gives the group a bounded number', async () => {
    const { group, session, send, idle } = open()
    group.install(1)
    group.isOpen = false
    void session.follow()
    for (let i = 0; i < 5_000; i++) send(`m${i}`)
    await turn()
    expect(session.isBusy).toBe(true)
    expect(group.untaken).toBeGreaterThan(100)
    expect(group.untaken).toBeLessThan(2_000)
    const idleBefore = idle.length
    group.open()
    while (group.given.length < 5_000) await turn()
    await turn()
    expect(session.isBusy).toBe(false)
    expect(idle.length).toBeGreaterThan(idleBefore)
    expect(group.given).toEqual(Array.from({ length: 5_000 }, (_, i) => `m${i}`))
  })

  it('takes no more from the group than its reader reads', async () => {
    const { stream, group, session } = open({ highWaterMark: 1_000 })
    group.install(1)
    void session.follow()
    for (let i = 0; i < 3_000; i++) group.deliver('x'.repeat(1_000))
    for (let i = 0; i < 20; i++) await turn()
    expect(group.untakenEvents).toBeGreaterThan(2_500)
    expect(session.isBusy).toBe(true)
    stream.resume()
    while (group.untakenEvents > 0) await once(stream, 'data')
  })

  it('says `sent` only after the view that it names', async () => {
    const { group, session, events, send } = open({ highWaterMark: 1_000 })
    group.install(1)
    void session.follow()
    for (let i = 0; i < 200; i++) group.deliver('x'.repeat(1_000))
    for (let i = 0; i < 5; i++) await turn()
    // The group is a view ahead of its reader.
    group.install(2)
    send('late', 'a')
    const lines: Line[] = []
    while (!lines.some(line => line.event === 'sent')) lines.push(...(await events()))
    const kinds = lines.map(line => `${line.event}${line.event === 'view' ? line.id : ''}`)
    expect(kinds.indexOf('sent')).toBeGreaterThan(kinds.indexOf('view2'))
  })

  it('says what happened besides in its place, also to a slow reader', async () => {
    const { group, session, events } = open({ highWaterMark: 1_000 })
    group.install(1)
    void session.follow()
    for (let i = 0; i < 3_000; i++) group.deliver('x'.repeat(200))
    for (let i = 0; i < 5; i++) await turn()
    group.emit('blocked', 'window', ['bob'])
    expect(group.untakenEvents).toBeGreaterThan(1_000)
    const lines: Line[] = []
    while (lines.length < 3_003) lines.push(...(await events()))
    expect(lines[3_001].event).toBe('message')
    expect(lines[3_002]).toMatchObject({ event: 'blocked', n: 3_003 })
  })

  it('and before what came after it, a view or a message', async () => {
    const { group, session, events } = open({ highWaterMark: 1_000 })
    group.install(1)
    void session.follow()
    const deliver = (of: string) => {
      for (let i = 0; i < 1_000; i++) group.deliver(`${of} ${'x'.repeat(200)}`)
    }
    deliver('before')
    for (let i = 0; i < 5; i++) await turn()
    group.emit('blocked', 'no-quorum', ['bob'])
    deliver('after')
    group.emit('unblocked', 'no-quorum')
    group.install(2)
    group.exclude()
    group.emit('lost', { lineage: 'ab'.repeat(8), view: 2 }, new TuttiError('ERR_TUTTI_EXCLUDED', 'lost'))
    deliver('in another life')
    expect(group.untakenEvents).toBeGreaterThan(2_100)
    const lines: Line[] = []
    while (lines.length < 3_007) lines.push(...(await events()))
    const kinds = lines.map(({ event, data }) => (event === 'message' ? `${data}`.replace(/ x+$/, '') : event))
    const turns = kinds.filter((kind, i) => kind !== kinds[i - 1])
    expect(turns).toEqual([
      'ready',
      'view',
      'before',
      'blocked',
      'after',
      'unblocked',
      'view',
      'excluded',
      'error',
      'in another life',
    ])
  })

  it('says that a message was refused behind what brought that about', async () => {
    const { group, session, events, send } = open({ highWaterMark: 1_000 })
    group.install(1)
    void session.follow()
    for (let i = 0; i < 1_000; i++) group.deliver('x'.repeat(200))
    for (let i = 0; i < 5; i++) await turn()
    group.install(2)
    send('too large', '1')
    await turn()
    group.deliver('after')
    const lines: Line[] = []
    while (lines.length < 1_005) lines.push(...(await events()))
    expect(lines.slice(-3)).toMatchObject([{ event: 'view', id: 2 }, { event: 'error', id: '1' }, { data: 'after' }])
  })

  it('takes `id` for what it is only where there is one', async () => {
    const { group, session, events } = open()
    group.install(1)
    void session.follow()
    session.read({ text: '{"op":"stats","id":7}' })
    session.read({ text: '{"op":"send","data":"x","id":7}' })
    const kinds = (await events()).map(line => line.event)
    expect(kinds.toSorted()).toEqual(['error', 'ready', 'stats', 'view'])
  })

  it('goes on after a line that is no command', async () => {
    const { group, session, events, send } = open()
    group.install(1)
    void session.follow()
    session.read({ text: 'rubbish' })
    session.read({ fault: 'the line is too long' })
    session.read({ text: '{"op":"checkpoint","id":"c"}' })
    send('hello', 'a')
    const lines = await events()
    expect(lines.filter(line => line.event === 'error').map(line => [line.code, line.id])).toEqual([
      ['ERR_TUTTI_COMMAND', undefined],
      ['ERR_TUTTI_COMMAND', undefined],
      ['ERR_TUTTI_UNSUPPORTED', 'c'],
    ])
    expect(lines.at(-1)).toMatchObject({ event: 'sent', id: 'a' })
  })

  it('leaves only when everything accepted has been taken over, and accepts nothing after', async () => {
    const { group, session, events, send } = open()
    group.install(1)
    group.isOpen = false
    const followed = session.follow()
    send('last', 'a')
    session.read({ text: '{"op":"leave"}' })
    send('too late', 'b')
    await turn()
    expect(group.hasLeft).toBe(false)
    group.open()
    await followed
    await session.hasLeft
    expect(group.hasLeft).toBe(true)
    expect(group.given).toEqual(['last'])
    const answers = (await events()).filter(line => line.id === 'a' || line.id === 'b')
    expect(answers.map(line => [line.event, line.id, line.code])).toEqual([
      ['error', 'b', 'ERR_TUTTI_LEFT'],
      ['sent', 'a', undefined],
    ])
  })

  it('leaves before its first view if it holds nothing', async () => {
    const { group, session } = open()
    session.leave()
    await session.hasLeft
    expect(group.hasLeft).toBe(true)
  })

  it('gives up what was not taken, with an error for each id, once; nothing of it is sent later', async () => {
    const { group, session, events, send } = open()
    group.install(1)
    group.isOpen = false
    void session.follow()
    for (let i = 0; i < 3_000; i++) send(`m${i}`, String(i))
    const given = group.given.length
    session.giveUp(new TuttiError('ERR_TUTTI_LEAVE_TIMEOUT', 'it took too long'))
    expect(group.untaken).toBe(0)
    expect(group.hasLeft).toBe(true)
    group.open()
    const lines = await events()
    const errors = lines.filter(line => line.event === 'error')
    expect(new Set(errors.map(line => line.id)).size).toBe(3_000)
    expect(errors).toHaveLength(3_000)
    expect(new Set(errors.map(line => line.code))).toEqual(new Set(['ERR_TUTTI_LEAVE_TIMEOUT']))
    expect(group.given).toHaveLength(given)
    expect(lines.some(line => line.event === 'sent')).toBe(false)
  })

  it('says at its end that nobody knows what came of what the group has taken', async () => {
    const { group, session, events, send } = open()
    group.install(1)
    group.isOpen = false
    void session.follow()
    send('in parts', 'a')
    send('waits', 'b')
    session.giveUp(new TuttiError('ERR_TUTTI_LEAVE_TIMEOUT', 'it took too long'))
    await turn()
    session.abandon()
    group.open()
    const answers = (await events()).filter(line => line.id !== undefined && line.event !== 'view')
    expect(answers.map(line => [line.event, line.id, line.code])).toEqual([
      ['error', 'b', 'ERR_TUTTI_LEAVE_TIMEOUT'],
      ['error', 'a', 'ERR_TUTTI_FATE_UNKNOWN'],
    ])
  })

  it('reports when sending is held back', async () => {
    const { group, session, events } = open()
    group.install(1)
    void session.follow()
    group.emit('blocked', 'window', ['bob'])
    group.emit('unblocked', 'window')
    expect((await events()).filter(line => line.reason !== undefined)).toMatchObject([
      { event: 'blocked', reason: 'window', waiting: ['bob'] },
      { event: 'unblocked', reason: 'window' },
    ])
  })

  it('fails when the group closes the member without being asked', async () => {
    const { group, session } = open()
    group.install(1)
    const followed = session.follow()
    await group.leave()
    await expect(followed).rejects.toMatchObject({ code: 'ERR_TUTTI_LEFT' })
  })

  it('fails with the reason, where the group has one', async () => {
    const { group, session } = open()
    group.install(1)
    const followed = session.follow()
    await group.leave()
    group.leave = () => Promise.reject(new TuttiError('ERR_TUTTI_NAME', 'another has the name'))
    await expect(followed).rejects.toMatchObject({ code: 'ERR_TUTTI_NAME' })
  })

  it('fails when its reader goes away', async () => {
    const { stream, group, session } = open({ highWaterMark: 1_000 })
    group.install(1)
    const followed = session.follow()
    for (let i = 0; i < 300; i++) group.deliver('x'.repeat(1_000))
    await turn()
    stream.destroy(new Error('closed'))
    await expect(followed).rejects.toThrow('closed')
  })
})
