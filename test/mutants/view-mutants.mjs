/** Edits that break view agreement and failure detection; see mutants.mjs. */
export const viewMutants = [
  {
    name: 'skips the wedge: goes on delivering after its promise',
    file: 'src/engine/view-state.ts',
    find: 'if (this.isWedged) return\n      this.#handOver',
    replace: 'this.#handOver',
  },
  {
    name: 'reports after its promise',
    file: 'src/engine/view-state.ts',
    find: 'if (!this.isWedged) this.#report(nowMs)',
    replace: 'this.#report(nowMs)',
  },
  {
    name: 'drops the fill: proposes at once',
    file: 'src/membership/view-agreement.ts',
    find: 'own.lacking = new Set(own.goingOn.filter(lacks))',
    replace: 'own.lacking = new Set(own.goingOn.filter(rank => lacks(rank) && rank < 0))',
  },
  {
    name: 'proposes a value of its own in place of an accepted one',
    file: 'src/paxos/proposer.ts',
    find: 'return this.#latest === null ? null : this.#latest.value',
    replace: 'return null',
  },
  {
    name: 'reuses a round',
    file: 'src/membership/view-agreement.ts',
    find: 'this.#round++\n',
    replace: 'this.#round = Math.max(1, this.#round)\n',
  },
  {
    name: 'takes a quorum of one too few',
    file: 'src/paxos/quorum.ts',
    find: 'export function isQuorum(voters: readonly number[], present: (id: number) => boolean): boolean {',
    replace:
      'export function isQuorum(voters: readonly number[], present: (id: number) => boolean): boolean {\n  if (voters.filter(present).length * 2 + 2 > voters.length) return true',
  },
  {
    name: 'lets half of the voters without the senior decide',
    file: 'src/paxos/quorum.ts',
    find: 'export function isQuorum(voters: readonly number[], present: (id: number) => boolean): boolean {',
    replace:
      'export function isQuorum(voters: readonly number[], present: (id: number) => boolean): boolean {\n  if (voters.length > 0 && voters.filter(present).length * 2 === voters.length) return true',
  },
  {
    name: 'delivers past the cut',
    file: 'src/engine/view-state.ts',
    find: 'this.#handOver(rank, incoming, cut[rank])',
    replace: 'this.#handOver(rank, incoming, incoming.window.received)',
  },
  {
    name: 'counts joiners as voters',
    file: 'src/membership/admission.ts',
    find: 'port: from.port }, voter: false }',
    replace: 'port: from.port }, voter: true }',
  },
  {
    name: 'cuts at the least that anyone holds',
    file: 'src/membership/view-agreement.ts',
    find: '.reduce(later))',
    replace: '.reduce((a, b) => (later(a, b) === a ? b : a)))',
  },
  {
    name: 'forgets its promise',
    file: 'src/paxos/acceptor.ts',
    find: 'prepare(ballot: Ballot): boolean {',
    replace: 'prepare(ballot: Ballot): boolean {\n    if (ballot > 0) return true',
  },
  {
    name: 'forgets what it accepted',
    file: 'src/membership/view-agreement.ts',
    find: 'acceptedValue: accepted === null ? undefined : encodeValue(accepted.value),',
    replace: 'acceptedValue: undefined,',
  },
  {
    name: 'promises to any proposer, whomever it accuses',
    file: 'src/membership/view-watch.ts',
    find: 'unshared.length === 0, nowMs)',
    replace: 'unshared.length >= 0, nowMs)',
  },
  {
    name: 'puts a member out on one word',
    file: 'src/membership/accusations.ts',
    find: 'if (accusers >= Math.min(2, left.length)) continue',
    replace: 'if (accusers >= 1) continue',
  },
  {
    name: 'takes the first quorum of promises and waits for nobody else',
    file: 'src/membership/view-agreement.ts',
    find: 'if (!proposer.isPromised || this.waiting(removed).length > 0) return',
    replace: 'if (!proposer.isPromised) return',
  },
  {
    name: 'leaves without a word that the others can do without it',
    file: 'src/membership/lingering.ts',
    find: 'this.#untilMs = nowMs + LINGER_MS',
    replace: 'this.#untilMs = nowMs',
  },
  {
    name: 'forgets decisions when it is left out',
    file: 'src/engine/engine.ts',
    find: 'this.#past = before?.past ?? new PastViews()',
    replace: 'this.#past = new PastViews()',
  },
  {
    name: 'founds a lineage after it was left out',
    file: 'src/engine/engine.ts',
    find: 'lineage: before?.lineage ?? null',
    replace: 'lineage: null as string | null',
  },
  {
    name: 'takes what another repairs for a sign of life',
    file: 'src/engine/view-state.ts',
    find: 'if (endpoint !== undefined && isSame(endpoint, from))',
    replace: 'if (endpoint !== undefined && (from || isSame(endpoint, from)))',
  },
  {
    name: 'judges others after it slept itself',
    file: 'src/membership/membership.ts',
    find: 'if (sleptMs >= ASLEEP_MS) this.#watch?.slept(nowMs)',
    replace: 'if (sleptMs < 0) this.#watch?.slept(nowMs)',
  },
  {
    name: 'gives way to any lineage that hails',
    file: 'src/membership/membership.ts',
    find: 'if (theirs === ours || (watch.hasQuorum && (ours < theirs || !watch.isCoordinator(nowMs)))) return',
    replace: 'if (theirs === ours) return',
  },
  {
    name: 'never repeats a decision',
    file: 'src/membership/past-views.ts',
    find: 'if (past === undefined || member === undefined ||',
    replace: 'if (nowMs >= 0 || past === undefined || member === undefined ||',
  },
]
