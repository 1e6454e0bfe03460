import { getSystemErrorName } from 'node:util'
import type { Family } from './interfaces.js'

/*
 * What Node has no call for: socket options, set through FFI when a socket is made. The descriptor then goes to dgram
 * by bind({fd}), which owns it from there on.
 */
const SOL_SOCKET = 1
const SO_REUSEADDR = 2
const SO_SNDBUF = 7
const SO_RCVBUF = 8
const SO_ATTACH_FILTER = 26
const SO_SNDBUFFORCE = 32
const SO_RCVBUFFORCE = 33
const SO_MEMINFO = 55
const IPPROTO_IP = 0
const IP_MULTICAST_ALL = 49
const IPPROTO_IPV6 = 41
const IPV6_V6ONLY = 26
const IPV6_MULTICAST_ALL = 29
const SOL_UDP = 17
const UDP_SEGMENT = 103
const UDP_GRO = 104
const AF_INET = 2
const AF_INET6 = 10
const SOCK_DGRAM_CLOEXEC_NONBLOCK = 2 | 0o2000000 | 0o4000
/** Place of the count of drops in what SO_MEMINFO fills in, and its size in words. */
const MEMINFO_DROPS = 8
const MEMINFO_WORDS = 9

export interface Libc {
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Uint8Array, length: number): number
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array): number
  close(fd: number): number
  /** Pointers as numbers: no object is made for a call. */
  recvfrom(fd: number, bytes: number, length: number, flags: number, from: number, fromLength: number): number
  sendto(fd: number, bytes: number, length: number, flags: number, to: number, toLength: number): number
  inet_pton(family: number, text: string, bytes: Uint8Array): number
  /** glibc's; other C libraries have none. */
  mallopt: ((option: number, value: number) => number) | undefined
  errno(): number
  /** Where bytes lie. The caller keeps them alive for as long as it uses that. */
  addressOf(bytes: Uint8Array): number
}

/** Where a socket is bound, or whom it is not to hear. */
export interface NativeAddress {
  readonly family: Family
  readonly address: string
  readonly port: number
  /** Index of the interface, for IPv6. */
  readonly scopeId: number
}

let loading: Promise<Libc | undefined> | undefined

/** The C library, or undefined where koffi is not installed or the system is not Linux as this file knows it. */
export function loadNative(): Promise<Libc | undefined> {
  loading ??= load()
  return loading
}

async function load(): Promise<Libc | undefined> {
  // The numbers above are those of all Linux ports but these.
  if (process.platform !== 'linux' || /mips|ppc|sparc/.test(process.arch)) return undefined
  try {
    const koffi = (await import('koffi')).default
    const lib = koffi.load(null)
    return {
      socket: lib.func('int socket(int, int, int)'),
      bind: lib.func('int bind(int, const void *, unsigned int)'),
      setsockopt: lib.func('int setsockopt(int, int, int, const void *, unsigned int)'),
      getsockopt: lib.func('int getsockopt(int, int, int, void *, void *)'),
      close: lib.func('int close(int)'),
      recvfrom: lib.func('intptr_t recvfrom(int, uintptr_t, size_t, int, uintptr_t, uintptr_t)'),
      sendto: lib.func('intptr_t sendto(int, uintptr_t, size_t, int, uintptr_t, unsigned int)'),
      inet_pton: lib.func('int inet_pton(int, const char *, void *)'),
      mallopt: optional(() => lib.func('int mallopt(int, int)')),
      errno: () => koffi.errno(),
      addressOf: bytes => Number(koffi.address(bytes)),
    }
  } catch {
    return undefined // not installed, or no binary for this machine: everything works without, slower
  }
}

function optional<T>(find: () => T): T | undefined {
  try {
    return find()
  } catch {
    return undefined
  }
}

/** A UDP socket made through FFI. Until `fd` is handed to dgram, `abandon` closes it. */
export class NativeSocket {
  readonly fd: number
  readonly libc: Libc

  constructor(libc: Libc, family: Family) {
    this.libc = libc
    this.fd = libc.socket(family === 6 ? AF_INET6 : AF_INET, SOCK_DGRAM_CLOEXEC_NONBLOCK, 0)
    if (this.fd < 0) throw this.#failure('socket')
    if (family === 6) this.#set(IPPROTO_IPV6, IPV6_V6ONLY, 1)
  }

  abandon(): void {
    this.libc.close(this.fd)
  }

  shareAddress(): void {
    this.#set(SOL_SOCKET, SO_REUSEADDR, 1)
  }

  bind(to: NativeAddress): void {
    const address = sockaddr(this.libc, to)
    if (this.libc.bind(this.fd, address, address.length) !== 0) throw this.#failure('bind')
  }

