import { median } from '../figures.js'

/** What one message, or packet, or call costs. */
export interface Cost {
  readonly name: string
  readonly nanoseconds: number
  /** Allocated in the heap, and outside of it for the bytes of arrays. */
  readonly heapBytes: number
  readonly arrayBytes: number
}

export interface Subject {
  readonly name: string
  /** How many of what is measured there are in a round. */
  readonly perRound: number
  /** Not measured. */
  before?(): void
  round(): void
  /** Not measured. */
  after?(): void
}

const WARM_UP_MS = 500
const MEASURE_MS = 1000
/** Rounds of which the allocations are counted, each right after a garbage collection so that none comes between. */
const COUNTED_ROUNDS = 30

const { gc } = globalThis

export function measure(subject: Subject): Cost {
  rounds(subject, WARM_UP_MS)
  const nanoseconds = median(rounds(subject, MEASURE_MS)) / subject.perRound
  const [heapBytes, arrayBytes] = allocations(subject)
  return { name: subject.name, nanoseconds, heapBytes, arrayBytes }
}

function rounds(subject: Subject, ms: number): number[] {
  const times: number[] = []
  const endMs = performance.now() + ms
  while (performance.now() < endMs) {
    subject.before?.()
    const start = process.hrtime.bigint()
    subject.round()
    times.push(Number(process.hrtime.bigint() - start))
    subject.after?.()
  }
  return times
}

function allocations(subject: Subject): [heapBytes: number, arrayBytes: number] {
  const [heap, arrays] = counted(subject)
  const [overhead] = counted({ name: 'nothing', perRound: 1, round: () => {} })
  return [Math.max(0, heap - overhead) / subject.perRound, Math.max(0, arrays) / subject.perRound]
}

function counted(subject: Subject): [heapBytes: number, arrayBytes: number] {
  if (gc === undefined) throw new Error('run with node --expose-gc')
  const heap: number[] = []
  const arrays: number[] = []
  for (let i = 0; i < COUNTED_ROUNDS; i++) {
    subject.before?.()
    // Twice: memory of arrays is given back only while the next collection begins.
    gc()
    gc()
    const before = process.memoryUsage()
    subject.round()
    const after = process.memoryUsage()
    subject.after?.()
    heap.push(after.heapUsed - before.heapUsed)
    arrays.push(after.arrayBuffers - before.arrayBuffers)
  }
  // Memory for packets is taken for many rounds at one time.
  return [median(heap), arrays.reduce((sum, bytes) => sum + bytes, 0) / COUNTED_ROUNDS]
}
