import type { TraceLine } from '../../src/sim/trace.js'
import type { Order } from '../../src/types.js'

/**
 * A trace by hand: each line is what one process did. Processes are named by their member, its life after a restart by
 * a prime: a, a'. What a process becomes when it is left out has a star: a, a*. So in messages too: `b delivers hello
 * from a' in 2`.
 *
 *   a starts | a starts in orders | a sends hello | a sends hello as 7 | a sealed 7 in 1 | a is refused 7
 *   a tells b hello | a tells b hello as 7
 *   b delivers hello from a in 1 | b is told hello from a | b is left out, now b* | b gives way to y | b goes on as y
 *   b wants to leave | b leaves | b fails | b fails with LEFT | b crashes
 *
 * Order and safety, FIFO and not safe if nothing else is said; `as 5`: in total order, at index 5:
 *
 *   a sends hello causally | a sends hello totally | a sends hello safely | a sends hello totally safely as 7
 *   b delivers hello from a in 1 causally | b delivers hello from a in 1 as 5 safely | b delivers hello from a in 1 at the close
 *
 * Views, of lineage x if nothing else is said; who has a question mark does not vote:
 *
 *   a sees 1: a b c? | a sees 1 of y: a b | a sees 2 with a b: a b c (its transfer) | a sees 2 aside: a (not primary)
 *
 * What follows one view; ballots are round.rank, who answers says its rank:
 *
 *   a promises 2.0 as 1 | a promises 2.0 as 1 with X in 1.2 | a proposes X in 2.0 to 0 1 2 | a votes in 2.0 as 1 | a decides X
 */
export function transcript(text: string): TraceLine[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
    .map(lineOf)
}

const TAG = 7

const nameOf = (process: string): string => process.replace(/['*?]+$/, '')
const incarnationOf = (process: string): string => `life of ${process.replace('?', '')}`
const words = (text: string): string[] => text.split(' ').filter(word => word !== '')

function ballotOf(text: string): number {
  const [round, rank] = text.split('.').map(Number)
  return round * 65_536 + rank
}

const orderOf = (adverb: string | undefined): Order =>
  adverb === ' causally' ? 'causal' : adverb === ' totally' ? 'total' : 'fifo'

const memberOf = (text: string) => ({
  name: nameOf(text),
  incarnation: incarnationOf(text),
  voter: !text.endsWith('?'),
})

function lineOf(text: string): TraceLine {
  const [process, rest] = cut(text, ' ')
  const self = { name: nameOf(process), incarnation: incarnationOf(process) }
  const forms: [RegExp, (...groups: string[]) => TraceLine][] = [
    [/^starts$/, () => ({ process, event: 'ready', ...self })],
    [/^starts in (\S+)$/, group => ({ process, event: 'ready', ...self, group })],
    [
      /^sees (\d+)(?: of (\S+))?( aside)?(?: with([^:]*))?: (.*)$/,
      (id, lineage = 'x', aside, transfer, members) => ({
        process,
        event: 'view',
        lineage,
        id: Number(id),
        members: words(members).map(memberOf),
        primary: aside === undefined,
        ...(transfer === undefined ? {} : { transfer: words(transfer) }),
      }),
    ],
    [
      /^sends (\S+)( causally| totally)?( safely)?(?: as (\S+))?$/,
      (data, order, safe, id) => ({
        process,
        op: 'send',
        data,
        order: orderOf(order),
        ...(safe && { safe: true }),
        ...(id && { id }),
      }),
    ],
    [/^sealed (\S+) in (\d+)$/, (id, view) => ({ process, event: 'sent', id, view: Number(view) })],
    [/^is refused (\S+)$/, id => ({ process, event: 'error', id, code: 'ERR_TUTTI_LEFT', message: 'left' })],
    [
      /^tells (\S+) (\S+)(?: as (\S+))?$/,
      (to, data, id) => ({ process, op: 'tell', to: nameOf(to), data, ...(id && { id }) }),
    ],
    [
      /^delivers (\S+) from (\S+) in (\d+)( causally| totally)?(?: as (\d+))?( safely| at the close)?$/,
      (data, from, view, order, index, safe) => ({
        process,
        event: 'message',
        from: nameOf(from),
        incarnation: incarnationOf(from),
        view: Number(view),
        order: index === undefined ? orderOf(order) : 'total',
        ...(index && { index: Number(index) }),
        ...(safe && { safe: safe === ' safely' || 'close' }),
        data,
      }),
    ],
    [
      /^is told (\S+) from (\S+)$/,
      (data, from) => ({ process, event: 'told', from: nameOf(from), incarnation: incarnationOf(from), data }),
    ],
    [/^is left out, now (\S+)$/, now => ({ process, event: 'excluded', incarnation: incarnationOf(now) })],
    [/^gives way to (\S+)$/, lineage => ({ process, event: 'merged', lineage, won: false })],
    [/^goes on as (\S+)$/, lineage => ({ process, event: 'merged', lineage, won: true })],
    [/^wants to leave$/, () => ({ process, op: 'leave' })],
    [/^leaves$/, () => ({ process, event: 'left' })],
    [/^fails$/, () => ({ process, event: 'error', code: 'ERR_TUTTI_LEAVE_TIMEOUT', message: 'took too long' })],
    [/^fails with LEFT$/, () => ({ process, event: 'error', code: 'ERR_TUTTI_LEFT', message: 'is leaving' })],
    [/^crashes$/, () => ({ process, event: 'crashed' })],
    [
      /^promises (\S+) as (\d+)(?: with (\S+) in (\S+))?$/,
      (ballot, rank, value, voted) => ({
        process,
        event: 'promised',
        tag: TAG,
        ballot: ballotOf(ballot),
        rank: Number(rank),
        ...(value === undefined ? {} : { accepted: { ballot: ballotOf(voted), value } }),
      }),
    ],
    [
      /^proposes (\S+) in (\S+) to ?(.*)$/,
      (value, ballot, voters) => ({
        process,
        event: 'proposed',
        tag: TAG,
        ballot: ballotOf(ballot),
        value,
        voters: words(voters).map(Number),
      }),
    ],
    [
      /^votes in (\S+) as (\d+)$/,
      (ballot, rank) => ({ process, event: 'accepted', tag: TAG, ballot: ballotOf(ballot), rank: Number(rank) }),
    ],
    [/^decides (\S+)$/, value => ({ process, event: 'decided', tag: TAG, value })],
  ]
  for (const [form, make] of forms) {
    const match = form.exec(rest)
    if (match) return make(...match.slice(1))
  }
  throw new Error(`not a line of a transcript: ${text}`)
}

function cut(text: string, by: string): [string, string] {
  const at = text.indexOf(by)
  return [text.slice(0, at), text.slice(at + 1)]
}
