/**
 * The window in bytes by which a sender may be ahead of the slowest member's consumption. Retransmissions,
 * announcements, digests and control frames do not count against it. Packet loss does not narrow it: random loss is
 * repaired, not obeyed.
 */
export class FlowControl {
  readonly windowBytes: number
  /** Someone was refused since the window closed, and is waiting to hear that it is open. */
  isAwaited = false
  #consumedBytes = 0

  constructor(windowBytes: number) {
    this.windowBytes = windowBytes
  }

  /** Bytes that the window still takes when `sealedBytes` have been sent; negative after a last packet that went over. */
  room(sealedBytes: number): number {
    return this.windowBytes - (sealedBytes - this.#consumedBytes)
  }

  /** Everybody has consumed the first `consumedBytes` of the stream. */
  consumed(consumedBytes: number): void {
    this.#consumedBytes = consumedBytes
  }

  /**
   * Whether to tell those who wait. Not at the first byte of room: a writer that wakes to a quarter of a window fills
   * trains, one that wakes to a packet sends packets.
   */
  opens(sealedBytes: number): boolean {
    return this.isAwaited && this.room(sealedBytes) >= this.windowBytes / 4
  }
}

/**
 * How far each of `senders` may be ahead so that the smallest receive buffer of the group holds what all of them may
 * have under way.
 */
export function windowBytesFor(
  senders: number,
  receiveBufferBytes: number,
  packetBytes: number,
  bytesMax: number,
): number {
  const share = Math.floor(receiveBufferBytes / (2 * Math.max(1, senders)))
  return Math.max(8 * packetBytes, Math.min(share, bytesMax))
}
