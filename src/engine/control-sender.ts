import type { Endpoint } from '../types.js'
import { fromHex } from '../wire/bytes.js'
import { type ControlBody, encodeControl } from '../wire/control-codec.js'
import type { tutti } from '../wire/generated/control.js'
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

  /** Answers a probe, for the life that is here, of the view with tag `view`. False if it is not well formed. */
  answer({ nonce, address, port }: tutti.Probe.$Properties, tag: number, incarnation: string, view?: number): boolean {
    if (!address || !port || port > 0xffff) return false
    this.send({ address, port }, tag, NO_RANK, { alive: { nonce, incarnation: fromHex(incarnation), view } })
    return true
  }

  #packets(viewTag: number, rank: number, body: ControlBody): Uint8Array[] {
    return encodeControl(body, { groupTag: this.#groupTag, viewTag, rank, packetBytes: this.#packetBytes })
  }
}
