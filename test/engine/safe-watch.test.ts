import { describe, expect, test } from 'vitest'
import { SafeWatch } from '../../src/engine/safe-watch.js'
import { plus } from '../../src/wire/seqno.js'

const BEFORE = -17

describe('a member says what it holds', () => {
  test('when a packet that is to be safe has come, and when it is asked, once each', () => {
    const watch = new SafeWatch(BEFORE)
    expect(watch.due(false, false, 0)).toBe(false)
    expect(watch.due(true, false, 0)).toBe(true)
    expect(watch.due(false, false, 0)).toBe(false)
    watch.isAsked = true
    expect(watch.due(false, false, 0)).toBe(true)
    expect(watch.due(false, false, 0)).toBe(false)
    expect(watch.deadlineMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('and again while something here waits, at growing intervals, each time asking for the others’ word', () => {
    const watch = new SafeWatch(BEFORE)
    expect(watch.due(true, true, 100)).toBe(true)
    expect(watch.asks).toBe(false)
    const asked: number[] = []
    for (let ms = 101; ms < 2_000; ms++) {
      expect(watch.deadlineMs).toBeGreaterThanOrEqual(ms)
      if (watch.due(false, true, ms)) asked.push(ms)
      expect(watch.asks).toBe(asked.at(-1) === ms)
    }
    const gaps = asked.map((ms, i) => ms - (asked[i - 1] ?? 100))
    expect(gaps.slice(0, 4)).toEqual([4, 8, 16, 32])
    expect(Math.max(...gaps)).toBeLessThanOrEqual(250)
  })

  test('until nothing waits any more', () => {
    const watch = new SafeWatch(BEFORE)
    watch.due(true, true, 0)
    expect(watch.deadlineMs).toBe(4)
    watch.due(false, false, 1)
    expect(watch.deadlineMs).toBe(Number.POSITIVE_INFINITY)
    // The next one is asked for as soon as the first was.
    watch.due(true, true, 10)
    expect(watch.deadlineMs).toBe(14)
  })
})

describe('a sender tells all that they hold its stream', () => {
  test('once for each packet that is to be safe', () => {
    const watch = new SafeWatch(BEFORE)
    expect(watch.isToTell(plus(BEFORE, 5), BEFORE)).toBe(false)
    expect(watch.isToTell(plus(BEFORE, 5), plus(BEFORE, 3))).toBe(true)
    expect(watch.isToTell(plus(BEFORE, 9), plus(BEFORE, 3))).toBe(false)
    expect(watch.isToTell(plus(BEFORE, 9), plus(BEFORE, 12))).toBe(true)
    expect(watch.isToTell(plus(BEFORE, 20), plus(BEFORE, 12))).toBe(true)
    expect(watch.isToTell(plus(BEFORE, 20), plus(BEFORE, 12))).toBe(false)
  })

  test('and whenever somebody asks, also of packets that need not be safe themselves', () => {
    const watch = new SafeWatch(BEFORE)
    watch.isWanted = true
    expect(watch.isToTell(plus(BEFORE, 5), BEFORE)).toBe(true)
    expect(watch.isToTell(plus(BEFORE, 5), BEFORE)).toBe(false)
  })
})
