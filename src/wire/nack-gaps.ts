import type { tutti } from './generated/control.js'
import { NACK_RANGES_MAX } from './limits.js'

/**
 * What a NACK asks for; null if that is more than any member asks for in one. Each of its ranges may be a whole window,
 * and all are walked.
 */
export function gapsOf({ gaps }: tutti.Nack.$Properties): readonly tutti.Gap.$Properties[] | null {
  let ranges = 0
  for (const gap of gaps ?? []) ranges += Math.max(1, (gap.ranges?.length ?? 0) / 2)
  return ranges > NACK_RANGES_MAX ? null : (gaps ?? [])
}
