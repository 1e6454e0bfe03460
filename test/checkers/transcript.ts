import type { TraceLine } from '../../src/sim/trace.js'

/**
 * A trace by hand: each line is what one process did. Processes are named by their member, its life after a restart by
 * a prime: a, a'. In messages too: `b delivers hello from a' in 2`.
 *
 *   a starts | a sees 1: a b | a sends hello | a sends hello as 7 | a sealed 7 in 1 | a is refused 7 | a tells b hello
 *   b delivers hello from a in 1 | b is told hello from a | b leaves | b crashes
 */
export function transcript(text: string): TraceLine[] {
  return text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
    .map(lineOf)
}

const nameOf = (process: string): string => process.replace("'", '')
const incarnationOf = (process: string): string => `life of ${process}`

function lineOf(text: string): TraceLine {
  const [process, rest] = cut(text, ' ')
  const forms: [RegExp, (...groups: string[]) => TraceLine][] = [
    [/^starts$/, () => ({ process, event: 'ready', name: nameOf(process), incarnation: incarnationOf(process) })],
    [
      /^sees (\d+): (.*)$/,
      (id, members) => ({
        process,
        event: 'view',
        lineage: 'x',
        id: Number(id),
        members: members.split(' ').map(m => ({ name: nameOf(m), incarnation: incarnationOf(m), voter: true })),
        primary: true,
      }),
    ],
    [/^sends (\S+)$/, data => ({ process, op: 'send', data })],
    [/^sends (\S+) as (\S+)$/, (data, id) => ({ process, op: 'send', data, id })],
    [/^sealed (\S+) in (\d+)$/, (id, view) => ({ process, event: 'sent', id, view: Number(view) })],
    [/^is refused (\S+)$/, id => ({ process, event: 'error', id, code: 'ERR_TUTTI_LEFT', message: 'left' })],
    [/^tells (\S+) (\S+)$/, (to, data) => ({ process, op: 'tell', to: nameOf(to), data })],
    [
      /^delivers (\S+) from (\S+) in (\d+)$/,
      (data, from, view) => ({
        process,
        event: 'message',
        from: nameOf(from),
        incarnation: incarnationOf(from),
        view: Number(view),
        order: 'fifo',
        data,
      }),
    ],
    [
      /^is told (\S+) from (\S+)$/,
      (data, from) => ({ process, event: 'told', from: nameOf(from), incarnation: incarnationOf(from), data }),
    ],
    [/^leaves$/, () => ({ process, event: 'left' })],
    [/^crashes$/, () => ({ process, event: 'crashed' })],
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
