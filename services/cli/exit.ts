/** Exit codes, and the errors that lead to them. */
export const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3 } as const

/** The command was called wrongly; the message says how to call it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command could do it, but should not without being told so. */
export class Refused extends Error {
  override readonly name = 'Refused'
}
