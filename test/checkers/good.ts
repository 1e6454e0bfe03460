import { transcript } from './transcript.js'

/** A run in which every promise is kept: c joins late, a leaves, b tells c, and a says the same thing twice. */
export const good = transcript(`
  a starts
  a sees 1: a b
  b starts
  b sees 1: a b
  a sends one
  a delivers one from a in 1
  b delivers one from a in 1
  a sees 2: a b c
  c starts
  c sees 2: a b c
  a sends again
  a sends again
  a delivers again from a in 2
  a delivers again from a in 2
  b sees 2: a b c
  b delivers again from a in 2
  b delivers again from a in 2
  c delivers again from a in 2
  c delivers again from a in 2
  b tells c secret
  c is told secret from b
  b sends two as 1
  b sealed 1 in 2
  b delivers two from b in 2
  a delivers two from b in 2
  a leaves
  c delivers two from b in 2
  b sees 3: b c
  c sees 3: b c
`)
