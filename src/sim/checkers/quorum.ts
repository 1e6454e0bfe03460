/**
 * A majority of the voters, or exactly half of them with the most senior. Written anew, not taken from src/paxos: what
 * is judged must not be its own judge.
 * @param voters  in order of seniority
 */
export function isQuorum<T>(voters: readonly T[], present: (voter: T) => boolean): boolean {
  const count = voters.filter(present).length
  if (count * 2 === voters.length) return count > 0 && present(voters[0])
  return count * 2 > voters.length
}
