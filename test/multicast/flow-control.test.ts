import { describe, expect, test } from 'vitest'
import { FlowControl, windowBytesFor } from '../../src/multicast/flow-control.js'

const PACKET = 1400

describe('the window', () => {
  test('is as far as the sender may be ahead of what all have consumed', () => {
    const flow = new FlowControl(10_000)
    expect(flow.room(0)).toBe(10_000)
    expect(flow.room(9_000)).toBe(1_000)
    expect(flow.room(10_400)).toBe(-400)
    flow.consumed(4_000)
    expect(flow.room(10_400)).toBe(3_600)
  })

  test('opens for those who wait, with a quarter of it free and not before', () => {
    const flow = new FlowControl(10_000)
    flow.isAwaited = true
    expect(flow.opens(10_000)).toBe(false)
    flow.consumed(2_499)
    expect(flow.opens(10_000)).toBe(false)
    flow.consumed(2_500)
    expect(flow.opens(10_000)).toBe(true)
  })

  test('says nothing to nobody', () => {
    expect(new FlowControl(10_000).opens(0)).toBe(false)
  })
})

describe('its size', () => {
  test('lets all senders together fill half of the smallest receive buffer', () => {
    expect(windowBytesFor(4, 800_000, PACKET, 4_194_304)).toBe(100_000)
    expect(windowBytesFor(1, 212_992, PACKET, 4_194_304)).toBe(106_496)
  })

  test('is never over its configured maximum, nor under eight packets', () => {
    expect(windowBytesFor(2, 100_000_000, PACKET, 4_194_304)).toBe(4_194_304)
    expect(windowBytesFor(1000, 212_992, PACKET, 4_194_304)).toBe(8 * PACKET)
    expect(windowBytesFor(2, 0, PACKET, 4_194_304)).toBe(8 * PACKET)
  })

  test('is that of one sender in a view of none', () => {
    expect(windowBytesFor(0, 200_000, PACKET, 4_194_304)).toBe(100_000)
  })
})
