import { invariant } from '../errors.js'

/**
 * Number of a ballot: an attempt at a decision, by one proposer, once. Larger is later; 0 is before every ballot.
 *
 * It is round * 2^16 + rank, so numbers of different proposers differ and compare by round, then by rank: the pair of
 * an integer and a priest of "The Part-Time Parliament", 2.2. That a proposer takes no round twice is up to it (B1).
 */
export type Ballot = number

export const NO_BALLOT = 0

const RANKS = 2 ** 16

/** @param round  from 1 to 2^37 - 1, so that the ballot is an exact integer */
export function ballotOf(round: number, rank: number): Ballot {
  const ballot = round * RANKS + rank
  const isInRange = Number.isInteger(round) && round >= 1 && rank >= 0 && rank < RANKS
  invariant(isInRange && Number.isSafeInteger(ballot), `no ballot has round ${round} and rank ${rank}`)
  return ballot
}

export function roundOf(ballot: Ballot): number {
  return Math.floor(ballot / RANKS)
}

export function rankOf(ballot: Ballot): number {
  return ballot % RANKS
}
