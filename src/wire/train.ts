import { NOT_REUSED, type Slab } from '../slab.js'
import { lengthOf, rankOf, seqOf, signedViewTagOf, stableOf } from './header.js'
import { TRAIN_PACKETS_MAX } from './limits.js'
import { plus } from './seqno.js'

/**
 * Judged data packets of one sender that came side by side and follow each other in its stream. What is the same for all
 * of them is done once a train and not once a packet.
 */
export class Train {
  /** Where they lie. */
  slab = NOT_REUSED
  /** The view's tag, signed. */
  tag = 0
  rank = 0
  /** Number of the first packet. */
  first = 0
  count = 0
  /** Every receiver holds the stream up to here, as the last packet says. */
  stable = 0
  /** Bytes of the longest packet. */
  longest = 0
  /** Where in the slab each packet begins. */
  readonly offsets = new Int32Array(TRAIN_PACKETS_MAX)

  /** Empties it for packets that lie in `slab`. */
  begin(slab: Slab): void {
    this.slab = slab
    this.count = 0
  }

  /** Adds the packet at `at`; false if it does not belong to these. */
  add(at: number): boolean {
    const { count } = this
    const { bytes } = this.slab
    const seq = seqOf(bytes, at)
    const rank = rankOf(bytes, at)
    const tag = signedViewTagOf(bytes, at)
    const length = lengthOf(bytes, at)
    if (count === 0) {
      this.first = seq
      this.rank = rank
      this.tag = tag
      this.longest = length
    } else {
      if (seq !== plus(this.first, count) || rank !== this.rank || tag !== this.tag) return false
      if (count === TRAIN_PACKETS_MAX) return false
      if (length > this.longest) this.longest = length
    }
    this.stable = stableOf(bytes, at)
    this.offsets[count] = at
    this.count = count + 1
    return true
  }
}
