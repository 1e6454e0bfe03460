import { expect, it } from 'vitest'
import { checkTrace } from '../../src/sim/checkers/index.js'
import { parseTrace, type TraceLine, traceText } from '../../src/sim/trace.js'
import { eventful } from './eventful.js'
import { good } from './good.js'
import { ordered } from './ordered.js'
import { transcript } from './transcript.js'

it('a trace survives being written and read', () => {
  expect(parseTrace(good.map(traceText).join('\n'))).toEqual(good)
})

it('a good trace passes every checker', () => {
  expect(checkTrace(good)).toEqual([])
})

it('events and commands that no checker knows are left out', () => {
  const text = '{"process":"a","op":"stats"}\n\n{"process":"a","event":"stats","n":3,"t":1}\n'
  expect(parseTrace(text)).toEqual([])
})

it.each([
  ['{', 'line 1 is not JSON'],
  ['7', 'line 1: not an object'],
  ['{"event":"left"}', 'line 1: `process` is missing'],
  ['\n{"process":"a"}', 'line 2: neither a command'],
  ['{"process":"a","event":"sent","id":1,"view":1}', 'line 1: `id` is missing or of the wrong type'],
])('%s is no trace', (text, message) => {
  expect(() => parseTrace(text)).toThrow(message)
})

it('liveness is not asked of a trace that ends in trouble', () => {
  const unfinished = transcript(`
    a starts
    a sends one`)
  expect(checkTrace(unfinished, false)).toEqual([])
  expect(checkTrace(unfinished).map(violation => violation.checker)).toEqual(['self-delivery'])
})

it('bytes that are not text are data like any other', () => {
  const lines = [
    '{"process":"a","event":"ready","name":"a","incarnation":"1"}',
    '{"process":"a","op":"send","data":{"base64":"/w=="}}',
    '{"process":"a","event":"message","from":"a","incarnation":"1","view":1,"order":"fifo","data":{"base64":"/w=="}}',
  ]
  expect(checkTrace(parseTrace(lines.join('\n')))).toEqual([])
  expect(checkTrace(parseTrace(lines.join('\n').replace('/w==', '/g=='))).map(v => v.checker)).toEqual([
    'integrity',
    'self-delivery',
  ])
})

it('a trace with everything in it survives being written and read', () => {
  expect(parseTrace(eventful.map(traceText).join('\n'))).toEqual(eventful)
  expect(checkTrace(eventful)).toEqual([])
})

it('so does one with all order classes', () => {
  expect(parseTrace(ordered.map(traceText).join('\n'))).toEqual(ordered)
  expect(checkTrace(ordered)).toEqual([])
})

it('a send that leaves its order to its group has the one in which it was delivered', () => {
  const unsaid: TraceLine[] = ordered.map(line =>
    'op' in line && line.op === 'send' ? { ...line, order: undefined } : line,
  )
  expect(checkTrace(unsaid)).toEqual([])
  const last = unsaid.findLastIndex(line => 'event' in line && line.event === 'message')
  const other = unsaid.with(last, { ...unsaid[last], order: 'causal', index: undefined } as TraceLine)
  expect(checkTrace(other).map(({ checker }) => checker)).toContain('integrity')
})

it('what a pipe wrote passes as it stands, with commands and events that no checker knows', () => {
  const raw = [
    '{"process":"a","event":"ready","name":"a","incarnation":"1","version":"1.0.0","n":1,"t":0}',
    '{"process":"a","op":"stats"}',
    '{"process":"a","event":"stats","n":2,"t":1}',
    '{"process":"a","op":"checkpoint","after":1,"data":"x"}',
    '{"process":"a","event":"blocked","reason":"no-quorum","waiting":["b"]}',
    '{"process":"a","event":"unblocked","reason":"no-quorum"}',
    '{"process":"a","op":"sing","id":"7"}',
  ]
  expect(checkTrace(raw.map(line => JSON.parse(line)))).toEqual([])
})

it.each([
  ['{"process":"a","op":"send","data":"x","order":"random"}', '`order` is missing or of the wrong type'],
  ['{"process":"a","op":"send","data":"x","safe":"close"}', '`safe` is missing or of the wrong type'],
  ['{"process":"a","event":"message","from":"a","incarnation":"1","view":1,"data":"x"}', '`order` is missing or'],
  [
    '{"process":"a","event":"message","from":"a","incarnation":"1","view":1,"data":"x","order":"total","index":"1"}',
    '`index` is missing or of the wrong type',
  ],
  [
    '{"process":"a","event":"message","from":"a","incarnation":"1","view":1,"data":"x","order":"fifo","safe":"later"}',
    '`safe` is missing or of the wrong type',
  ],
  ['{"process":"a","event":"merged","lineage":"1"}', '`won` is missing'],
  ['{"process":"a","event":"excluded"}', '`incarnation` is missing'],
  [
    '{"process":"a","event":"view","lineage":"1","id":1,"members":[],"transfer":"a"}',
    '`transfer` is missing or of the',
  ],
  ['{"process":"a","event":"promised","tag":1,"ballot":2,"rank":0,"accepted":{}}', '`accepted` is missing or of the'],
  ['{"process":"a","event":"proposed","tag":1,"ballot":2,"value":"x","voters":[-1]}', '`voters` is missing or of the'],
  ['{"process":"a","event":"accepted","tag":1,"ballot":2.5,"rank":0}', '`ballot` is missing or of the'],
  ['{"process":"a","event":"decided","tag":1}', '`value` is missing'],
])('%s is no trace', (text, message) => {
  expect(() => parseTrace(text)).toThrow(message)
})
