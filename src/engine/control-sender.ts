import type { Endpoint } from '../types.js'
import { type ControlBody, encodeControl } from '../wire/control-codec.js'
import { NO_RANK } from '../wire/header.js'
import type { Outbox } from './outbox.js'

/** Puts control frames into the outbox, in as many packets as they need. */
export class ControlSender {
  readonly #groupTag: number
  readonly #packetBytes: number
  readonly #outbox: Outbox

  constructor(groupTag: number, packetBytes: number, outbox: Outbox) {
    this.#groupTag = groupTag
    this.#packetBytes = packetBytes
    this.#outbox = outbox
  }

  /** @param viewTag  of the view or stream that it speaks of, or 0  @param rank  this member's in that view */
  send(to: Endpoint | null, viewTag: number, rank: number, body: ControlBody): void {
    for (const packet of this.#packets(viewTag, rank, body)) this.#outbox.send(to, packet, 0, packet.length)
  }

  /** To an endpoint of which it is not known whether anybody is there. */
  probe(to: Endpoint, viewTag: number, body: ControlBody): void {
    for (const bytes of this.#packets(viewTag, NO_RANK, body)) this.#outbox.probes.push({ to, bytes })
  }

  #packets(viewTag: number, rank: number, body: ControlBody): Uint8Array[] {
    return encodeControl(body, { groupTag: this.#groupTag, viewTag, rank, packetBytes: this.#packetBytes })
  }
}
