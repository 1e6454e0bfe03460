import { transcript } from './transcript.js'

/**
 * A run with all order classes, safe and not, in which every promise is kept though the sequencer dies. a orders x as 3,
 * which nobody else hears, and delivers it; the close of the view gives y its place. d is left out with a total message
 * of its own at the end, and with a causal one that rests on another which died with a.
 */
export const ordered = transcript(`
  a starts
  b starts
  c starts
  d starts
  a sees 1: a
  a sends alone totally
  a delivers alone from a in 1 as 1
  a sees 2 with a: a b c d
  b sees 2: a b c d
  c sees 2: a b c d
  d sees 2: a b c d

  b sends ask causally
  b delivers ask from b in 2 causally
  c delivers ask from b in 2 causally
  c sends answer causally safely as 1
  c sends other
  a delivers other from c in 2
  a delivers ask from b in 2 causally
  a delivers answer from c in 2 causally safely
  b delivers other from c in 2
  b delivers answer from c in 2 causally safely
  d delivers ask from b in 2 causally
  d delivers answer from c in 2 causally safely
  c delivers answer from c in 2 causally safely
  c sealed 1 in 2
  c delivers other from c in 2

  d sends first totally safely as 1
  a delivers first from d in 2 as 2 safely
  d delivers first from d in 2 as 2 safely
  d sealed 1 in 2
  b delivers first from d in 2 as 2 safely
  c sends x totally as 2
  c sealed 2 in 2
  b sends y totally safely as 1
  a delivers x from c in 2 as 3
  a sends lost causally
  a delivers lost from a in 2 causally
  a crashes
  d delivers x from c in 2 as 3
  d delivers lost from a in 2 causally
  d sends beside causally as 2
  d sealed 2 in 2
  d delivers beside from d in 2 causally
  d delivers other from c in 2
  d sends own totally
  d is left out, now d*

  b delivers y from b in 2 as 3 at the close
  c delivers first from d in 2 as 2 safely
  c delivers y from b in 2 as 3 at the close
  b delivers x from c in 2 as 4
  c delivers x from c in 2 as 4
  b sees 3 with b c: b c
  b sealed 1 in 2
  c sees 3 with b c: b c
  b sees 4 with b c: b c d* e
  c sees 4 with b c: b c d* e
  d sees 4: b c d* e
  e starts
  e sees 4: b c d* e
  b delivers own from d* in 4 as 5
  c delivers own from d* in 4 as 5
  d delivers own from d* in 4 as 5
  e delivers own from d* in 4 as 5
  e sends more totally safely as 1
  b delivers more from e in 4 as 6 safely
  c delivers more from e in 4 as 6 safely
  d delivers more from e in 4 as 6 safely
  e delivers more from e in 4 as 6 safely
  e sealed 1 in 4
`)
