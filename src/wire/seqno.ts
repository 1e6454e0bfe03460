/**
 * Serial number arithmetic on 32 bits (RFC 1982): sequence numbers wrap, and compare by their signed distance. In memory
 * they are signed, since V8 keeps such integers unboxed; on the wire their 32 bits are the same.
 */

/** A number from the wire, where it is unsigned. */
export const serial = (n: number): number => n | 0

/** How far `a` is ahead of `b`; negative if it is behind. Meaningful while they are within 2^31 of each other. */
export const distance = (a: number, b: number): number => (a - b) | 0

/**
 * Once in so many packets, marks that move with some packets only (of one order, say) are to be moved up to those that no
 * window can hold any more: two numbers further than 2^31 apart compare the wrong way round.
 */
export const isMilestone = (seq: number): boolean => (seq & 0xffffff) === 0

export const plus = (a: number, n: number): number => (a + n) | 0

export const later = (a: number, b: number): number => (((a - b) | 0) > 0 ? a : b)

export const earlier = (a: number, b: number): number => (((a - b) | 0) < 0 ? a : b)
