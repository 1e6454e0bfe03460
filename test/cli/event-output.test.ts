import { Writable } from 'node:stream'
import { expect, it } from 'vitest'
import { EventOutput } from '../../src/cli/event-output.js'

it('what was written is flushed once its reader has taken all of it', async () => {
  const written: string[] = []
  const output = new EventOutput(
    new Writable({
      write(chunk, _encoding, done) {
        written.push(String(chunk))
        setImmediate(done)
      },
    }),
  )
  output.event('left')
  expect(await output.flushed(50)).toBe(true)
  expect(written.join('')).toMatch(/"event":"left"/)
})

it('a reader that takes nothing more does not hold up the end', async () => {
  const output = new EventOutput(new Writable({ write() {} }))
  output.event('left')
  expect(await output.flushed(50)).toBe(false)
})

it('where nobody reads any more there is nothing to wait for', async () => {
  const output = new EventOutput(
    new Writable({ write: (_chunk, _encoding, done) => done(new Error('the reader has gone')) }),
  )
  output.event('left')
  expect(await output.flushed(50)).toBe(true)
})

it('a reader that had taken nothing for long before the end is waited for no longer', async () => {
  const output = new EventOutput(new Writable({ write() {} }))
  output.event('view')
  await output.flushed(300)
  const startMs = performance.now()
  output.event('left')
  expect(await output.flushed(300)).toBe(false)
  expect(performance.now() - startMs).toBeLessThan(250)
})
