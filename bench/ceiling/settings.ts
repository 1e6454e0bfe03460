/** What one run of the ceiling does; every process of it is given the same. */
export interface CeilingSettings {
  readonly members: number
  /** Members 0 to senders - 1 send. */
  readonly senders: number
  /** Size of a message. */
  readonly bytes: number
  readonly layout: Layout
  readonly trains: boolean
  readonly packetBytes: number
  readonly trainPackets: number
  /** How far a sender may be ahead of the slowest receiver. */
  readonly windowBytes: number
  /** A receiver acknowledges what it consumed once it is this much. */
  readonly ackBytes: number
  readonly receiveBufferBytes: number
  readonly interface: string
  readonly address: string
  readonly port: number
}

/**
 * `straddling`: messages follow each other without gaps, and one may begin in a packet and end in a later one.
 * `padded`: a message that fits a packet lies in one packet; what is left at a packet's end stays empty.
 */
export type Layout = 'straddling' | 'padded'

/** What a member counted since it started. */
export interface Sample {
  readonly atMs: number
  readonly messages: number
  readonly bytes: number
  readonly cpuMicros: number
  readonly packetsLost: number
  /** How often a sender had to go on without an acknowledgement. */
  readonly stalls: number
  readonly bufferDrops: number
  readonly path: 'trains' | 'datagrams'
}

/** Bytes before each message: its length. 0 in its place: the rest of the packet is empty. */
export const PREFIX_BYTES = 4
export const GROUP_TAG = 0x63656c67
