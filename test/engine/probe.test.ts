import { test, expect } from 'vitest'
import { Harness } from './harness.js'
test('group report lost', () => {
  const h = new Harness()
  const [a, b] = h.group('a', 'b')
  b.isReading = false
  const n = a.fill()
  h.run(1000)
  let lost = 0
  h.loses = p => p.from === 'b' && (p.is === 'report') && lost++ < 1
  b.read()
  const t = h.until(() => a.log.includes('drain'))
  console.log(n, 'lost', lost, a.log.slice(-3), t)
})
test('blocked while pending', () => {
  const h = new Harness()
  const [a, b] = h.group('a', 'b')
  b.isReading = false
  a.send(new Uint8Array(400_000))
  a.send('x')
  h.run(3000)
  console.log(a.log, a.engine.counters.windowClosings)
  a.send(new Uint8Array(400_000))
  h.run(3000)
  console.log(a.log, a.engine.counters.windowClosings)
})
test('old views messages unread', () => {
  const h = new Harness()
  const [a, b] = h.group('a', 'b')
  b.isReading = false
  for (let i = 0; i < 10; i++) {
    const n = a.fill()
    h.run(100)
    const [c] = h.start('c' + i)
    h.until(() => a.view.includes('c' + i))
    h.run(200)
  }
  console.log(b.unread.length)
})
test('own tell', () => {
  const h = new Harness()
  const [a, b] = h.group('a', 'b')
  a.isReading = false
  let n = 0
  while (n < 100000 && a.send('x'.repeat(100), a) === 1) n++
  console.log(n)
})
