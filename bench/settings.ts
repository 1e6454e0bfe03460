import type { Order, Stats } from 'tutti'

/** How messages come to the application: in batches to a synchronous listener, or an object each. */
export type Api = 'batch' | 'message'

/** By which of them the headline figures are made. */
export const HEADLINE_API: Api = 'batch'

/** What all senders do, and all receivers. */
export interface Way {
  readonly order: Order
  readonly safe: boolean
  readonly api: Api
}

export interface Shape {
  readonly members: number
  /** Members 0 to senders - 1 send. */
  readonly senders: number
  /** Size of a message. */
  readonly bytes: number
  /** false: one packet a system call. */
  readonly trains: boolean
}

/** What one run does; every member process of it is given the same, and its rank. */
export interface RunSettings extends Shape, Way {
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
  readonly rssBytes: number
  /** Of that, V8's young generation, which grows in steps with the garbage that it has seen, up to a bound of its own. */
  readonly youngBytes: number
  /** The longest time for which the process stood still since the sample before. */
  readonly stallMs: number
  readonly stats: Stats
}

/** What the members of the latency benchmark are told. */
export type LatencyCommand =
  /** From now on so many messages a second, by the clock and whatever becomes of them. 0: none. */
  | { readonly kind: 'load'; readonly perSecond: number }
  /** Send messages one after the other, each when the one before has come back. */
  | { readonly kind: 'probe'; readonly samples: number; readonly msMax: number }
  | { readonly kind: 'count' }

/** What they answer. */
export type LatencyWord =
  /** Rank in the view: who has rank 0 orders all messages. */
  | { readonly kind: 'ready'; readonly rank: number }
  | { readonly kind: 'latencies'; readonly ms: readonly number[] }
  | { readonly kind: 'count'; readonly atMs: number; readonly messages: number }

/** Two processes that echo a packet over the bare port. */
export interface EchoSettings {
  readonly interface: string
  readonly address: string
  readonly port: number
  /** The other one sends back what comes. */
  readonly isAsking: boolean
  readonly samples: number
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
