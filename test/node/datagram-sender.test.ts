import type { Socket } from 'node:dgram'
import { constants } from 'node:os'
import { beforeEach, describe, expect, it } from 'vitest'
import { DatagramSender } from '../../src/node/datagram-sender.js'
import type { NativeSocket } from '../../src/node/native-socket.js'

const { EAGAIN, EINVAL, EPERM } = constants.errno
const at = { name: 'lo', family: 4, address: '127.0.0.1', scopeId: 0, loopback: true } as const
const to = { address: '127.0.0.1', port: 9 }

describe('a sender whose system refuses', () => {
  /** Lengths of what the system took, and of what went to dgram. */
  let taken: number[]
  let queued: Uint8Array[]
  let segment: number
  let refuse: (length: number) => number
  let failures: Error[]
  let flush: (() => void)[]
  let sender: DatagramSender

  beforeEach(() => {
    taken = []
    queued = []
    segment = 0
    failures = []
    flush = []
    refuse = () => 0
    let errno = 0
    const libc = {
      addressOf: () => 0,
      inet_pton: () => 1,
      errno: () => errno,
      sendto(_fd: number, _bytes: number, length: number) {
        errno = refuse(length)
        if (errno) return -1
        taken.push(length)
        return length
      },
    }
    const native = {
      libc,
      fd: 3,
      cutSends(bytes: number) {
        segment = bytes
        return true
      },
    }
    const socket = {
      getSendQueueCount: () => flush.length,
      send(bytes: Uint8Array, offset: number, length: number, _port: number, _address: string, done: () => void) {
        queued.push(bytes.subarray(offset, offset + length))
        flush.push(done)
      },
    }
    sender = new DatagramSender(socket as unknown as Socket, native as unknown as NativeSocket, at, 1000, true, error =>
      failures.push(error),
    )
  })

  const send = (length: number) => sender.send(new Uint8Array(length), 0, length, to)

  it('sends a train whole while the system cuts it', () => {
    send(2500)
    expect(taken).toEqual([2500])
    expect(sender.path).toBe('trains')
  })

  it('a train: sends it again in packets, and every later one', () => {
    refuse = length => (segment && length > 1000 ? EINVAL : 0)
    send(2500)
    expect(taken).toEqual([1000, 1000, 500])
    expect(sender.path).toBe('datagrams')
    expect(segment).toBe(0)
    send(2000)
    expect(taken).toEqual([1000, 1000, 500, 1000, 1000])
    expect(failures).toEqual([])
  })

  it('for lack of room: leaves a copy to dgram, and all that follows', () => {
    refuse = () => EAGAIN
    const bytes = new Uint8Array(500).fill(1)
    sender.send(bytes, 0, 500, to)
    bytes.fill(2)
    refuse = () => 0
    send(600)
    expect(queued.map(each => [each.length, each[0]])).toEqual([
      [500, 1],
      [600, 0],
    ])
    for (const done of flush.splice(0)) done()
    expect(sender.pending).toBe(0)
    send(700)
    expect(taken).toEqual([700])
  })

  it('for good: reports it and goes on', () => {
    refuse = () => EPERM
    send(500)
    expect(failures).toEqual([expect.objectContaining({ code: 'EPERM' })])
    refuse = () => 0
    send(500)
    expect(taken).toEqual([500])
  })
})
