import type { Endpoint } from '../types.js'
import { fromHex, toHex } from '../wire/bytes.js'
import type { ControlBody } from '../wire/control-codec.js'
import type { tutti } from '../wire/generated/control.js'
import { peerOf } from '../wire/view-codec.js'
import { Invitations, type Joiner } from './invitations.js'
import { Namesakes } from './namesakes.js'
import { decideOf, type PastViews } from './past-views.js'
import type { ViewWatch } from './view-watch.js'

/** Who wants to be invited takes the answer for a second; so long after it was sent it is not taken any more. */
const INVITED_MS = 1_500

export interface AdmissionEffects {
  /** A frame of no view, or of the view with that tag. */
  send(to: Endpoint, viewTag: number, body: ControlBody): void
  /** Asks a member of the current view whether it is there. */
  probe(rank: number, nonce: number): void
}

/**
 * The door of the group. On receiving *join*: refused are a packet size that is not the group's and a name whose owner
 * lives; everybody else is invited, and who echoes the invitation may come in with the next view: it can hear us (C6).
 */
export class Admission {
  readonly #invitations = new Invitations()
  readonly #namesakes: Namesakes
  readonly #effects: AdmissionEffects
  readonly #past: PastViews
  readonly #random: () => number
  /** The other lineage of which a member was invited last. */
  #invited: { readonly lineage: string; readonly atMs: number } | null = null

  constructor(effects: AdmissionEffects, past: PastViews, random: () => number) {
    this.#effects = effects
    this.#past = past
    this.#random = random
    this.#namesakes = new Namesakes(random)
  }

  join(join: tutti.Join.$Properties, from: Endpoint, watch: ViewWatch, nowMs: number): void {
    const claimed = peerOf(join.member)
    if (claimed === undefined) return
    const { name, incarnation } = claimed
    const { view } = watch
    const isCoordinator = watch.isCoordinator(nowMs)
    if (view.members.some(member => member.incarnation === incarnation)) {
      // It has not heard that it is in.
      const origin = this.#past.origin(view.tag)
      if (origin !== undefined && isCoordinator) this.#effects.send(from, origin.tag, decideOf(origin, false))
      return
    }
    const namesake = view.members.findIndex(member => member.name === name)
    // A new life of a name: is the old one gone? All look, so that all can say.
    if (namesake >= 0) watch.doubt(namesake, nowMs)
    // Who cannot decide asks nobody in: another group might.
    if (!isCoordinator || !watch.hasQuorum) return
    if (join.packetBytes !== view.packetBytes) {
      const reason = `the group uses packets of ${view.packetBytes} bytes; join with packetBytes: ${view.packetBytes}`
      return this.#refuse(incarnation, from, 'ERR_TUTTI_OPTION', reason)
    }
    if (namesake === watch.rank) return this.#refuseName(name, incarnation, from)
    if (namesake >= 0 && !watch.accuses(namesake)) {
      return this.#effects.probe(namesake, this.#namesakes.ask(namesake, name, incarnation, from))
    }
    const lineage = join.lineage?.length === 8 ? toHex(join.lineage) : null
    if (lineage !== null && lineage !== view.lineage) {
      // A lineage that gives way to this one ends for good: it must not do so for one that is dead itself, and has only slept, or
      // that is about to end too (C7).
      if (!watch.hasProvenQuorum || watch.isGivingWay(nowMs)) return
      this.#invited = { lineage, atMs: nowMs }
    }
    // Its own word for its address may be wrong behind a translator; where the frame came from is where it is reached.
    const peer = { ...claimed, endpoint: { address: from.address, port: from.port }, voter: false }
    const nonce = this.#random()
    this.#invitations.invite(nonce, { peer, checkBodies: join.checkBodies ?? false, lineage }, nowMs)
    this.#effects.send(from, 0, { invite: { nonce, lineage: fromHex(view.lineage) } })
  }

  /** A member of that lineage may be about to give it up for this one. */
  hasInvited(lineage: string, nowMs: number): boolean {
    return this.#invited?.lineage === lineage && nowMs - this.#invited.atMs < INVITED_MS
  }

  /** Somebody echoes an invitation. Returns whether that is so. */
  willing({ nonce }: tutti.Willing.$Properties, nowMs: number): boolean {
    return this.#invitations.accept(nonce ?? 0, nowMs)
  }

  /** Others are about to come in with those who are ready. */
  isAwaited(nowMs: number): boolean {
    return this.#invitations.isAwaited(nowMs)
  }

  take(nowMs: number): readonly Joiner[] {
    return this.#invitations.take(nowMs)
  }

  /** Somebody answers a probe from where a member was. */
  alive({ nonce, incarnation, view }: tutti.Alive.$Properties, watch: ViewWatch, nowMs: number): void {
    const question = this.#namesakes.answered(nonce ?? 0)
    const rank = question?.rank ?? nonce ?? 0
    const member = watch.view.members[rank]
    if (member === undefined) return
    // Another process listens where the member was.
    if (toHex(incarnation ?? new Uint8Array()) !== member.incarnation) return watch.refused(rank, nowMs)
    // Who has not come into this view, or has left it, lives elsewhere.
    if (view === watch.view.tag) watch.answered(rank, nowMs)
    if (question !== undefined) this.#refuseName(question.name, question.incarnation, question.from)
  }

  #refuseName(name: string, incarnation: string, to: Endpoint): void {
    this.#refuse(incarnation, to, 'ERR_TUTTI_NAME', `the group has a live member named ${name}`)
  }

  #refuse(incarnation: string, to: Endpoint, code: string, reason: string): void {
    this.#effects.send(to, 0, { refuse: { incarnation: fromHex(incarnation), code, reason } })
  }
}
