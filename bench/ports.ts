/** Distinct for programs that run at one time, and for the runs of one program: no packet of the run before is heard. */
let port = 20_000 + (process.pid % 200) * 200

/** A UDP port that no other run has. */
export function freePort(): number {
  return port++
}

/** A group, and with it a multicast address, of one run's own. */
export function freeGroup(): { readonly group: string; readonly port: number } {
  const port = freePort()
  return { group: `bench-${process.pid}-${port}`, port }
}
