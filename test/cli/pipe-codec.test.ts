import { describe, expect, it } from 'vitest'
import { dataJson, eventLine, messageLine, parseCommand, senderFields, viewFields } from '../../src/cli/pipe-codec.js'

const bytes = (...values: number[]) => new Uint8Array(values)
const member = (name: string, incarnation = '00000000000000aa') => ({
  name,
  incarnation,
  voter: true,
  endpoint: { address: '127.0.0.1', port: 1 },
})

const message = (index: number | undefined, safe: boolean | 'close') => ({
  order: index === undefined ? ('fifo' as const) : ('total' as const),
  index,
  safe,
  data: Buffer.from('text'),
})

describe('commands', () => {
  const good: [line: string, command: object][] = [
    ['{"op":"send","data":"text"}', { op: 'send', data: 'text' }],
    ['{"op":"send","data":""}', { op: 'send', data: '' }],
    ['{"op":"send","data":"text","id":"1","order":"total","safe":true}', { id: '1', order: 'total', safe: true }],
    ['{"op":"send","data":"text","durable":false}', { op: 'send', data: 'text' }],
    ['{"op":"send","data":"text","colour":"red"}', { op: 'send', data: 'text' }],
    ['{"op":"send","data":"\\ud83c\\udfbb and \\u0000"}', { data: '🎻 and \0' }],
    ['{"op":"send","data":{"base64":"/wA="}}', { data: Buffer.from([255, 0]) }],
    ['{"op":"send","data":{"base64":"/wA"}}', { data: Buffer.from([255, 0]) }],
    ['{"op":"send","data":{"base64":""}}', { data: Buffer.from([]) }],
    ['{"op":"tell","to":"bob","data":"psst","id":"2"}', { op: 'tell', to: 'bob', data: 'psst', id: '2' }],
    [' {"op":"stats"}\r', { op: 'stats' }],
    ['{"op":"leave"}', { op: 'leave' }],
  ]
  it.each(good)('%s', (line, command) => {
    expect(parseCommand(line)).toMatchObject(command)
  })

  const bad: [line: string, code: string, id?: string][] = [
    ['', 'ERR_TUTTI_COMMAND'],
    ['rubbish', 'ERR_TUTTI_COMMAND'],
    ['{"op":"send","data":"text"', 'ERR_TUTTI_COMMAND'],
    ['null', 'ERR_TUTTI_COMMAND'],
    ['"send"', 'ERR_TUTTI_COMMAND'],
    ['[{"op":"leave"}]', 'ERR_TUTTI_COMMAND'],
    ['{}', 'ERR_TUTTI_COMMAND'],
    ['{"op":7,"id":"3"}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"shout","id":"3"}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"constructor","id":"3"}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"send","id":"3"}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"send","data":5,"id":"3"}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"send","data":null,"id":"3"}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"send","data":"half \\ud83c","id":"3"}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"send","data":{"base64":"!!!!"},"id":"3"}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"send","data":{"base64":"/wAA/"},"id":"3"}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"send","data":{"base64":7},"id":"3"}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"send","data":{"text":"x"},"id":"3"}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"send","data":"text","id":3}', 'ERR_TUTTI_COMMAND'],
    ['{"op":"send","data":"text","id":"3","order":"random"}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"send","data":"text","id":"3","safe":"yes"}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"send","data":"text","id":"3","durable":1}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"send","data":"text","id":"3","durable":true}', 'ERR_TUTTI_UNSUPPORTED', '3'],
    ['{"op":"tell","data":"psst","id":"3"}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"tell","to":7,"data":"psst","id":"3"}', 'ERR_TUTTI_COMMAND', '3'],
    ['{"op":"checkpoint","after":9,"data":"state","id":"3"}', 'ERR_TUTTI_UNSUPPORTED', '3'],
    ['{"op":"snapshot","request":1,"after":9,"data":"state"}', 'ERR_TUTTI_UNSUPPORTED'],
  ]
  it.each(bad)('%s is refused', (line, code, id) => {
    const refusal = parseCommand(line)
    expect(refusal).toMatchObject({ op: 'refused', code, message: expect.stringMatching(/.{10}/) })
    expect(refusal).toHaveProperty('id', id)
  })
})

describe('events', () => {
  const data: [text: string, data: Uint8Array][] = [
    ['""', bytes()],
    ['"text"', Buffer.from('text')],
    ['"a \\"quoted\\" line\\n"', Buffer.from('a "quoted" line\n')],
    ['"🎻"', Buffer.from('🎻')],
    // A byte order mark is part of the data: a program that compares what it sent must find it.
    ['"\ufeffx"', bytes(0xef, 0xbb, 0xbf, 0x78)],
    ['{"base64":"/wA="}', bytes(255, 0)],
    ['{"base64":"4pw="}', bytes(0xe2, 0x9c)],
    ['{"base64":"7aCA"}', bytes(0xed, 0xa0, 0x80)],
  ]
  it.each(data)('data %s', (text, value) => {
    expect(dataJson(value)).toBe(text)
    const { data } = parseCommand(`{"op":"send","data":${text}}`) as { data: string | Uint8Array }
    expect([...Buffer.from(data as Uint8Array)]).toEqual([...value])
  })

  it('reads data that is a part of a larger buffer', () => {
    expect(dataJson(new Uint8Array(Buffer.from('..text..').buffer, Buffer.from('').byteOffset, 0))).toBe('""')
    expect(dataJson(Buffer.from('..\xff..', 'latin1').subarray(2, 3))).toBe('{"base64":"/w=="}')
  })

  it('a message', () => {
    const sender = senderFields(member('an "odd" name'), 3)
    expect(JSON.parse(messageLine(7, 12.5, sender, message(undefined, false)))).toEqual({
      event: 'message',
      n: 7,
      t: 12.5,
      from: 'an "odd" name',
      incarnation: '00000000000000aa',
      view: 3,
      order: 'fifo',
      data: 'text',
    })
  })

  it('a message with its place in the total order, and how it is safe', () => {
    const sender = senderFields(member('alice'), 3)
    const line = (index: number | undefined, safe: boolean | 'close') =>
      JSON.parse(messageLine(1, 0, sender, message(index, safe)))
    expect(line(17, false)).toMatchObject({ order: 'total', index: 17, data: 'text' })
    expect(line(17, false)).not.toHaveProperty('safe')
    expect(line(2 ** 52, true)).toMatchObject({ index: 2 ** 52, safe: true })
    expect(line(undefined, 'close')).toMatchObject({ order: 'fifo', safe: 'close' })
    expect(line(undefined, 'close')).not.toHaveProperty('index')
  })

  it('a view', () => {
    const view = { lineage: 'ab'.repeat(8), id: 4, members: [member('alice'), member('bob')], primary: true }
    expect(JSON.parse(eventLine('view', 2, 1, viewFields(view, ['alice'], false)))).toEqual({
      event: 'view',
      n: 2,
      t: 1,
      lineage: 'abababababababab',
      id: 4,
      members: [
        { name: 'alice', incarnation: '00000000000000aa', voter: true },
        { name: 'bob', incarnation: '00000000000000aa', voter: true },
      ],
      primary: true,
      transfer: ['alice'],
      reset: false,
    })
  })

  it('is one line each, and leaves out what is not there', () => {
    expect(eventLine('error', 1, 0, { code: 'X', message: 'two\nlines', id: undefined })).toBe(
      '{"event":"error","n":1,"t":0,"code":"X","message":"two\\nlines"}\n',
    )
  })
})
