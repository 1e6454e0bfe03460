/**
 * A majority of the voters, or exactly half of them with the most senior one: any two quorums share a voter, which is
 * all that Paxos asks of them ("The Part-Time Parliament", 2.1, B2), and of 2 or 4 voters fewer are needed. Breaking
 * the tie by rank is from Jajodia and Mutchler, "Dynamic Voting Algorithms for Maintaining the Consistency of a
 * Replicated Database", 1990 (dynamic-linear voting).
 *
 * @param voters  distinct ids in order of seniority; no voters are never a quorum
 */
export function isQuorum(voters: readonly number[], present: (id: number) => boolean): boolean {
  let halves = 0
  for (const id of voters) if (present(id)) halves += 2
  // Half a vote more for the most senior one decides where the votes are even, and nothing where they are odd.
  if (voters.length > 0 && present(voters[0])) halves++
  return halves > voters.length
}
