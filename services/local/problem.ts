/** Something the local stack needs is missing or in the way. The message says what and what to do. */
export class LocalProblem extends Error {
  override readonly name = 'LocalProblem'
}
