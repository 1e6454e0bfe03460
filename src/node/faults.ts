import { TuttiError } from '../errors.js'

/** Faults put into the packets that a member receives. Chances are from 0 to 1, each packet drawn on its own. */
export interface Faults {
  readonly loss: number
  readonly duplicate: number
  readonly reorder: number
  readonly corrupt: number
  readonly delayMsMin: number
  readonly delayMsMax: number
}

const DELAY_MS_MAX = 60_000
const CHANCES = ['loss', 'duplicate', 'reorder', 'corrupt'] as const
const EXAMPLE = 'loss=0.1,duplicate=0.01,reorder=0.05,corrupt=0.001,delay=5..20ms'

/** Reads a specification like EXAMPLE; what is not named does not happen. */
export function parseFaults(spec: string): Faults {
  const faults = { loss: 0, duplicate: 0, reorder: 0, corrupt: 0, delayMsMin: 0, delayMsMax: 0 }
  for (const part of spec.split(',')) {
    const [name, value = ''] = part.trim().split(/=(.*)/)
    if (name === 'delay') {
      const match = /^(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?ms$/.exec(value)
      if (match === null) throw wrong(`a delay is written 5ms or 5..20ms, not '${value}'`)
      faults.delayMsMin = Number(match[1])
      faults.delayMsMax = Number(match[2] ?? match[1])
      if (faults.delayMsMax < faults.delayMsMin) throw wrong(`a delay of '${value}' ends before it begins`)
      if (faults.delayMsMax > DELAY_MS_MAX) throw wrong(`a delay is ${DELAY_MS_MAX}ms at most, not '${value}'`)
      continue
    }
    const chance = CHANCES.find(known => known === name)
    if (chance === undefined) throw wrong(`there is no fault '${name}'; there are ${CHANCES.join(', ')} and delay`)
    const number = /^[\d.]+$/.test(value) ? Number(value) : Number.NaN
    if (!(number >= 0 && number <= 1)) throw wrong(`${name} is a chance from 0 to 1, not '${value}'`)
    faults[chance] = number
  }
  return faults
}

function wrong(message: string): TuttiError {
  return new TuttiError('ERR_TUTTI_OPTION', `faults: ${message}; for example ${EXAMPLE}`)
}
