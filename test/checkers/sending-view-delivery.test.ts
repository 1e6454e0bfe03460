import { expect, it } from 'vitest'
import { sendingViewDelivery } from '../../src/sim/checkers/sending-view-delivery.js'
import { judgeOf } from './judge.js'

const whatIsWrong = judgeOf(sendingViewDelivery)

const pair = `
  a starts
  b starts
  a sees 1: a b
  b sees 1: a b
  a sends one as 1`

it('catches a message of an old view in a new one, at a member that crashed', () => {
  expect(
    whatIsWrong(`${pair}
      b sees 2: a b
      b delivers one from a in 1
      b crashes`),
  ).toEqual(['b delivered "one" from a as of view 1, in view 2'])
})

it('catches a message in another view than that of its sender', () => {
  expect(
    whatIsWrong(`${pair}
      a sealed 1 in 1
      b sees 2: a b
      b delivers one from a in 2`),
  ).toEqual(['b delivered "one" from a in view 2 of x; others have it in view 1 of x'])
})

it('catches a message in a view of the same id in another lineage', () => {
  expect(
    whatIsWrong(`${pair}
      a delivers one from a in 1
      b gives way to y
      b sees 1 of y: a b
      b delivers one from a in 1`),
  ).toEqual(['b delivered "one" from a in view 1 of y; others have it in view 1 of x'])
})

it('catches receivers that disagree about a sender whose own trace does not say', () => {
  expect(
    whatIsWrong(`${pair}
      a crashes
      b delivers one from a in 1
      c starts
      c sees 2: a b c
      c delivers one from a in 2`),
  ).toEqual(['c delivered "one" from a in view 2 of x; others have it in view 1 of x'])
})

it('catches a sender that is not in the view', () => {
  expect(
    whatIsWrong(`${pair}
      b sees 2: b
      b delivers one from a in 2`),
  ).toEqual(['b delivered "one" from a in view 2, which its sender is not in'])
})

it('catches the old incarnation of a sender that came back', () => {
  expect(
    whatIsWrong(`${pair}
      b sees 3: b a*
      b delivers one from a in 3`),
  ).toEqual(['b delivered "one" from a in view 3, which its sender is not in'])
})

it('catches a message before the first view', () => {
  expect(
    whatIsWrong(`${pair}
      c starts
      c delivers one from a in 1
      c sees 1: a b c`),
  ).toEqual(['c delivered "one" from a in view 1, before any view'])
})

it('catches a `sent` that names another view than the one in which the sender delivers', () => {
  expect(
    whatIsWrong(`${pair}
      a sealed 1 in 1
      a sees 2: a b
      a delivers one from a in 2`),
  ).toEqual(['a was told that "one" was sealed in view 1, and delivered it in view 2 of x'])
})

it('lets the same data be sent again in another view', () => {
  expect(
    whatIsWrong(`${pair}
      a delivers one from a in 1
      b delivers one from a in 1
      a sees 2: a b
      b sees 2: a b
      a sends one as 2
      a delivers one from a in 2
      b delivers one from a in 2`),
  ).toEqual([])
})

it('lets `sent` come before a slow reader sees the view that it names', () => {
  expect(
    whatIsWrong(`${pair}
      a sealed 1 in 2
      a sees 2: a b
      a delivers one from a in 2
      b sees 2: a b
      b delivers one from a in 2`),
  ).toEqual([])
})

it('does not judge a trace without views', () => {
  expect(
    whatIsWrong(`
      a starts
      a sends one
      a delivers one from a in 1`),
  ).toEqual([])
})
