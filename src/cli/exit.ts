import { TuttiError } from 'tutti'

/** Exit codes: 0 done, 1 failed, 2 wrong usage. */
export const FAILED = 1
export const WRONG_USAGE = 2

const USAGE_CODES = ['ERR_TUTTI_OPTION', 'ERR_TUTTI_UNSUPPORTED']

/** Ends the process when nobody reads what it writes any more, as behind `| head`: for commands that leave nothing behind. */
export function endWithReader(): void {
  process.stdout.off('error', end).on('error', end)
}

const end = (error: Error): never => process.exit(report(error))

/** Says in one sentence on standard error what went wrong; returns the exit code. */
export function report(error: unknown): number {
  if (!(error instanceof Error)) throw error
  const code = (error as NodeJS.ErrnoException).code
  // Standard output was closed, as by `| head`: the reader has seen what it wanted.
  if (code === 'EPIPE') return FAILED
  process.stderr.write(`tutti: ${error.message}${code === undefined ? '' : ` (${code})`}\n`)
  return error instanceof TuttiError && USAGE_CODES.includes(error.code) ? WRONG_USAGE : FAILED
}
