import { windowBytesFor } from '../multicast/flow-control.js'
import type { AgreedView } from '../wire/view-codec.js'

export interface WindowShape {
  /** How far this member may be ahead. */
  readonly windowBytes: number
  /** Packets that a ring holds, a power of two. */
  readonly capacity: number
  /** Packets after whose consumption a sender is told: a quarter of its window. */
  readonly reportPackets: number
}

export function windowOf({ members, packetBytes }: AgreedView, windowBytesMax: number): WindowShape {
  const receiveBufferBytes = Math.min(...members.map(member => member.receiveBufferBytes))
  const bytesFor = (bytesMax: number) => windowBytesFor(members.length, receiveBufferBytes, packetBytes, bytesMax)
  const windowBytes = bytesFor(windowBytesMax)
  // How small its window is, is each sender's own choice: the rings of all have room for what any may choose.
  const sharePackets = bytesFor(Number.POSITIVE_INFINITY) / packetBytes
  return {
    windowBytes,
    capacity: 2 ** Math.ceil(Math.log2(Math.max(64, sharePackets * 1.25))),
    reportPackets: Math.max(1, Math.floor(windowBytes / packetBytes / 4)),
  }
}
