import { transcript } from './transcript.js'

/**
 * A run in which every promise is kept though much goes wrong. c is killed and started anew; d is cut off, is left out
 * with a message that nobody else has, and comes back; e and f, a lineage of their own, give way to the others'. The
 * view after the second takes two ballots, since the first one's proposer did not get far.
 */
export const eventful = transcript(`
  a starts
  b starts
  c starts
  d starts
  a sees 1: a
  a sees 2 with a: a b c d
  b sees 2: a b c d
  c sees 2: a b c d
  d sees 2: a b c d
  a sends one as 1
  a sealed 1 in 2
  a delivers one from a in 2
  b delivers one from a in 2
  c delivers one from a in 2
  c sends last
  c delivers last from c in 2
  a delivers last from c in 2
  c crashes
  d delivers one from a in 2
  d sends alone as 1
  d sealed 1 in 2
  d delivers alone from d in 2

  b promises 1.1 as 1
  b promises 1.1 as 1
  a promises 1.1 as 0
  d promises 1.1 as 3
  b proposes Y in 1.1 to 0 1 2 3
  b votes in 1.1 as 1
  a promises 2.0 as 0
  b promises 2.0 as 1 with Y in 1.1
  d promises 2.0 as 3
  a proposes Y in 2.0 to 0 1 2 3
  a votes in 2.0 as 0
  b votes in 2.0 as 1
  d votes in 2.0 as 3
  a decides Y
  b decides Y

  b delivers last from c in 2
  a sees 3 with a b: a b
  b sees 3 with a b: a b
  d is refused 1
  d is left out, now d*
  d sends back
  a sends two
  a delivers two from a in 3
  b delivers two from a in 3
  a sees 4 with a b: a b d*? c'?
  b sees 4 with a b: a b d*? c'?
  d sees 4: a b d*? c'?
  c' starts
  c' sees 4: a b d*? c'?
  d delivers back from d* in 4
  a delivers back from d* in 4
  b delivers back from d* in 4
  c' delivers back from d* in 4

  e starts
  f starts
  e sees 7 of y: e f
  f sees 7 of y: e f
  e sends theirs
  e delivers theirs from e in 7
  f delivers theirs from e in 7
  e gives way to x
  f gives way to x
  a goes on as x
  a sees 5 with a b d c: a b d* c' e? f?
  b goes on as x
  b sees 5 with a b d c: a b d* c' e? f?
  d goes on as x
  d sees 5 with a b d c: a b d* c' e? f?
  c' goes on as x
  c' sees 5 with a b d c: a b d* c' e? f?
  e sees 5 with e f: a b d* c' e? f?
  f sees 5 with e f: a b d* c' e? f?
  e sends ours as 1
  e sealed 1 in 5
  a delivers ours from e in 5
  b delivers ours from e in 5
  c' delivers ours from e in 5
  d delivers ours from e in 5
  e delivers ours from e in 5
  f delivers ours from e in 5
`)
