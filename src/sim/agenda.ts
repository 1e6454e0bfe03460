interface Entry {
  readonly atMs: number
  readonly ordinal: number
  readonly act: () => void
}

/** What is to happen in the simulated world: a binary heap by time; what is due at one time happens in the order of entry. */
export class Agenda {
  readonly #heap: Entry[] = []
  #entered = 0

  /** Infinity when nothing is planned. */
  get nextAtMs(): number {
    return this.#heap.length === 0 ? Infinity : this.#heap[0].atMs
  }

  enter(atMs: number, act: () => void): void {
    const heap = this.#heap
    const entry: Entry = { atMs, ordinal: this.#entered++, act }
    let i = heap.length
    heap.push(entry)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(entry, heap[parent])) break
      heap[i] = heap[parent]
      i = parent
    }
    heap[i] = entry
  }

  /** Takes out what is due first; there must be something. */
  take(): () => void {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop() as Entry
    if (heap.length > 0) {
      let i = 0
      for (;;) {
        let child = 2 * i + 1
        if (child >= heap.length) break
        if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++
        if (!before(heap[child], last)) break
        heap[i] = heap[child]
        i = child
      }
      heap[i] = last
    }
    return first.act
  }
}

const before = (a: Entry, b: Entry): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.ordinal < b.ordinal)
