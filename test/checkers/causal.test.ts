import { expect, it } from 'vitest'
import { causal } from '../../src/sim/checkers/causal.js'
import { judgeOf } from './judge.js'

const whatIsWrong = judgeOf(causal)

const trio = `
  a starts
  b starts
  c starts
  a sees 1: a b c
  b sees 1: a b c
  c sees 1: a b c
  a sends ask causally
  b delivers ask from a in 1 causally
  b sends answer causally
  b delivers answer from b in 1 causally`

it('accepts what comes after all that it rests on', () => {
  expect(
    whatIsWrong(`${trio}
      c delivers ask from a in 1 causally
      c delivers answer from b in 1 causally`),
  ).toEqual([])
})

it('catches an answer that comes before what it answers, and one that comes without it', () => {
  const violation = 'c delivered "answer" from b without "ask" before it; b had delivered that from a when it sent it'
  expect(
    whatIsWrong(`${trio}
      c delivers answer from b in 1 causally
      c delivers ask from a in 1 causally`),
  ).toEqual([violation])
  expect(
    whatIsWrong(`${trio}
      c delivers answer from b in 1 causally
      c crashes`),
  ).toEqual([violation])
})

it('catches it at the sender of what comes first, and where that sender has crashed', () => {
  expect(
    whatIsWrong(`${trio}
      a delivers answer from b in 1 causally
      a crashes`),
  ).toEqual(['a delivered "answer" from b without "ask" before it; b had delivered that from a when it sent it'])
})

it('catches what comes before an earlier message of its own sender', () => {
  expect(
    whatIsWrong(`${trio}
      b sends more causally
      b delivers more from b in 1 causally
      c delivers ask from a in 1 causally
      c delivers more from b in 1 causally
      c delivers answer from b in 1 causally`),
  ).toEqual(['c delivered "more" from b without "answer" before it; b had sent that before'])
})

it('follows a chain of answers through members that crashed', () => {
  expect(
    whatIsWrong(`${trio}
      c delivers ask from a in 1 causally
      c delivers answer from b in 1 causally
      c sends thanks causally
      c crashes
      b crashes
      a delivers ask from a in 1 causally
      a delivers thanks from c in 1 causally`),
  ).toEqual(['a delivered "thanks" from c without "answer" before it; c had delivered that from b when it sent it'])
})

it('asks nothing for what its sender delivered only afterwards', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sees 1: a b
      b sees 1: a b
      a sends ask causally
      b sends news causally
      b delivers ask from a in 1 causally
      b delivers news from b in 1 causally
      a delivers news from b in 1 causally
      a delivers ask from a in 1 causally`),
  ).toEqual([])
})

it('asks nothing of other classes, nor for them', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      c starts
      a sees 1: a b c
      b sees 1: a b c
      c sees 1: a b c
      a sends ask
      a sends first totally
      b delivers ask from a in 1
      b delivers first from a in 1 as 1
      b sends answer causally
      b sends late
      c delivers late from b in 1
      c delivers answer from b in 1 causally
      c delivers first from a in 1 as 1
      c delivers ask from a in 1`),
  ).toEqual([])
})

it('asks who joins for nothing of an earlier view', () => {
  expect(
    whatIsWrong(`${trio}
      a sees 2: a b c d
      b sees 2: a b c d
      d starts
      d sees 2: a b c d
      b sends later causally
      a delivers later from b in 2 causally
      d delivers later from b in 2 causally`),
  ).toEqual([])
})

it('tells the life of a member that was left out from the one that came back', () => {
  const back = (last: string) => `${trio}
    b is left out, now b*
    a sees 3: a c b*
    b sees 3: a c b*
    c sees 3: a c b*
    a sends again causally
    b delivers again from a in 3 causally
    b sends reply causally
    b delivers reply from b* in 3 causally
    ${last}`
  expect(
    whatIsWrong(
      back(`c delivers again from a in 3 causally
        c delivers reply from b* in 3 causally`),
    ),
  ).toEqual([])
  expect(whatIsWrong(back('c delivers reply from b* in 3 causally'))).toHaveLength(1)
})

it('asks nothing for what a sender was told is lost, nor about data that was sent twice', () => {
  expect(
    whatIsWrong(`
      a starts
      b starts
      a sees 1: a b
      b sees 1: a b
      b sends lost causally as 1
      b is refused 1
      b sends twice causally
      b sends twice causally
      b sends news causally
      b delivers news from b in 1 causally
      a delivers news from b in 1 causally`),
  ).toEqual([])
})
