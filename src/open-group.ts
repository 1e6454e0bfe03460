import { Group } from './group.js'
import { checkOptions, type JoinOptions } from './options.js'
import type { Ports } from './ports.js'
import { aborted } from './send-queue.js'

/**
 * Joins a group through `ports`, which it closes when it is done with them. Resolves once the first view with this
 * member in it is installed, and `expect` members are in.
 */
export async function openGroup(name: string, options: JoinOptions, ports: Ports): Promise<Group> {
  const checked = checkOptions(name, options)
  const { signal } = checked
  if (signal?.aborted) {
    await ports.network.close()
    throw aborted(signal)
  }
  const { promise, resolve, reject } = deferred<Group>()
  const group = new Group(checked, ports, { resolve, reject })
  const abort = () => {
    reject(aborted(signal!))
    group.leave().catch(() => {})
  }
  signal?.addEventListener('abort', abort, { once: true })
  try {
    return await promise
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