  /** The system doubles what is asked for, and counts its own overhead against it. */
  askForBuffers(receiveBytes: number, sendBytes: number): void {
    if (!this.#set(SOL_SOCKET, SO_RCVBUFFORCE, receiveBytes)) this.#set(SOL_SOCKET, SO_RCVBUF, receiveBytes)
    if (!this.#set(SOL_SOCKET, SO_SNDBUFFORCE, sendBytes)) this.#set(SOL_SOCKET, SO_SNDBUF, sendBytes)
  }

  /** Only groups that this socket joined, not those that any other socket of the host did. */
  onlyOwnGroups(family: Family): void {
    if (family === 6) this.#set(IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0)
    else this.#set(IPPROTO_IP, IP_MULTICAST_ALL, 0)
  }

  /** From now on a send of more than `bytes` is cut into datagrams of that size; 0 ends it. */
  cutSends(bytes: number): boolean {
    return this.#set(SOL_UDP, UDP_SEGMENT, bytes)
  }

  /** From now on the socket hands up whole trains. */
  joinReceived(): boolean {
    return this.#set(SOL_UDP, UDP_GRO, 1)
  }

  /** Drops what comes from `sender` before it is copied to this process. */
  dropFrom(sender: NativeAddress): boolean {
    const program = filterOut(sender.family, binary(this.libc, sender), sender.port)
    const descriptor = new Uint8Array(16)
    const view = new DataView(descriptor.buffer)
    view.setUint16(0, program.length / 8, LITTLE)
    view.setBigUint64(8, BigInt(this.libc.addressOf(program)), LITTLE)
    return this.libc.setsockopt(this.fd, SOL_SOCKET, SO_ATTACH_FILTER, descriptor, descriptor.length) === 0
  }

  /** Arrivals that the system dropped at this socket since it was made: buffer full, or filtered out. */
  drops(): number {
    const words = new Uint32Array(MEMINFO_WORDS)
    const length = new Uint32Array([words.byteLength])
    const filled = new Uint8Array(words.buffer)
    const failed = this.libc.getsockopt(this.fd, SOL_SOCKET, SO_MEMINFO, filled, new Uint8Array(length.buffer))
    return failed ? 0 : words[MEMINFO_DROPS]
  }

  #set(level: number, name: number, value: number): boolean {
    const bytes = new Uint8Array(new Int32Array([value]).buffer)
    return this.libc.setsockopt(this.fd, level, name, bytes, bytes.length) === 0
  }

  #failure(syscall: string): Error {
    const errno = this.libc.errno()
    const code = getSystemErrorName(-errno)
    return Object.assign(new Error(`${syscall} ${code}`), { errno: -errno, code, syscall })
  }
}

const LITTLE = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** A socket address as the system has it. */
export function sockaddr(libc: Libc, to: NativeAddress): Uint8Array {
  const out = new Uint8Array(to.family === 6 ? 28 : 16)
  const view = new DataView(out.buffer)
  view.setUint16(0, to.family === 6 ? AF_INET6 : AF_INET, LITTLE)
  view.setUint16(2, to.port)
  out.set(binary(libc, to), to.family === 6 ? 8 : 4)
  if (to.family === 6) view.setUint32(24, to.scopeId, LITTLE)
  return out
}

function binary(libc: Libc, { family, address }: NativeAddress): Uint8Array {
  const bytes = new Uint8Array(family === 6 ? 16 : 4)
  libc.inet_pton(family === 6 ? AF_INET6 : AF_INET, address.replace(/%.*$/, ''), bytes)
  return bytes
}

/**
 * A classic BPF program: 0 bytes are kept of what has this source port and address, all of the rest. Offsets count
 * from the UDP header, those at NETWORK from the IP header.
 */
function filterOut(family: Family, bytes: Uint8Array, port: number): Uint8Array {
  const NETWORK = 0xfff00000
  const LOAD_U16 = 0x28
  const LOAD_U32 = 0x20
  const JUMP_EQUAL = 0x15
  const RETURN = 0x06
  const source = new DataView(bytes.buffer)
  const tests = [[LOAD_U16, 0, port]]
  for (let at = 0; at < bytes.length; at += 4) {
    tests.push([LOAD_U32, NETWORK + (family === 6 ? 8 : 12) + at, source.getUint32(at)])
  }
  const program = new Uint8Array((tests.length * 2 + 2) * 8)
  const view = new DataView(program.buffer)
  let at = 0
  const put = (code: number, otherwise: number, k: number) => {
    view.setUint16(at, code, LITTLE)
    program[at + 3] = otherwise
    view.setUint32(at + 4, k, LITTLE)
    at += 8
  }
  tests.forEach(([load, offset, value], i) => {
    put(load, 0, offset)
    put(JUMP_EQUAL, (tests.length - 1 - i) * 2 + 1, value)
  })
  put(RETURN, 0, 0)
  put(RETURN, 0, 0xffffffff)
  return program
}
