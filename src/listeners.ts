import type { EventEmitter } from 'node:events'
import type { Batch, Delivery, Message } from './delivery.js'
import type { EventQueueOutlet } from './event-queue.js'
import type { GroupEvents } from './group-events.js'
import type { DeliveredEvent } from './types.js'

/** The listeners of a group as the queue of events sees them. What one throws goes to 'error', and the sequence goes on. */
export class Listeners implements EventQueueOutlet {
  readonly consume: (delivery: Delivery) => void
  readonly #emitter: EventEmitter<GroupEvents>
  readonly #failed: (error: unknown) => void

  constructor(
    emitter: EventEmitter<GroupEvents>,
    consume: (delivery: Delivery) => void,
    failed: (error: unknown) => void,
  ) {
    this.#emitter = emitter
    this.consume = consume
    this.#failed = failed
  }

  get takesBatches(): boolean {
    return this.#emitter.listenerCount('batch') > 0
  }

  get takesMessages(): boolean {
    return this.#emitter.listenerCount('message') > 0
  }

  emit(event: Exclude<DeliveredEvent, Delivery>): void {
    const emitter = this.#emitter
    this.safely(() => {
      if (event.type === 'view') emitter.emit('view', event.view, event.change)
      else if (event.type === 'excluded') emitter.emit('excluded', event.incarnation)
      else emitter.emit('merged', event.lineage, event.won)
    })
  }

  emitBatch(batch: Batch): void {
    this.safely(() => this.#emitter.emit('batch', batch))
  }

  emitMessage(message: Message): void {
    try {
      this.#emitter.emit(message.type, message)
    } catch (error) {
      this.#failed(error)
    }
  }

  safely(emit: () => void): void {
    try {
      emit()
    } catch (error) {
      this.#failed(error)
    }
  }
}
