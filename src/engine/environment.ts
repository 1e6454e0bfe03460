import { SlabPool } from '../slab.js'
import { hash32 } from '../wire/checksum.js'
import { Assembly } from '../wire/fragments.js'
import { slabPoolFor } from '../wire/packer.js'
import type { EngineConfig } from './config.js'
import type { Counters } from './counters.js'
import type { Outbox } from './outbox.js'

/** Messages that straddle packets are put together in slabs of this size. */
const ASSEMBLY_BYTES = 262_144
const ASSEMBLY_SLABS_MAX = 64

/** What all streams of one member share, whatever view they belong to. */
export interface Environment {
  readonly groupTag: number
  readonly windowBytesMax: number
  readonly counters: Counters
  readonly outbox: Outbox
  /** Memory for what is sent. */
  readonly pool: SlabPool
  readonly assembly: Assembly
  readonly random: () => number
}

export function environmentOf(config: EngineConfig, counters: Counters, outbox: Outbox): Environment {
  const { group, packetBytes, windowBytesMax, random } = config
  const assembled = new SlabPool(ASSEMBLY_BYTES, ASSEMBLY_SLABS_MAX, bytes => new Uint8Array(bytes))
  return {
    groupTag: hash32(new TextEncoder().encode(group)),
    windowBytesMax,
    counters,
    outbox,
    pool: slabPoolFor(packetBytes),
    assembly: new Assembly(assembled),
    random,
  }
}
