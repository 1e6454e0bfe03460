import { type Api, HEADLINE_API, type Way } from './settings.js'
import { runInTurn, type ThroughputOptions, type WorkloadResult } from './throughput.js'

export interface W1Options extends ThroughputOptions {
  /** Size of a message. */
  readonly bytes: number
  /** How messages are delivered. By batches, there is a second row for an object a message. */
  readonly api?: Api
}

/** FIFO order, all members send as fast as flow control lets them. */
export function runW1(options: W1Options & { readonly members?: number }): Promise<WorkloadResult[]> {
  const { members = 4, bytes } = options
  return runInTurn('W1', { members, senders: members, bytes }, waysOf(options), options)
}

/** One sender, one receiver; measured at the receiver. */
export function runOneToOne(options: W1Options): Promise<WorkloadResult[]> {
  return runInTurn('one to one', { members: 2, senders: 1, bytes: options.bytes }, waysOf(options), options)
}

function waysOf({ api = HEADLINE_API }: W1Options): Way[] {
  const apis: Api[] = api === 'message' ? [api] : [api, 'message']
  return apis.map(api => ({ order: 'fifo', safe: false, api }))
}
