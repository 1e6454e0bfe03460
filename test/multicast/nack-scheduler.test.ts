import { beforeEach, describe, expect, test } from 'vitest'
import { type GapSource, NackScheduler } from '../../src/multicast/nack-scheduler.js'
import { distance, plus, serial } from '../../src/wire/seqno.js'

/** The numbers that have arrived, and no packets. */
class Window implements GapSource {
  next: number
  last: number
  readonly #arrived = new Set<number>()

  constructor(next: number) {
    this.next = next
    this.last = plus(next, -1)
  }

  has(seq: number): boolean {
    return this.#arrived.has(seq)
  }

  arrive(...seqs: number[]): void {
    for (const seq of seqs) {
      this.#arrived.add(seq)
      if (distance(seq, this.last) > 0) this.last = seq
    }
    while (this.#arrived.has(this.next)) this.next = plus(this.next, 1)
  }
}

const A = 0
const B = 1

let timing: ReturnType<typeof newTiming>
let nacks: NackScheduler
let a: Window
let b: Window

function newTiming(suppresses: boolean) {
  return {
    suppresses,
    waitMs: 50,
    samples: [] as number[],
    timeouts: 0,
    backoffMs(): number {
      return this.waitMs
    },
    timeoutMs: (round: number) => 20 * 2 ** round,
    repaired(ms: number): void {
      this.samples.push(ms)
    },
    timedOut(): void {
      this.timeouts++
    },
  }
}

function start(suppresses: boolean, rangesMax?: number): void {
  timing = newTiming(suppresses)
  nacks = new NackScheduler(timing, rangesMax)
  a = new Window(1)
  b = new Window(1)
}

/** Packets of `window` arrive in one turn. */
function arrive(rank: number, window: Window, ...seqs: number[]): void {
  window.arrive(...seqs)
  if (distance(window.last, window.next) >= 0) nacks.gap(rank, window)
}

/** What is asked for now, as `rank/round: first+count ...`. */
function due(nowMs: number): string[] {
  const asked: string[] = []
  nacks.due(nowMs, (rank, gaps) => {
    for (const { round, ranges } of gaps) {
      const parts: string[] = []
      for (let i = 0; i < ranges.length; i += 2) parts.push(`${ranges[i]}+${ranges[i + 1]}`)
      asked.push(`${rank}/${round}: ${parts.join(' ')}`)
    }
  })
  return asked
}

describe('in a small group', () => {
  beforeEach(() => start(false))

  test('without loss nothing is asked and no timer is needed', () => {
    arrive(A, a, 1, 2, 3)
    expect(nacks.deadlineMs).toBe(Number.POSITIVE_INFINITY)
    expect(due(100)).toEqual([])
  })

  test('a gap is asked for at the end of the turn, all gaps of all origins at once', () => {
    arrive(A, a, 1, 4, 5, 8)
    arrive(B, b, 2)
    expect(nacks.deadlineMs).toBeLessThanOrEqual(100)
    expect(due(100)).toEqual(['0/0: 2+2 6+2', '1/0: 1+1'])
    expect(nacks.deadlineMs).toBe(120)
  })

  test('what the same turn fills was late and not lost', () => {
    arrive(A, a, 1, 3)
    arrive(A, a, 2)
    expect(due(100)).toEqual([])
    expect(nacks.deadlineMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('a gap is asked for once a round, with a round higher each time', () => {
    arrive(A, a, 2)
    expect(due(100)).toEqual(['0/0: 1+1'])
    arrive(A, a, 3)
    expect(due(101)).toEqual([])
    expect(due(119.9)).toEqual([])
    expect(due(120)).toEqual(['0/1: 1+1'])
    expect(nacks.deadlineMs).toBe(160)
    expect(due(160)).toEqual(['0/2: 1+1'])
    expect(nacks.deadlineMs).toBe(240)
    expect(timing.timeouts).toBe(2)
  })

  test('a fresh gap is asked for at once, and the one before it with it: that NACK may have been lost', () => {
    arrive(A, a, 2)
    expect(due(100)).toEqual(['0/0: 1+1'])
    arrive(A, a, 4)
    expect(due(105)).toEqual(['0/0: 1+1 3+1'])
    arrive(A, a, 6)
    expect(due(110)).toEqual(['0/0: 3+1 5+1'])
    expect(due(120)).toEqual(['0/1: 1+1', '0/0: 5+1'])
    expect(due(125)).toEqual(['0/1: 1+1 3+1'])
    expect(due(130)).toEqual(['0/1: 3+1 5+1'])
  })

  test('stretches whose time is up together are asked for together, each with its round', () => {
    arrive(A, a, 2)
    due(100)
    due(120)
    arrive(A, a, 4)
    expect(due(130)).toEqual(['0/1: 1+1', '0/0: 3+1'])
    arrive(A, a, 6)
    expect(due(131)).toEqual(['0/0: 3+1 5+1'])
    expect(due(160)).toEqual(['0/2: 1+1', '0/1: 3+1 5+1'])
    expect(timing.timeouts).toBe(2)
  })

  test('only what is still missing is asked for again', () => {
    arrive(A, a, 1, 6)
    expect(due(100)).toEqual(['0/0: 2+4'])
    arrive(A, a, 2, 4)
    expect(due(120)).toEqual(['0/1: 3+1 5+1'])
  })

  test('what the NACK before has brought is not asked for with the next', () => {
    arrive(A, a, 2, 5)
    expect(due(100)).toEqual(['0/0: 1+1 3+2'])
    arrive(A, a, 3, 7)
    expect(due(102)).toEqual(['0/0: 1+1 4+1 6+1'])
  })

  test('a filled stretch is forgotten though an older gap stays open', () => {
    arrive(A, a, 2)
    due(100)
    arrive(A, a, 4)
    due(105)
    arrive(A, a, 3)
    due(106)
    expect(due(120)).toEqual(['0/1: 1+1'])
    expect(due(125)).toEqual([])
    expect(timing.timeouts).toBe(1)
    expect(nacks.deadlineMs).toBe(160)
  })

  test('when all is filled no timer is left, and a later gap starts from round 0', () => {
    arrive(A, a, 2)
    due(100)
    arrive(A, a, 1)
    expect(due(120)).toEqual([])
    expect(timing.timeouts).toBe(0)
    expect(nacks.deadlineMs).toBe(Number.POSITIVE_INFINITY)
    arrive(A, a, 4)
    expect(due(130)).toEqual(['0/0: 3+1'])
  })

  test('the time to a repair is measured once a NACK, and never of what was asked for twice', () => {
    arrive(A, a, 1, 4)
    due(100)
    arrive(A, a, 6)
    due(105)
    nacks.filled(A, 5, 112)
    nacks.filled(A, 2, 113)
    nacks.filled(A, 3, 114)
    expect(timing.samples).toEqual([7, 13])
    arrive(A, a, 2, 3, 5)
    due(115)
    arrive(A, a, 8)
    due(200)
    expect(due(220)).toEqual(['0/1: 7+1'])
    nacks.filled(A, 7, 222)
    expect(timing.samples).toEqual([7, 13])
  })

  test('a lost tail is known by its announcement alone', () => {
    arrive(A, a, 1, 2)
    a.last = 3
    nacks.gap(A, a)
    expect(due(100)).toEqual(['0/0: 3+1'])
    expect(due(120)).toEqual(['0/1: 3+1'])
    arrive(A, a, 3)
    a.last = 4
    nacks.gap(A, a)
    expect(due(130)).toEqual(['0/0: 4+1'])
    nacks.filled(A, 4, 134)
    expect(timing.samples).toEqual([4])
  })

  test('a gap that is known already does not call for another turn', () => {
    arrive(A, a, 2)
    due(100)
    nacks.gap(A, a)
    expect(nacks.deadlineMs).toBe(120)
  })

  test('what was filled needs no timer, though there is a later gap', () => {
    arrive(A, a, 2)
    due(100)
    arrive(A, a, 1, 4)
    expect(due(105)).toEqual(['0/0: 3+1'])
    expect(nacks.deadlineMs).toBe(125)
  })

  test('what nobody waits for is not measured', () => {
    nacks.filled(A, 1, 100)
    arrive(A, a, 2)
    due(100)
    nacks.filled(A, 9, 101)
    nacks.filled(B, 1, 101)
    expect(timing.samples).toEqual([])
  })

  test('numbers wrap', () => {
    a = new Window(-2)
    arrive(A, a, -1, 2)
    expect(due(100)).toEqual(['0/0: -2+1 0+2'])
    arrive(A, a, -2, 4)
    expect(due(105)).toEqual(['0/0: 0+2 3+1'])
    expect(due(120)).toEqual(['0/1: 0+2', '0/0: 3+1'])
  })

  test('2^31 packets after the last loss a gap is still fresh', () => {
    arrive(A, a, 2)
    due(100)
    arrive(A, a, 1)
    due(120)
    a.next = serial(0x90000000)
    a.last = serial(0x8fffffff)
    arrive(A, a, serial(0x90000001))
    expect(due(1e9)).toEqual([`0/0: ${serial(0x90000000)}+1`])
  })

  test('the first two rounds go to the sender: another member that asks spares nothing', () => {
    arrive(A, a, 2)
    expect(nacks.heard(A, 0, [1, 1], 100)).toBe(false)
    expect(due(100)).toEqual(['0/0: 1+1'])
    expect(nacks.heard(A, 0, [1, 1], 101)).toBe(false)
    expect(due(120)).toEqual(['0/1: 1+1'])
  })

  test('who hears the next round for its own gap holds back and backs off', () => {
    arrive(A, a, 2)
    due(100)
    due(120)
    expect(nacks.heard(A, 2, [1, 1], 150)).toBe(true)
    expect(due(160)).toEqual([])
    expect(nacks.deadlineMs).toBe(230)
    expect(due(230)).toEqual(['0/3: 1+1'])
    expect(timing.samples).toEqual([])
  })
})

describe('one NACK names a bounded number of ranges', () => {
  test('the rest follows when the first part had time to arrive', () => {
    start(false, 3)
    arrive(A, a, 2, 4)
    arrive(B, b, 2, 4, 6)
    expect(due(100)).toEqual(['0/0: 1+1 3+1', '1/0: 1+1'])
    expect(nacks.deadlineMs).toBe(120)
    expect(due(119.9)).toEqual([])
    arrive(A, a, 1, 3)
    arrive(B, b, 1)
    expect(due(120)).toEqual(['1/0: 3+1 5+1'])
    arrive(B, b, 3, 5)
    expect(due(140)).toEqual([])
    expect(nacks.deadlineMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('an origin for which there was no room at all is not forgotten', () => {
    start(false, 1)
    arrive(A, a, 2)
    arrive(B, b, 2)
    expect(due(100)).toEqual(['0/0: 1+1'])
    arrive(A, a, 1)
    expect(due(120)).toEqual(['1/0: 1+1'])
  })
})

describe('in a large group', () => {
  beforeEach(() => start(true))

  test('a random wait precedes the NACK, which names all that is missing by then', () => {
    arrive(A, a, 2)
    expect(due(100)).toEqual([])
    expect(nacks.deadlineMs).toBe(150)
    timing.waitMs = 5
    arrive(A, a, 4)
    arrive(B, b, 3)
    expect(due(120)).toEqual([])
    expect(nacks.deadlineMs).toBe(150)
    expect(due(150)).toEqual(['0/0: 1+1 3+1', '1/0: 1+2'])
    expect(nacks.deadlineMs).toBe(170)
  })

  test('a wait ends without a NACK when all was filled', () => {
    arrive(A, a, 2)
    due(100)
    arrive(A, a, 1)
    expect(due(150)).toEqual([])
    expect(nacks.deadlineMs).toBe(Number.POSITIVE_INFINITY)
    arrive(A, a, 4)
    expect(due(160)).toEqual([])
    expect(nacks.deadlineMs).toBe(210)
  })

  test('a repeated NACK waits too, for its timeout and then a random time', () => {
    arrive(A, a, 2)
    due(100)
    expect(due(150)).toEqual(['0/0: 1+1'])
    expect(due(170)).toEqual([])
    expect(nacks.deadlineMs).toBe(220)
    expect(due(220)).toEqual(['0/1: 1+1'])
  })

  test("who hears its own gap asked for holds back until that repair's timeout, then backs off", () => {
    arrive(A, a, 2, 5)
    due(100)
    expect(nacks.heard(A, 0, [1, 1, 3, 2], 140)).toBe(true)
    expect(due(150)).toEqual([])
    expect(nacks.deadlineMs).toBe(160)
    expect(due(160)).toEqual([])
    expect(nacks.deadlineMs).toBe(210)
    expect(due(210)).toEqual(['0/1: 1+1 3+2'])
  })

  test('a stretch is spared by itself, whatever is missing before it', () => {
    arrive(A, a, 2)
    due(100)
    due(150)
    arrive(A, a, 4)
    due(160)
    expect(nacks.heard(A, 0, [3, 1], 161)).toBe(true)
    expect(due(170)).toEqual([])
    expect(due(220)).toEqual(['0/1: 1+1 3+1'])
  })

  test('a fresh gap that joins a wait keeps its own round', () => {
    arrive(A, a, 2)
    due(100)
    due(150)
    due(170)
    arrive(A, a, 4)
    due(180)
    expect(due(220)).toEqual(['0/1: 1+1', '0/0: 3+1'])
  })

  test('nothing is spared by a request for less than is missing, or for something else', () => {
    arrive(A, a, 2, 5, 8)
    due(100)
    expect(nacks.heard(A, 0, [1, 1, 3, 1, 6, 2], 110)).toBe(false)
    expect(nacks.heard(A, 0, [1, 1, 3, 2], 110)).toBe(false)
    expect(nacks.heard(A, 0, [2, 10], 110)).toBe(false)
    expect(nacks.heard(A, 0, [], 110)).toBe(false)
    expect(nacks.heard(A, 0, [1], 110)).toBe(false)
    expect(nacks.heard(B, 0, [1, 10], 110)).toBe(false)
    expect(due(150)).toEqual(['0/0: 1+1 3+2 6+2'])
  })

  test('a request for more than is missing spares ours', () => {
    arrive(A, a, 2, 5)
    due(100)
    expect(nacks.heard(A, 0, [0, 2, 3, 9, 50, 1], 110)).toBe(true)
  })

  test('what arrived meanwhile need not be covered', () => {
    arrive(A, a, 2, 5)
    due(100)
    arrive(A, a, 1, 4)
    expect(nacks.heard(A, 0, [3, 1], 110)).toBe(true)
    expect(due(130)).toEqual([])
  })

  test('nothing is spared where nothing is missing any more', () => {
    arrive(A, a, 2)
    due(100)
    arrive(A, a, 1)
    expect(nacks.heard(A, 0, [1, 1], 110)).toBe(false)
  })

  test('a lower round than ours reaches fewer who could answer, and spares nothing', () => {
    arrive(A, a, 2)
    due(100)
    due(150)
    due(170)
    expect(nacks.heard(A, 0, [1, 1], 180)).toBe(false)
    expect(nacks.heard(A, 1, [1, 1], 181)).toBe(true)
    expect(due(220)).toEqual([])
    expect(nacks.deadlineMs).toBe(221)
  })

  test('the round heard counts as ours', () => {
    arrive(A, a, 2)
    due(100)
    nacks.heard(A, 3, [1, 1], 110)
    expect(due(150)).toEqual([])
    expect(due(270)).toEqual([])
    expect(due(320)).toEqual(['0/4: 1+1'])
  })

  test('an own NACK is not spared by one like it that crossed it', () => {
    arrive(A, a, 2)
    due(100)
    expect(due(150)).toEqual(['0/0: 1+1'])
    expect(nacks.heard(A, 0, [1, 1], 151)).toBe(false)
    expect(nacks.deadlineMs).toBe(170)
    nacks.filled(A, 1, 158)
    expect(timing.samples).toEqual([8])
  })

  test('after being spared, a fresh gap has a wait of its own', () => {
    arrive(A, a, 2)
    due(100)
    nacks.heard(A, 0, [1, 1], 148)
    arrive(A, a, 4)
    expect(due(149)).toEqual([])
    expect(nacks.deadlineMs).toBe(168)
    expect(due(168)).toEqual([])
    expect(nacks.deadlineMs).toBe(199)
    expect(due(199)).toEqual(['0/1: 1+1', '0/0: 3+1'])
  })

  test('no repair is timed that another member asked for, alone or again', () => {
    arrive(A, a, 2)
    due(100)
    nacks.heard(A, 0, [1, 1], 110)
    nacks.filled(A, 1, 120)
    arrive(A, a, 1, 4)
    due(130)
    due(180)
    expect(nacks.heard(A, 1, [3, 1], 181)).toBe(true)
    nacks.filled(A, 3, 190)
    expect(timing.samples).toEqual([])
  })

  test('a repair that comes after its timeout is timed too if nobody asked again: so the estimate learns', () => {
    arrive(A, a, 2)
    due(100)
    due(150)
    due(170)
    nacks.filled(A, 1, 175)
    expect(timing.samples).toEqual([25])
  })
})
