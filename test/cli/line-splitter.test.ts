import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Line, LineSplitter } from '../../src/cli/line-splitter.js'

function split(chunks: readonly Buffer[], lineBytesMax = 1000): Line[] {
  const splitter = new LineSplitter(lineBytesMax)
  return [...chunks.flatMap(chunk => splitter.push(chunk)), ...splitter.end()]
}

const text = (line: string): Line => ({ text: line })

describe('line splitter', () => {
  it('gives the same lines however the stream is cut', () => {
    const lines = fc.array(fc.string({ unit: 'grapheme' }).map(line => line.replaceAll('\n', '')))
    fc.assert(
      fc.property(lines, fc.array(fc.nat(200), { maxLength: 5 }), (lines, cuts) => {
        const stream = Buffer.from(lines.join('\n'))
        const at = [0, ...cuts.sort((a, b) => a - b), stream.length]
        const chunks = at.slice(1).map((end, i) => stream.subarray(at[i], end))
        const isOpen = lines.length > 0 && lines[lines.length - 1] === ''
        expect(split(chunks)).toEqual((isOpen ? lines.slice(0, -1) : lines).map(text))
      }),
    )
  })

  it('takes an empty line for a line, and a last one without its newline', () => {
    expect(split([Buffer.from('\na\n\n'), Buffer.from('\nb')])).toEqual(['', 'a', '', '', 'b'].map(text))
    expect(split([Buffer.from('a\n')])).toEqual([text('a')])
  })

  it('reports a line that is not UTF-8 and reads on', () => {
    expect(split([Buffer.from('a\n\xff\nb\n', 'latin1')])).toEqual([
      text('a'),
      { fault: expect.stringContaining('UTF-8') },
      text('b'),
    ])
  })

  it.each([
    ['in one chunk', [`a\n${'x'.repeat(11)}\nb\n`]],
    ['over several chunks', ['a\nxxxxxx', 'xxxxxx', 'xxxxxx', 'xx\nb\n']],
    ['without an end', ['a\nb\nxxxxxx', 'xxxxxx', 'xx']],
  ])('skips a line that is too long, %s, and reports it once', (_where, chunks) => {
    const lines = split(
      chunks.map(chunk => Buffer.from(chunk)),
      10,
    )
    expect(lines.filter(line => 'text' in line)).toEqual([text('a'), text('b')])
    expect(lines.filter(line => 'fault' in line)).toEqual([{ fault: expect.stringContaining('10 bytes') }])
  })

  it('takes a line of just the maximum', () => {
    expect(split([Buffer.from('xxxxx'), Buffer.from('xxxxx\n')], 10)).toEqual([text('x'.repeat(10))])
  })
})
