/** Something that is to happen in the simulated world. */
export abstract class Happening {
  /** Set as it is entered. */
  atMs = 0
  ordinal = 0

  abstract happen(): void
}

/** What is to happen: a binary heap by time; what is due at one time happens in the order of entry. */
export class Agenda {
  readonly #heap: Happening[] = []
  #entered = 0

  /** Infinity when nothing is planned. */
  get nextAtMs(): number {
    return this.#heap.length === 0 ? Infinity : this.#heap[0].atMs
  }

  /** One that stands in it must not be entered again. */
  enter(atMs: number, happening: Happening): void {
    const heap = this.#heap
    happening.atMs = atMs
    happening.ordinal = this.#entered++
    let i = heap.length
    heap.push(happening)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(happening, heap[parent])) break
      heap[i] = heap[parent]
      i = parent
    }
    heap[i] = happening
  }

  /** Takes out what is due first; there must be something. */
  take(): Happening {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop() as Happening
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
    return first
  }
}

const before = (a: Happening, b: Happening): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.ordinal < b.ordinal)
