/** Exit codes, and the errors that map to them. */
export const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3 } as const

/** The command was called with wrong arguments. The message names the remedy. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command refuses for safety, or because the state does not allow it. */
export class Refused extends Error {
  override readonly name = 'Refused'
}
