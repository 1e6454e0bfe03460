import { join } from 'tutti'
import { expect, test } from 'vitest'
import { freePort } from '../node/loopback.js'

test('options may come from an object of a class that keeps them to itself', async () => {
  class Settings {
    readonly interface = '127.0.0.1'
    readonly #port = freePort()
    get port() {
      return this.#port
    }
  }
  await using group = await join(`settings-${process.pid}`, new Settings())
  expect(group.view.members).toHaveLength(1)
})
