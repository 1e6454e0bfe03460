import { SAFE_CLASS } from '../../src/engine/engine.js'
import { CAUSAL, FIFO, TOTAL } from '../../src/wire/header.js'

/** Classes of messages, for `Member.send`. */
export const fifo = FIFO
export const causal = CAUSAL
export const total = TOTAL
export const safe = (of: number): number => of + SAFE_CLASS
