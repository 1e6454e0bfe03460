import { DgramAsPromised, type SocketAsPromised } from 'dgram-as-promised'
import type { Family, InterfaceAddress } from './interfaces.js'
import { type Libc, NativeSocket } from './native-socket.js'

/*
 * dgram-as-promised serves a socket's life here: create, bind, multicast settings, close. Its traps are kept inside
 * this folder: recv() and the iterator lose every datagram that comes while the loop's body awaits, so what arrives
 * and what leaves goes through `.socket`; an error that it stored rejects the next call, whatever that is, so each
 * socket has a listener of its own and no call but close() follows; getSendBufferSize() calls itself for ever; and
 * destroy() closes nothing.
 */

/** How much the system is to hold for sending: a few trains. */
const SEND_BUFFER_BYTES = 4 << 20

export interface SocketPlan {
  readonly at: InterfaceAddress
  /** What it is bound to: the interface's address, or the group's. */
  readonly address: string
  readonly port: number
  /** Whether other processes may bind the same. */
  readonly shared: boolean
  readonly receiveBufferBytes: number
  readonly libc: Libc | undefined
}

/** A bound UDP socket, and its native side where there is one. */
export interface UdpSocket {
  readonly promised: SocketAsPromised
  readonly native: NativeSocket | undefined
}

export async function openSocket(plan: SocketPlan): Promise<UdpSocket> {
  const promised = create(plan.at.family, plan.shared)
  try {
    if (!plan.libc) {
      await promised.bind({ address: plan.address, port: plan.port, exclusive: true })
      promised.setRecvBufferSize(plan.receiveBufferBytes).setSendBufferSize(SEND_BUFFER_BYTES)
      return { promised, native: undefined }
    }
    const native = new NativeSocket(plan.libc, plan.at.family)
    try {
      if (plan.shared) native.shareAddress()
      native.askForBuffers(plan.receiveBufferBytes, SEND_BUFFER_BYTES)
      native.onlyOwnGroups(plan.at.family)
      native.bind({ family: plan.at.family, address: plan.address, port: plan.port, scopeId: plan.at.scopeId })
    } catch (error) {
      native.abandon()
      throw error
    }
    await promised.bind({ fd: native.fd, exclusive: true })
    return { promised, native }
  } catch (error) {
    await promised.close()
    throw error
  }
}

/** Fails as sending would: asks the system for a route, and sends nothing. */
export async function checkRoute(at: InterfaceAddress, group: string, port: number, outgoing: string): Promise<void> {
  const promised = create(at.family, false)
  try {
    await promised.bind({ address: outgoing, port: 0, exclusive: true })
    promised.setMulticastInterface(multicastInterface(at))
    await new Promise<void>((resolve, reject) => {
      // @types/node has no error in this callback; Node gives one.
      const connected = (error?: Error) => (error ? reject(error) : resolve())
      promised.socket.connect(port, group, connected)
    })
  } finally {
    await promised.close()
  }
}

/** The interface, as multicast calls name it. */
export function multicastInterface(at: InterfaceAddress): string {
  return at.family === 6 ? `::%${at.name}` : at.address
}

function create(family: Family, reuseAddr: boolean): SocketAsPromised {
  const promised = DgramAsPromised.createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    reuseAddr,
    ipv6Only: family === 6,
    // Every address here is numeric. Node's own lookup would put each send off to a later tick.
    lookup: (address, _options, done) => done(null, address, family),
  })
  // Without a listener an 'error' would end the process. bind() rejects by a listener of its own.
  promised.socket.on('error', () => {})
  return promised
}
