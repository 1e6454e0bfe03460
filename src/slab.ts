import { invariant } from './errors.js'

/**
 * A piece of memory that packets or messages lie in. Whoever needs what is in it holds it; when the last one has let go,
 * it is written anew. So memory under full load is a few megabytes that stay in the processor's cache, and not a stream
 * of allocations, which the garbage collector would have to follow.
 */
export class Slab {
  readonly bytes: Uint8Array
  readonly #pool: SlabPool | null
  #holds = 0
  #isKept = false

  /** @param pool  where it goes when nobody holds it; null: to the garbage collector */
  constructor(bytes: Uint8Array, pool: SlabPool | null) {
    this.bytes = bytes
    this.#pool = pool
  }

  /** @param times  as often as it will be released */
  hold(times = 1): void {
    this.#holds += times
  }

  release(): void {
    invariant(this.#holds > 0, 'a slab is let go of by those who hold it')
    if (--this.#holds === 0 && !this.#isKept) this.#pool?.put(this)
  }

  /** The application was given a reference into it, and may keep that: only the garbage collector knows for how long. */
  keep(): void {
    this.#isKept = true
  }
}

/** Of memory that was allocated for one use and is never written again. */
export const NOT_REUSED = new Slab(new Uint8Array(0), null)

/** Slabs of one size. */
export class SlabPool {
  readonly slabBytes: number
  readonly #slabsMax: number
  readonly #allocate: (bytes: number) => Uint8Array
  readonly #free: Slab[] = []

  /** @param slabsMax  kept for later use at most  @param allocate  what it gives need not be zeroed */
  constructor(slabBytes: number, slabsMax: number, allocate: (bytes: number) => Uint8Array) {
    this.slabBytes = slabBytes
    this.#slabsMax = slabsMax
    this.#allocate = allocate
  }

  /** A slab that the caller holds. The one that was let go of last: it is the likeliest to be in the cache. */
  take(): Slab {
    const slab = this.#free.pop() ?? new Slab(this.#allocate(this.slabBytes), this)
    slab.hold()
    return slab
  }

  put(slab: Slab): void {
    if (this.#free.length < this.#slabsMax) this.#free.push(slab)
  }
}
