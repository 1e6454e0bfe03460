import { type Api, HEADLINE_API, type Way } from './settings.js'
import { runInTurn, type ThroughputOptions, type WorkloadResult } from './throughput.js'

export interface W2Options extends ThroughputOptions {
  /** Size of a message. */
  readonly bytes: number
  readonly members?: number
  readonly api?: Api
}

/** As W1 in FIFO, causal, total and safe total order, in turn: what each costs. */
export function runW2(options: W2Options): Promise<WorkloadResult[]> {
  const { members = 4, bytes, api = HEADLINE_API } = options
  const ways: Way[] = [
    { order: 'fifo', safe: false, api },
    { order: 'causal', safe: false, api },
    { order: 'total', safe: false, api },
    { order: 'total', safe: true, api },
  ]
  return runInTurn('W2', { members, senders: members, bytes }, ways, options)
}
