import { orderMutants } from './order-mutants.mjs'
import { viewMutants } from './view-mutants.mjs'

/**
 * Edits that break the protocol, each in a way that somebody could by mistake. `find` must occur exactly once in the
 * file. The suite must catch every one: see run.mjs.
 */
export const mutants = [
  ...viewMutants,
  ...orderMutants,
  {
    name: 'forgets which packets it has had',
    file: 'src/multicast/receive-window.ts',
    find: 'if (distance(seq, this.next) < 0) return DUPLICATE',
    replace: 'if (distance(seq, this.next) < 0) this.next = seq',
  },
  {
    name: 'frees a packet once one receiver has it',
    file: 'src/engine/outgoing.ts',
    find: 'if (distance(this.received.min, window.released) > 0) {\n      window.release(earlier(this.received.min,',
    replace: 'if (rank >= 0) {\n      window.release(earlier(this.received.of(rank),',
  },
  {
    name: 'sends NACKs without a random wait',
    file: 'src/multicast/round-trip.ts',
    find: 'return (maxMs / this.#lambda) * Math.log1p(uniform * Math.expm1(this.#lambda))',
    replace: 'return 0 * maxMs * uniform',
  },
  {
    name: 'repairs under a new number',
    file: 'src/engine/repair-trains.ts',
    find: 'train.length += length\n',
    replace: 'train.slab.bytes[train.length + 19]++\n    train.length += length\n',
  },
  {
    name: 'is off by one at the wrap',
    file: 'src/wire/seqno.ts',
    find: '(a + n) | 0',
    replace: '(a + n + (a < 0 && a + n >= 0 ? 1 : 0)) | 0',
  },
  {
    name: 'loses the last byte of a straddling message',
    file: 'src/wire/fragments.ts',
    find: 'const needed = this.#length - this.#filled',
    replace: 'const needed = this.#length - this.#filled - (this.#filled > 0 ? 1 : 0)',
  },
  {
    name: 'never announces its last number',
    file: 'src/multicast/announcer.ts',
    find: 'this.deadlineMs = nowMs + 1\n',
    replace: '\n',
  },
  {
    name: 'leaves repairs to the sender alone',
    file: 'src/multicast/repair.ts',
    find: 'if (!isSender && round < SENDER_ROUNDS) return',
    replace: 'if (!isSender) return',
  },
  {
    name: 'installs the next view without what it misses of this one',
    file: 'src/engine/view-state.ts',
    find: 'distance(incoming.window.received, cut[rank]) >= 0',
    replace: 'distance(incoming.window.received, cut[rank]) >= -1_000',
  },
  {
    name: 'goes on sealing after its promise',
    file: 'src/engine/outgoing.ts',
    find: 'if (this.isWedged || this.isPaused || this.#pending !== null || !this.#makeRoom(of))',
    replace: 'if (this.#pending !== null || !this.#makeRoom(of))',
  },
  {
    name: 'opens the window on what was received, not on what was consumed',
    file: 'src/engine/reader.ts',
    find: 'if (this.#outstanding[next & this.#mask] > 0) break\n',
    replace: '\n',
  },
  {
    name: 'drops the message that a closing view left unfinished',
    file: 'src/engine/engine.ts',
    find: 'const pending = before?.out.pending ?? this.#pending',
    replace: 'const pending: Uint8Array | null = before === undefined ? new Uint8Array() : null',
  },
  {
    name: 'adds to a delivery what lies in another datagram',
    file: 'src/delivery.ts',
    find: 'return isAlike && this.#bytes === bytes && !this.isAssembled',
    replace: 'return isAlike && !this.isAssembled',
    tests: ['test/engine/memory.test.ts', 'test/engine/loss.test.ts', 'test/engine/window.test.ts'],
  },
  {
    name: 'takes a delivery of many packets for consumed from its last on',
    file: 'src/engine/engine.ts',
    find: 'this.#current.consume(rank, first)',
    replace: 'this.#current.consume(rank, delivery.last)',
    tests: ['test/engine/window.test.ts'],
  },
  {
    name: 'lets reports ride behind a packet that is not full',
    file: 'src/engine/view-state.ts',
    find: 'out.seal(rides || sequencer.hasNews',
    replace: 'out.seal(sequencer.hasNews',
    tests: ['test/engine/reports.test.ts'],
  },
  {
    name: 'asks in the next NACK for what has come meanwhile',
    file: 'src/multicast/nack-scheduler.ts',
    find: 'stretch.isWaiting || stretch.isToRepeat ? missing(window, first, last, ranges, room) : last',
    replace:
      'stretch.isWaiting || stretch.isToRepeat ? missing(stretch.isWaiting ? window : { has: () => false } as never, first, last, ranges, room) : last',
    tests: ['test/multicast/nack-scheduler.test.ts'],
  },
  {
    name: 'goes on with a tell stream in another lineage',
    file: 'src/engine/tell-link.ts',
    find: 'hash32(fromHex(from + to + lineage))',
    replace: 'hash32(fromHex(from + to))',
    tests: ['test/engine/tell.test.ts'],
  },
  {
    name: 'keeps the links of a life that is over',
    file: 'src/engine/engine.ts',
    find: 'const { view, rank, out } = this.#current!\n    this.#links.close()',
    replace: 'const { view, rank, out } = this.#current!',
    tests: ['test/api/tells.test.ts'],
  },
  {
    name: 'finds who tells by the tag alone',
    file: 'src/engine/tell-links.ts',
    find: '?.find(({ endpoint }) => isSame(endpoint, from))',
    replace: '?.[from.port * 0]',
    tests: ['test/engine/tell.test.ts'],
  },
  {
    name: 'leaves with what it has yet to tell itself',
    file: 'src/engine/tell-links.ts',
    find: 'return this.#isSelfAwaited',
    replace: 'return false && this.#isSelfAwaited',
    tests: ['test/api/tells.test.ts'],
  },
  {
    name: 'delivers its own ordered messages once a turn, alone too',
    file: 'src/engine/view-state.ts',
    find: '        delivery.drain()\n        last = out.window.last\n        this.#acknowledge(this.rank, last, delivery.readers[this.rank].consumed)\n      }\n',
    replace:
      '        last = out.window.last\n        this.#acknowledge(this.rank, last, delivery.readers[this.rank].consumed)\n      }\n      delivery.drain()\n',
    tests: ['test/api/sending.test.ts'],
  },
  {
    name: 'hands on to listeners what is an iterator’s',
    file: 'src/event-queue.ts',
    find: 'while (!this.#isIterated && this.#held[this.#head] === delivery)',
    replace: 'while (this.#held[this.#head] === delivery)',
    tests: ['test/api/listening.test.ts'],
  },
  {
    name: 'takes what was told in another life for consumed in this one',
    file: 'src/engine/tell-links.ts',
    find: 'this.#unread.get(told)?.incoming',
    replace: 'this.#links.get(from.incarnation)?.incoming',
    tests: ['test/api/tells.test.ts'],
  },
  {
    name: 'settles a send by the end of what was offered after it',
    file: 'src/send-queue.ts',
    find: 'const owner = this.#partial.shift()\n    if (owner) this.#sent(owner, progress)',
    replace: 'const owner = this.#partial.pop()\n    if (owner) this.#sent(owner, progress)',
    tests: ['test/api/sending.test.ts'],
  },
  {
    name: 'puts out whoever is heard again a moment after the first',
    file: 'src/membership/view-watch.ts',
    find: 'this.#calmAtMs = nowMs + CALM_MS',
    replace: 'this.#calmAtMs = nowMs',
    tests: ['test/scenarios/decision.test.ts'],
  },
]
