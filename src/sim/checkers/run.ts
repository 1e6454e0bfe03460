import type { Life, SentMessage, Stay } from './life.js'

/**
 * The common run of views that a receiver's stay in one view belongs to: views that follow each other, in one lineage,
 * with the sender in all of them. Within a run a receiver gets one piece of what the sender sent, without gaps; between
 * two, either of them was somewhere else. Returns the first view of the run.
 */
export function runOf(stay: Stay | undefined, sender: Life): Stay | undefined {
  let first = stay
  while (first?.isSuccessor && first.before?.incarnations.has(sender.incarnation)) first = first.before
  return first
}

/**
 * Where in `sends`, what a sender sent in one order class, begins what a receiver should see in a run, and whether that
 * is certain: with the first message that was sealed in the run's first view or later.
 */
export function beginningOf(
  first: Stay | undefined,
  sender: Life,
  sends: readonly SentMessage[],
): { from: number; certain: boolean } {
  if (!first?.incarnations.has(sender.incarnation)) return { from: 0, certain: false }
  const there = sender.stays.find(({ view }) => view === first.view)
  let from = 0
  let certain = true
  for (const [i, { seal, refused }] of sends.entries()) {
    if (seal === undefined || (there === undefined && seal.lineage !== first.lineage)) {
      if (!refused) certain = false
      continue
    }
    const isEarlier = there === undefined ? seal.id < first.id : seal.ordinal < there.ordinal
    if (!isEarlier) return { from, certain }
    from = i + 1
    certain = true
  }
  return { from, certain: false }
}
