import { Group } from './group.js'
import { type CheckedOptions, checkOptions, type JoinOptions } from './options.js'
import type { Ports } from './ports.js'
import { aborted, onAbort } from './send-queue.js'

/**
 * Joins a group through `ports`, which it closes when it is done with them. Resolves once the first view with this
 * member in it is installed, and `expect` members are in.
 */
export async function openGroup(name: string, options: JoinOptions, ports: Ports): Promise<Group> {
  let checked: CheckedOptions
  try {
    checked = checkOptions(name, options)
  } catch (error) {
    await ports.network.close()
    throw error
  }
  return openChecked(checked, ports)
}

/** The same with options that have been checked. */
export async function openChecked(options: CheckedOptions, ports: Ports): Promise<Group> {
  const { signal } = options
  if (signal?.aborted) {
    await ports.network.close()
    throw aborted(signal)
  }
  const { promise, resolve, reject } = deferred<Group>()
  const group = new Group(options, ports, { resolve, reject })
  const detach = onAbort(signal, () => {
    reject(aborted(signal!))
    group.leave().catch(() => {})
  })
  try {
    return await promise
  } finally {
    detach()
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
