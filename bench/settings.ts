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

/** A member process of the failover benchmark. */
export interface FailoverSettings {
  readonly group: string
  readonly name: string
  readonly expect: number
  readonly interface: string
  readonly port: number
}

/** What it says. */
export type FailoverWord =
  | { readonly kind: 'idle' }
  | {
      readonly kind: 'view'
      /** By a clock that all processes share. */
      readonly atMs: number
      readonly id: number
      readonly names: readonly string[]
      readonly areAllVoters: boolean
    }
  | { readonly kind: 'excluded' }
  /** Longest time between two deliveries since it was asked last. */
  | { readonly kind: 'gap'; readonly ms: number }
