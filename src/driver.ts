import type { Delivery } from './delivery.js'
import type { Engine, EngineEvent } from './engine/engine.js'
import type { Ports } from './ports.js'
import type { Slab } from './slab.js'
import type { DeliveredEvent, Endpoint, Stats } from './types.js'

/** Where deliveries and events go: the group, or a test. */
export interface DriverSink {
  /** Views and messages, in the one order in which they happened. The array is the sink's to keep. */
  deliver(batch: DeliveredEvent[], hasView: boolean): void
  event(event: EngineEvent): void
  /** A port reports trouble. */
  failed(error: Error): void
}

/**
 * Joins the engine to its ports. Inputs are gathered until the turn of the event loop ends; then the engine's effects
 * are carried out in the outbox's order: datagrams, deliveries, events.
 */
export class Driver {
  #engine: Engine
  readonly #ports: Ports
  readonly #sink: DriverSink
  #isAwake = false
  #isClosed = false
  #armedAtMs = Number.POSITIVE_INFINITY
  readonly #turn = () => {
    this.#isAwake = false
    this.#endTurn()
  }

  constructor(engine: Engine, ports: Ports, sink: DriverSink) {
    this.#engine = engine
    this.#ports = ports
    this.#sink = sink
  }

  start(): void {
    this.#ports.network.start({
      datagram: (bytes, from, _multicast, slab) => this.#receive(bytes, from, slab),
      failed: error => this.#sink.failed(error),
      overflowed: datagrams => this.#engine.overflowed(datagrams),
      refused: endpoint => this.#refused(endpoint),
    })
    this.#wake()
  }

  /** Goes on with another engine: the next life of a member that was left out. */
  restart(engine: Engine): void {
    this.#engine = engine
    this.#wake()
  }

  /** Takes a message for the group, or for one member of the view; see Engine. */
  submit(data: Uint8Array, to: string | null, of: number): number {
    const fate = this.#engine.submit(data, to, of)
    // Full trains need not wait for the end of the turn: receivers work on them meanwhile.
    if (this.#engine.outbox.bytes.length > 0) this.#sendDatagrams()
    this.#wake()
    return fate
  }

  /** The application has taken these messages. */
  consume(delivery: Delivery): void {
    this.#engine.consume(delivery)
    this.#wake()
  }

  reform(): void {
    this.#engine.reform(this.#ports.clock.now())
    this.#wake()
  }

  /** @param doSendsWait  see Engine */
  leave(doSendsWait?: () => boolean): void {
    this.#engine.leave(this.#ports.clock.now(), doSendsWait)
    this.#wake()
  }

  stats(): Stats {
    return { ...this.#engine.counters, dropped: { ...this.#engine.counters.dropped }, path: this.#ports.network.path }
  }

  /** Closes the ports. Resolves when what was handed over for sending has left. */
  close(): Promise<void> {
    this.#isClosed = true
    this.#ports.clock.disarm()
    return this.#ports.network.close()
  }

  #receive(bytes: Uint8Array, from: Endpoint, slab: Slab | undefined): void {
    if (this.#isClosed) return
    this.#engine.receive(bytes, from, this.#ports.clock.now(), slab)
    if (this.#engine.isTurnDue) this.#endTurn()
    else this.#wake()
  }

  #refused(endpoint: Endpoint): void {
    if (this.#isClosed) return
    this.#engine.refused(endpoint, this.#ports.clock.now())
    this.#wake()
  }

  #wake(): void {
    if (this.#isAwake || this.#isClosed) return
    this.#isAwake = true
    this.#ports.clock.defer(this.#turn)
  }

  #endTurn(): void {
    if (this.#isClosed) return
    const { clock } = this.#ports
    const { outbox } = this.#engine
    this.#engine.endTurn(clock.now())
    this.#sendDatagrams()
    if (outbox.deliveries.length > 0 || outbox.events.length > 0) {
      const { hasView } = outbox
      this.#sink.deliver(outbox.takeDeliveries(), hasView)
      for (const event of outbox.events.splice(0)) this.#handle(event)
      if (this.#isClosed) return
      // What listeners sent, and what their consuming has to tell the senders, leaves now and not a turn later.
      this.#engine.endTurn(clock.now())
      this.#sendDatagrams()
      if (!outbox.isEmpty) this.#wake()
    }
    this.#arm()
  }

  #handle(event: EngineEvent): void {
    if (event.type === 'reach') this.#ports.network.reach(event.endpoints)
    else this.#sink.event(event)
  }

  #sendDatagrams(): void {
    const { bytes, offsets, lengths, to, probes } = this.#engine.outbox
    if (bytes.length + probes.length === 0) return
    const { network } = this.#ports
    let packets = 0
    for (let i = 0; i < bytes.length; i++) {
      const endpoint = to[i]
      packets += Math.ceil(lengths[i] / network.packetBytes)
      if (endpoint === null) network.multicast(bytes[i], offsets[i], lengths[i])
      else network.unicast(endpoint, bytes[i], offsets[i], lengths[i])
    }
    for (const { to, bytes } of probes.splice(0)) network.probe(to, bytes)
    this.#engine.sent(bytes.length, packets)
    this.#engine.outbox.clearDatagrams()
  }

  /** Re-arms the timer only when the next deadline has come nearer, or has fired: most turns leave it alone. */
  #arm(): void {
    const atMs = this.#engine.deadlineMs
    if (atMs >= this.#armedAtMs) return
    this.#armedAtMs = atMs
    this.#ports.clock.arm(atMs, () => {
      this.#armedAtMs = Number.POSITIVE_INFINITY
      this.#wake()
    })
  }
}
