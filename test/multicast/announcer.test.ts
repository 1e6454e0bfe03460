import { expect, test } from 'vitest'
import { Announcer, BEAT_MS } from '../../src/multicast/announcer.js'

/** When it announces, from `fromMs` on, asked whenever its deadline has come. */
function announcements(announcer: Announcer, count: number): number[] {
  const times: number[] = []
  while (times.length < count) {
    const atMs = announcer.deadlineMs
    expect(announcer.due(atMs)).toBe(true)
    times.push(atMs)
  }
  return times
}

test('after a burst it announces at growing intervals, at last once a beat', () => {
  const announcer = new Announcer()
  announcer.sent(1000)
  const times = announcements(announcer, 12)
  const intervals = times.map((atMs, i) => atMs - (times[i - 1] ?? 1000))
  expect(intervals).toEqual([1, 2, 4, 8, 16, 32, 64, 128, BEAT_MS, BEAT_MS, BEAT_MS, BEAT_MS])
})

test('is not due before its time', () => {
  const announcer = new Announcer()
  announcer.sent(1000)
  expect(announcer.due(1000.9)).toBe(false)
  expect(announcer.due(1001)).toBe(true)
  expect(announcer.due(1001)).toBe(false)
})

test('every new packet begins anew: while a burst lasts there is nothing to announce', () => {
  const announcer = new Announcer()
  announcer.sent(1000)
  announcements(announcer, 5)
  announcer.sent(1040)
  announcer.sent(1040.5)
  expect(announcer.due(1041)).toBe(false)
  expect(announcements(announcer, 2)).toEqual([1041.5, 1043.5])
})

test('is silent before the first packet, and once all is known to have arrived', () => {
  const announcer = new Announcer()
  expect(announcer.due(1e9)).toBe(false)
  announcer.sent(1000)
  announcer.stop()
  expect(announcer.due(1e9)).toBe(false)
})
