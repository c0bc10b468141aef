/** The local stack cannot start. The message names the cause and the remedy. */
export class LocalProblem extends Error {
  override readonly name = 'LocalProblem'
}
