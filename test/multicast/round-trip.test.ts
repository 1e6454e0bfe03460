import { describe, expect, test } from 'vitest'
import { RoundTrip } from '../../src/multicast/round-trip.js'

const half = () => 2 ** 31

describe("the group's round trip", () => {
  test('is the first measurement, then rises at once and falls slowly', () => {
    const roundTrip = new RoundTrip(11, half)
    expect(roundTrip.groupMs).toBe(10)
    roundTrip.measured(20)
    expect(roundTrip.groupMs).toBe(20)
    roundTrip.measured(40)
    expect(roundTrip.groupMs).toBe(35)
    roundTrip.measured(15)
    expect(roundTrip.groupMs).toBe(34.5)
  })

  test('stays near the peak when one member of many is far away', () => {
    const roundTrip = new RoundTrip(11, half)
    for (let beat = 0; beat < 50; beat++) {
      roundTrip.measured(30)
      for (let near = 0; near < 9; near++) roundTrip.measured(2)
    }
    expect(roundTrip.groupMs).toBeGreaterThan(20)
    expect(roundTrip.groupMs).toBeLessThanOrEqual(30)
  })

  test('is never under the tick of a timer', () => {
    const roundTrip = new RoundTrip(2, half)
    roundTrip.measured(0.05)
    expect(roundTrip.groupMs).toBe(1)
  })
})

describe('the timeout of a repair', () => {
  test('is three round trips of the group before any repair was timed', () => {
    const roundTrip = new RoundTrip(4, half)
    roundTrip.measured(20)
    expect(roundTrip.timeoutMs(0)).toBe(60)
  })

  // RFC 6298, section 2: (2.2) SRTT = R, RTTVAR = R/2, RTO = SRTT + max(G, 4 RTTVAR); (2.3) RTTVAR first, then SRTT.
  test('follows RFC 6298 from the first measurement on', () => {
    const roundTrip = new RoundTrip(4, half)
    roundTrip.repaired(8)
    expect(roundTrip.timeoutMs(0)).toBe(8 + 4 * 4)
    roundTrip.repaired(16)
    expect(roundTrip.timeoutMs(0)).toBe(9 + 4 * 5)
  })

  test('keeps a tick of distance when repairs never vary, and a floor when they are fast', () => {
    const roundTrip = new RoundTrip(4, half)
    for (let i = 0; i < 100; i++) roundTrip.repaired(8)
    expect(roundTrip.timeoutMs(0)).toBeCloseTo(9, 6)
    const fast = new RoundTrip(4, half)
    for (let i = 0; i < 100; i++) fast.repaired(0.2)
    expect(fast.timeoutMs(0)).toBe(2)
  })

  test('stays for three rounds, then doubles from round to round up to a bound, which a long path may exceed', () => {
    const roundTrip = new RoundTrip(4, half)
    roundTrip.repaired(8)
    expect([0, 1, 2, 3, 4, 5, 6, 400].map(round => roundTrip.timeoutMs(round))).toEqual([
      24, 24, 24, 48, 96, 192, 250, 250,
    ])
    const far = new RoundTrip(4, half)
    far.repaired(400)
    expect([0, 3, 9].map(round => far.timeoutMs(round))).toEqual([1200, 1200, 1200])
  })

  test('does not learn from a repair that was read after a long sleep', () => {
    const roundTrip = new RoundTrip(4, half)
    roundTrip.repaired(8)
    roundTrip.repaired(10_000)
    expect(roundTrip.timeoutMs(0)).toBe(24)
  })

  // RFC 6298, section 5: (5.5) back off the timer; (5.7) until a measurement is had of data that was not sent twice.
  test('doubles for new gaps too, by every eight timeouts that pass without a measurement', () => {
    const roundTrip = new RoundTrip(4, half)
    roundTrip.repaired(8)
    for (let i = 0; i < 7; i++) roundTrip.timedOut()
    expect(roundTrip.timeoutMs(0)).toBe(24)
    roundTrip.timedOut()
    expect([0, 3, 4].map(round => roundTrip.timeoutMs(round))).toEqual([48, 48, 96])
    for (let i = 0; i < 8; i++) roundTrip.timedOut()
    expect(roundTrip.timeoutMs(0)).toBe(96)
    roundTrip.repaired(8)
    expect(roundTrip.timeoutMs(0)).toBe(8 + 4 * 3)
    for (let i = 0; i < 7; i++) roundTrip.timedOut()
    expect(roundTrip.timeoutMs(0)).toBe(20)
  })

  test('is bounded whatever happens, and recovers at once', () => {
    const roundTrip = new RoundTrip(4, half)
    roundTrip.repaired(8)
    for (let i = 0; i < 50_000; i++) roundTrip.timedOut()
    expect(roundTrip.timeoutMs(0)).toBe(250)
    roundTrip.repaired(8)
    expect(roundTrip.timeoutMs(0)).toBe(20)
  })
})

describe('the random wait', () => {
  test('is for groups of more than eight', () => {
    expect(new RoundTrip(8, half).suppresses).toBe(false)
    expect(new RoundTrip(9, half).suppresses).toBe(true)
  })

  /** RFC 5401, section 3.2.2, word for word: maxTime is K * GRTT, and the sender is not one of the group. */
  function rfc5401(uniform: number, maxTime: number, groupSize: number): number {
    const lambda = Math.log(groupSize) + 1
    const x = (uniform * lambda) / maxTime + lambda / (maxTime * (Math.exp(lambda) - 1))
    return (maxTime / lambda) * Math.log(x * (Math.exp(lambda) - 1) * (maxTime / lambda))
  }

  test('is that of RFC 5401 with K = 4', () => {
    for (const members of [2, 11, 101, 1001]) {
      for (const word of [0, 1, 2 ** 30, 2 ** 31, 2 ** 32 - 1]) {
        const roundTrip = new RoundTrip(members, () => word)
        roundTrip.measured(20)
        expect(roundTrip.backoffMs()).toBeCloseTo(rfc5401(word / 2 ** 32, 80, members - 1), 6)
      }
    }
  })

  test('lies between nothing and four round trips, mostly late', () => {
    const draws = Array.from({ length: 1000 }, (_, i) => {
      const roundTrip = new RoundTrip(101, () => Math.floor(((i + 0.5) / 1000) * 2 ** 32))
      roundTrip.measured(20)
      return roundTrip.backoffMs()
    })
    expect(draws[0]).toBeGreaterThanOrEqual(0)
    expect(draws[0]).toBeLessThan(5)
    expect(draws[500]).toBeGreaterThan(60)
    expect(draws[999]).toBeLessThan(80)
  })
})
