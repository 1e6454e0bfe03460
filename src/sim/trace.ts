import type { Order } from '../types.js'

/**
 * A trace is what all processes of a run were told and what they said, as `tutti pipe` has it: a line is a command or an
 * event, and `process` names the one life of the one process it belongs to. The lines of one process are in the order in
 * which they happened; between processes there is no order, so traces written by separate processes may simply be put
 * one after the other. A process that was left out goes on as the same process with a new incarnation. Not a pipe's are
 * `crashed`, written by whoever killed the process, and the events of an agreement, which only the simulator sees.
 */
export type TraceLine = TraceCommand | TraceEvent

/** Text, or bytes that are not valid UTF-8. */
export type Payload = string | { readonly base64: string }

interface Line {
  readonly process: string
  /** Milliseconds: since the process started in a pipe's trace, simulated time in a simulator's. */
  readonly t?: number
}

export type TraceCommand = Line &
  (
    | {
        readonly op: 'send'
        readonly data: Payload
        readonly id?: string
        /** Absent where a pipe's own `--order` decides: then its deliveries say. */
        readonly order?: Order
        readonly safe?: boolean
      }
    | { readonly op: 'tell'; readonly to: string; readonly data: Payload; readonly id?: string }
    | { readonly op: 'leave' }
  )

export interface TraceMember {
  readonly name: string
  readonly incarnation: string
  readonly voter: boolean
}

export type TraceEvent = Line & (MemberEvent | AgreementEvent)

type MemberEvent =
  | {
      readonly event: 'ready'
      readonly name: string
      readonly incarnation: string
      /** Where a trace has several groups: which one this process is a member of. */
      readonly group?: string
    }
  | {
      readonly event: 'view'
      readonly lineage: string
      readonly id: number
      readonly members: readonly TraceMember[]
      readonly primary: boolean
      /** Names of those who came from this member's last view together with it. */
      readonly transfer?: readonly string[]
      /** What this member had before may not be the group's. */
      readonly reset?: boolean
    }
  | {
      readonly event: 'message'
      readonly from: string
      readonly incarnation: string
      readonly view: number
      readonly order: Order
      /** Total order only. */
      readonly index?: number
      /** Absent: it is not. */
      readonly safe?: boolean | 'close'
      readonly data: Payload
    }
  | { readonly event: 'told'; readonly from: string; readonly incarnation: string; readonly data: Payload }
  | { readonly event: 'sent'; readonly id: string; readonly view: number }
  | { readonly event: 'error'; readonly code: string; readonly message: string; readonly id?: string }
  | { readonly event: 'excluded'; readonly incarnation: string }
  | { readonly event: 'merged'; readonly lineage: string; readonly won: boolean }
  | { readonly event: 'blocked'; readonly reason: string; readonly waiting?: readonly string[] }
  | { readonly event: 'unblocked'; readonly reason: string }
  | { readonly event: 'left' }
  | { readonly event: 'crashed' }

/** A vote of an acceptor. Larger ballots are later; `value` is a short name of what was voted for. */
export interface TraceVote {
  readonly ballot: number
  readonly value: string
}

/**
 * What a process says about the view that follows the one with this tag, each time that it says so. Ranks are those of
 * the closing view; a ballot is round * 65536 + rank of its proposer.
 */
export type AgreementEvent =
  | {
      readonly event: 'promised'
      readonly tag: number
      readonly ballot: number
      readonly rank: number
      /** Its latest vote. A proposer's promise to itself does not say. */
      readonly accepted?: TraceVote
    }
  | {
      readonly event: 'proposed'
      readonly tag: number
      readonly ballot: number
      readonly value: string
      /** Ranks of the closing view's voters. */
      readonly voters: readonly number[]
    }
  | { readonly event: 'accepted'; readonly tag: number; readonly ballot: number; readonly rank: number }
  | { readonly event: 'decided'; readonly tag: number; readonly value: string }

/** One line of a trace file, without its end. */
export const traceText = (line: TraceLine): string => JSON.stringify(line)

/**
 * Reads a trace file. Commands and events that no checker looks at are left out, as are fields; a line that is not an
 * object with a `process` and the fields of its kind throws an Error that names its number.
 */
export function parseTrace(text: string): TraceLine[] {
  const lines: TraceLine[] = []
  let number = 0
  for (const line of text.split('\n')) {
    number++
    if (line.trim() === '') continue
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      throw new Error(`line ${number} is not JSON`)
    }
    const wrong = judge(value)
    if (wrong !== undefined) throw new Error(`line ${number}: ${wrong}`)
    if (known(value as Fields)) lines.push(value as TraceLine)
  }
  return lines
}

type Fields = Record<string, unknown>
type Check = (value: unknown) => boolean

const string: Check = value => typeof value === 'string'
const count: Check = value => Number.isSafeInteger(value) && (value as number) >= 0
const payload: Check = value => string(value) || (typeof value === 'object' && value !== null && 'base64' in value)
const flag: Check = value => typeof value === 'boolean'
const counts: Check = value => Array.isArray(value) && value.every(count)
const vote: Check = value => {
  const { ballot, value: name } = (value ?? {}) as Fields
  return value === undefined || (count(ballot) && string(name))
}
const order: Check = value => value === 'fifo' || value === 'causal' || value === 'total'
const safety: Check = value => value === undefined || value === 'close' || flag(value)
const optional =
  (check: Check): Check =>
  value =>
    value === undefined || check(value)
const names: Check = value => value === undefined || (Array.isArray(value) && value.every(string))
const members: Check = value =>
  Array.isArray(value) && value.every(member => string(member?.name) && string(member?.incarnation))

const COMMANDS: Record<string, Record<string, Check>> = {
  send: { data: payload, order: optional(order), safe: optional(flag) },
  tell: { to: string, data: payload },
  leave: {},
}
const EVENTS: Record<string, Record<string, Check>> = {
  ready: { name: string, incarnation: string },
  view: { lineage: string, id: count, members, transfer: names },
  message: {
    from: string,
    incarnation: string,
    view: count,
    order,
    index: optional(count),
    safe: safety,
    data: payload,
  },
  told: { from: string, incarnation: string, data: payload },
  sent: { id: string, view: count },
  error: { code: string },
  excluded: { incarnation: string },
  merged: { lineage: string, won: flag },
  left: {},
  crashed: {},
  promised: { tag: count, ballot: count, rank: count, accepted: vote },
  proposed: { tag: count, ballot: count, value: string, voters: counts },
  accepted: { tag: count, ballot: count, rank: count },
  decided: { tag: count, value: string },
}

const known = (line: Fields): boolean => String(line.op) in COMMANDS || String(line.event) in EVENTS

function judge(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'not an object'
  const line = value as Fields
  if (!string(line.process)) return '`process` is missing: the id of the process that the line belongs to'
  if (!string(line.op) && !string(line.event)) return 'neither a command (`op`) nor an event (`event`)'
  const fields = (string(line.op) ? COMMANDS[line.op as string] : EVENTS[line.event as string]) ?? {}
  for (const [field, check] of Object.entries(fields)) {
    if (!check(line[field])) return `\`${field}\` is missing or of the wrong type`
  }
  return undefined
}
