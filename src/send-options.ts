import type { Order } from './types.js'

export interface SendOptions {
  /** Default: the group's. Messages of different orders have no promised order among each other. */
  order?: Order
  /**
   * Delivered once every member of the view holds it and what it rests on: what one delivers, all who go on deliver.
   * Default: the group's.
   */
  safe?: boolean
  /** Gives up while the message waits for the window; once it is taken over, the signal has no effect. */
  signal?: AbortSignal
}
