/** The packets to harm: in the long run all of them, else so many, from the first to the last. */
export function some<T>(flights: readonly T[], max: number): readonly T[] {
  if (process.env.FULL || flights.length <= max) return flights
  const step = flights.length / max
  return Array.from({ length: max }, (_, i) => flights[Math.floor(i * step)])
}
