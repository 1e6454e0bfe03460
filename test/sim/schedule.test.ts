import { expect, it } from 'vitest'
import { FAULT_KINDS, ORDER_STEPS } from '../../src/sim/faults.js'
import { ORDERS } from '../../src/sim/order-mix.js'
import { type ScheduledMessage, scheduleOf } from '../../src/sim/schedule.js'

const seeds = Array.from({ length: 200 }, (_, seed) => seed)
const schedules = seeds.map(seed => scheduleOf(seed, { orders: ORDERS }))

it('is a function of the seed', () => {
  expect(scheduleOf(5)).toEqual(scheduleOf(5))
  expect(scheduleOf(5)).not.toEqual(scheduleOf(6))
})

it('has five members or more, a minute, 200 messages and three faults or more', () => {
  for (const { members, durationMs, messages, faults } of schedules) {
    expect(members.length).toBeGreaterThanOrEqual(5)
    expect(members.length).toBeLessThanOrEqual(12)
    expect(durationMs).toBe(60_000)
    expect(messages).toHaveLength(200)
    expect(faults.length).toBeGreaterThanOrEqual(3)
  }
})

it('is healed for the last fifth', () => {
  for (const { faults } of schedules) {
    for (const { atMs, untilMs } of faults) {
      expect(atMs).toBeLessThan(untilMs)
      expect(untilMs).toBeLessThanOrEqual(48_000)
    }
  }
})

it('checks payloads wherever they may be corrupted', () => {
  const corrupting = schedules.filter(({ faults }) => faults.some(fault => fault.kind === 'corrupt'))
  expect(corrupting.length).toBeGreaterThan(0)
  expect(corrupting.filter(({ payloadChecksum }) => !payloadChecksum)).toEqual([])
})

it('lets members send only while they are there', () => {
  const absent = schedules.flatMap(({ members, messages }) => {
    const stays = new Map(members.map(member => [member.name, member]))
    const isThere = (name: string, atMs: number) =>
      stays.get(name)!.joinsAtMs < atMs && atMs < stays.get(name)!.leavesAtMs
    return messages.filter(({ from, to, atMs }) => !isThere(from, atMs) || !isThere(to ?? from, atMs))
  })
  expect(absent).toEqual([])
})

it('has all kinds of faults, late joiners, leavers, slow readers, small windows, large groups and large messages', () => {
  const kinds = new Set(schedules.flatMap(({ faults }) => faults.map(fault => fault.kind)))
  expect([...kinds].sort()).toEqual([...FAULT_KINDS].sort())
  const members = schedules.flatMap(schedule => schedule.members)
  expect(members.some(member => member.joinsAtMs > 3_000)).toBe(true)
  expect(members.some(member => member.leavesAtMs < 60_000)).toBe(true)
  expect(members.some(member => member.readsMs > 0)).toBe(true)
  expect(schedules.some(schedule => schedule.windowBytesMax !== undefined)).toBe(true)
  expect(schedules.some(schedule => schedule.members.length > 8)).toBe(true)
  const messages = schedules.flatMap(schedule => schedule.messages)
  expect(messages.some(message => message.bytes > 50_000)).toBe(true)
  expect(messages.some(message => message.to !== undefined)).toBe(true)
})

it('takes what it is told', () => {
  const { members, durationMs, messages, faults } = scheduleOf(1, {
    members: 30,
    seconds: 20,
    messages: 10,
    faults: ['loss', 'pause'],
  })
  expect(new Set(members.map(member => member.name)).size).toBe(30)
  expect(durationMs).toBe(20_000)
  expect(messages).toHaveLength(10)
  expect(faults.map(fault => fault.kind)).toEqual(['loss', 'pause'])
  expect(() => scheduleOf(1, { members: 1 })).toThrow('members must be at least 2, not 1')
  expect(() => scheduleOf(1, { seconds: 5 })).toThrow('seconds must be at least 10, not 5')
})

const share = (messages: readonly ScheduledMessage[], is: (message: ScheduledMessage) => boolean): number =>
  messages.filter(is).length / messages.length

it('mixes the order classes, a quarter of them safe, and in some seeds has one alone', () => {
  const alone = schedules.filter(({ messages }) => new Set(messages.map(({ order }) => order)).size === 1)
  expect(alone.length).toBeGreaterThan(20)
  expect(alone.length).toBeLessThan(60)
  expect(new Set(alone.map(({ messages }) => messages[0].order)).size).toBe(3)
  const mixed = schedules.filter(schedule => !alone.includes(schedule)).flatMap(({ messages }) => messages)
  expect(share(mixed, ({ order }) => order === 'fifo')).toBeCloseTo(0.4, 1)
  expect(share(mixed, ({ order }) => order === 'causal')).toBeCloseTo(0.25, 1)
  expect(share(mixed, ({ order }) => order === 'total')).toBeCloseTo(0.35, 1)
  expect(share(mixed, ({ safe }) => safe)).toBeCloseTo(0.25, 1)
})

it('takes the order classes it is told, and changes nothing else for them', () => {
  const only = scheduleOf(3, { orders: ['total', 'causal'] })
  expect(new Set(only.messages.map(({ order }) => order))).not.toContain('fifo')
  const bare = (messages: readonly ScheduledMessage[]) => messages.map(({ atMs, from, bytes }) => [atMs, from, bytes])
  expect(bare(only.messages)).toEqual(bare(scheduleOf(3, { orders: ['fifo'] }).messages))
})

it('strikes at every step of ordering', () => {
  const steps = schedules.flatMap(({ faults }) => faults.map(fault => ('step' in fault ? fault.step : undefined)))
  for (const step of ORDER_STEPS) expect(steps).toContain(step)
})
