/** Every error that tutti raises: a stable `code` for programs, a sentence that says what to do for people. */
export type ErrorCode =
  | 'ERR_TUTTI_OPTION' // an option has a wrong type, unit or range
  | 'ERR_TUTTI_UNSUPPORTED' // this release does not have the option or command
  | 'ERR_TUTTI_INTERFACE' // no such network interface or address
  | 'ERR_TUTTI_ADDRESS_IN_USE' // the port is taken by a process that does not share it
  | 'ERR_TUTTI_NO_ROUTE' // the network has no route for multicast
  | 'ERR_TUTTI_NETWORK' // any other failure of a socket
  | 'ERR_TUTTI_MESSAGE_SIZE' // a message over `limits.messageBytesMax`
  | 'ERR_TUTTI_NAME' // a live member of the group has that name
  | 'ERR_TUTTI_NOT_MEMBER' // the addressee is not in the view
  | 'ERR_TUTTI_LEFT' // this member has left, or is leaving
  | 'ERR_TUTTI_FATE_UNKNOWN' // taken over, and nobody can say any more whether it was delivered
  | 'ERR_TUTTI_EXCLUDED' // taken over, but the group went on without this member and this message
  | 'ERR_TUTTI_QUORUM' // a way out of a lost quorum, asked for where there is one
  | 'ERR_TUTTI_LEAVE_TIMEOUT' // leaving took longer than its bound
  | 'ERR_TUTTI_ABORTED' // the caller's signal
  | 'ERR_TUTTI_OVERFLOW' // a bounded queue is full
  | 'ERR_TUTTI_COMMAND' // `tutti pipe`: a line that is no command
  | 'ERR_TUTTI_LISTENER' // a listener of the application threw; see `cause`

export class TuttiError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'TuttiError'
    this.code = code
  }
}

/** An invariant of the program, checked in production too. Never for bytes from the wire: those are counted and dropped. */
export function invariant(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`tutti invariant broken: ${what}`)
}
