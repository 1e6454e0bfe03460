import { SAFE_CLASS } from './engine/engine.js'
import { TuttiError } from './errors.js'
import { flag, orderOf } from './options.js'
import type { Order } from './types.js'

/** By the order's code on the wire. */
const ORDERS: readonly Order[] = ['fifo', 'causal', 'total']

/** An order and whether it is to be safe, as one number for the hot path. */
export const classOf = (order: Order, safe: boolean): number => ORDERS.indexOf(order) + (safe ? SAFE_CLASS : 0)

/** @throws TuttiError if one of them is not what it must be */
export const checkedClassOf = (order: unknown, safe: unknown): number =>
  classOf(orderOf('order', order), flag('safe', safe))

export const orderOfClass = (of: number): Order => ORDERS[of & ~SAFE_CLASS]

export const isSafeClass = (of: number): boolean => (of & SAFE_CLASS) !== 0

const encoder = new TextEncoder()

/** What is sent, as bytes. @throws TuttiError if it is no message, or one of more than `bytesMax` */
export function bytesOf(data: Uint8Array | string, bytesMax: number): Uint8Array {
  const bytes = typeof data === 'string' ? encoder.encode(data) : data
  if (!(bytes instanceof Uint8Array)) {
    throw new TuttiError('ERR_TUTTI_OPTION', 'a message is a string or a Uint8Array')
  }
  if (bytes.length <= bytesMax) return bytes
  throw tooLarge(bytes.length, bytesMax)
}

export function tooLarge(bytes: number, bytesMax: number): TuttiError {
  const advice = 'send it in parts, or found the group with a larger limits.messageBytesMax'
  return new TuttiError(
    'ERR_TUTTI_MESSAGE_SIZE',
    `a message of ${bytes} bytes is over the maximum of ${bytesMax}; ${advice}`,
  )
}
