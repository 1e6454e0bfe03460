import type { Checker } from '../../src/sim/checkers/checker.js'
import { transcript } from './transcript.js'

/** What a checker says of a trace by hand. */
export function judgeOf(checker: Checker): (text: string) => string[] {
  return text => checker.check(transcript(text)).map(({ process, what }) => `${process} ${what}`)
}
