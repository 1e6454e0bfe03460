import type { Libc } from './native-socket.js'

const M_TRIM_THRESHOLD = -1
const M_MMAP_THRESHOLD = -3
/** What free() may keep for the next malloc(): about what one garbage collection frees under full load. */
const KEPT_BYTES = 64 << 20
const MAPPED_BYTES_MIN = 1 << 20

let done = false

/**
 * Node allocates 64 KB for every datagram that it reads, and a collection frees hundreds at a time. By default glibc
 * gives such a lump back to the system at once, and each page of it comes back by a page fault: a third of all the
 * time of a busy member. This setting is the whole process's; who has chosen one by the environment keeps it.
 */
export function keepFreedMemory(libc: Libc): void {
  if (done || process.env.MALLOC_TRIM_THRESHOLD_ || process.env.GLIBC_TUNABLES?.includes('malloc')) return
  done = true
  libc.mallopt?.(M_TRIM_THRESHOLD, KEPT_BYTES)
  // Setting one option freezes the other, which would have grown by itself.
  libc.mallopt?.(M_MMAP_THRESHOLD, MAPPED_BYTES_MIN)
}
