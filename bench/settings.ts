import type { Stats } from 'tutti'

/** What one run does; every member process of it is given the same, and its rank. */
export interface RunSettings {
  readonly members: number
  /** Members 0 to senders - 1 send. */
  readonly senders: number
  /** Size of a message. */
  readonly bytes: number
  readonly trains: boolean
  readonly group: string
  readonly interface: string
  readonly port: number
}

/** What a member counted since it started. */
export interface Sample {
  readonly atMs: number
  /** Delivered to the application, own messages included. */
  readonly messages: number
  readonly bytes: number
  readonly cpuMicros: number
  readonly stats: Stats
}
