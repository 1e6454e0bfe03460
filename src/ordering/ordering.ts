/** What the orders ask of the view that they are in, and what they tell it. */
export interface OrderingEffects {
  /** Whether every member of the view holds the stream of `rank` up to packet `seq`. */
  isStable(rank: number, seq: number): boolean
  /** It is the turn of packet `seq` of `rank`. */
  deliver(rank: number, seq: number, isSafe: boolean): void
}
