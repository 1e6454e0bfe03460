import { isUtf8 } from 'node:buffer'
import type { ErrorCode, Member, Message, Order, View } from 'tutti'

/**
 * The lines of `tutti pipe`: commands as they come in, events as they go out. docs/pipe.md is their specification; other
 * programs are written against it, so fields may be added here and none renamed or removed.
 */
export interface SendCommand {
  readonly op: 'send'
  readonly data: Uint8Array | string
  readonly id?: string
  readonly order?: Order
  readonly safe?: boolean
}

export interface TellCommand {
  readonly op: 'tell'
  readonly to: string
  readonly data: Uint8Array | string
  readonly id?: string
}

export interface Refusal {
  readonly op: 'refused'
  readonly code: ErrorCode
  readonly message: string
  readonly id?: string
}

export type Command = SendCommand | TellCommand | { readonly op: 'stats' } | { readonly op: 'leave' } | Refusal

type Fields = Record<string, unknown>

const ORDERS = ['fifo', 'causal', 'total']
/** What pipe.md has and this release has not. */
const LATER_OPS = ['checkpoint', 'snapshot']

/** Never throws: a line that is no command becomes a refusal, which carries the line's id if it has one. */
export function parseCommand(line: string): Command {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return refusal('the line is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refusal('a command is a JSON object, such as {"op":"send","data":"hello"}')
  }
  const fields = value as Fields
  const id = typeof fields.id === 'string' ? fields.id : undefined
  const isSent = fields.op === 'send' || fields.op === 'tell'
  if (isSent && fields.id !== undefined && id === undefined) return refusal('`id` must be a string')
  switch (fields.op) {
    case 'send':
      return parseSend(fields, id)
    case 'tell':
      return parseTell(fields, id)
    case 'stats':
    case 'leave':
      return { op: fields.op }
    default:
      return parseOther(fields.op, id)
  }
}

function parseSend(fields: Fields, id: string | undefined): SendCommand | Refusal {
  const { order, safe, durable } = fields
  const data = parseData(fields.data)
  if (data === undefined) return refusal(DATA_EXPECTED, id)
  if (order !== undefined && !ORDERS.includes(order as string)) {
    return refusal('`order` must be "fifo", "causal" or "total"', id)
  }
  if (safe !== undefined && typeof safe !== 'boolean') return refusal('`safe` must be true or false', id)
  if (durable !== undefined && typeof durable !== 'boolean') return refusal('`durable` must be true or false', id)
  if (durable) return unsupported('durable sends are not in this release', id)
  return { op: 'send', data, id, order: order as Order | undefined, safe }
}

function parseTell(fields: Fields, id: string | undefined): TellCommand | Refusal {
  const data = parseData(fields.data)
  if (data === undefined) return refusal(DATA_EXPECTED, id)
  if (typeof fields.to !== 'string') return refusal('`to` must be the name of a member', id)
  return { op: 'tell', to: fields.to, data, id }
}

function parseOther(op: unknown, id: string | undefined): Refusal {
  if (typeof op !== 'string') return refusal('`op` is missing: "send", "tell", "stats" or "leave"', id)
  if (LATER_OPS.includes(op)) return unsupported(`\`${op}\` is not in this release`, id)
  return refusal(`no command is called ${JSON.stringify(op.slice(0, 40))}`, id)
}

const refusal = (message: string, id?: string): Refusal => ({ op: 'refused', code: 'ERR_TUTTI_COMMAND', message, id })
const unsupported = (message: string, id?: string): Refusal => ({
  op: 'refused',
  code: 'ERR_TUTTI_UNSUPPORTED',
  message,
  id,
})

const DATA_EXPECTED = '`data` must be a string of valid Unicode, or {"base64":"..."}'

function parseData(data: unknown): Uint8Array | string | undefined {
  // Half a surrogate pair has no UTF-8: encoding it would change the message without a word.
  if (typeof data === 'string') return /\p{Surrogate}/u.test(data) ? undefined : data
  const base64 = typeof data === 'object' && data !== null && (data as Fields).base64
  if (typeof base64 !== 'string') return undefined
  const bytes = Buffer.from(base64, 'base64')
  // Buffer skips what is not base64, so a result that is too short is the sign of it.
  const digits = base64.replace(/={1,2}$/, '').length
  return digits % 4 !== 1 && bytes.length === Math.floor((digits * 3) / 4) ? bytes : undefined
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** `data` of a message as JSON: a string if it is valid UTF-8, else {"base64"}. */
export function dataJson(data: Uint8Array): string {
  if (isUtf8(data)) return JSON.stringify(utf8.decode(data))
  return `{"base64":"${Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')}"}`
}

/** One event as a line. */
export function eventLine(event: string, n: number, t: number, fields: object): string {
  return `${JSON.stringify({ event, n, t, ...fields })}\n`
}

/** Who sent a message, and in which view: equal for all messages of one sender in one view, as JSON text. */
export function senderFields(from: Member, view: number): string {
  return `"from":${JSON.stringify(from.name)},"incarnation":"${from.incarnation}","view":${view}`
}

/** A message as a line, put together from text: at full speed nearly every line is one. */
export function messageLine(
  n: number,
  t: number,
  sender: string,
  { order, index, safe, data }: Pick<Message, 'order' | 'index' | 'safe' | 'data'>,
): string {
  const place = index === undefined ? '' : `,"index":${index}`
  const safety = safe === false ? '' : safe === true ? ',"safe":true' : ',"safe":"close"'
  return `{"event":"message","n":${n},"t":${t},${sender},"order":"${order}"${place}${safety},"data":${dataJson(data)}}\n`
}

/** A message to this member alone. */
export function toldLine(n: number, t: number, sender: string, data: Uint8Array): string {
  return `{"event":"told","n":${n},"t":${t},${sender},"data":${dataJson(data)}}\n`
}

/** @param reset  messages before this view may not be the group's: it is another lineage than this member was in */
export function viewFields(view: View, transfer: readonly string[], reset: boolean): object {
  const members = view.members.map(({ name, incarnation, voter }) => ({ name, incarnation, voter }))
  return { lineage: view.lineage, id: view.id, members, primary: view.primary, transfer, reset }
}
