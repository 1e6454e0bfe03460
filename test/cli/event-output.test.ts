import { Writable } from 'node:stream'
import { expect, it, vi } from 'vitest'
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
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  try {
    const output = new EventOutput(new Writable({ write() {} }))
    output.event('view')
    const first = output.flushed(1_000)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(await first).toBe(false)
    output.event('left')
    const isRead = vi.fn()
    void output.flushed(1_000).then(isRead)
    await vi.advanceTimersByTimeAsync(200)
    expect(isRead).toHaveBeenCalledWith(false)
  } finally {
    vi.useRealTimers()
  }
})
