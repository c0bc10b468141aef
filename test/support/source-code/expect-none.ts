/**
 * Fails with what was found, a line each, and what to do about it.
 * @param found lines such as `path:line: reason`
 * @param remedy a sentence for the person who sees the failure
 */
export const expectNone = (found: readonly string[], remedy: string): void => {
  if (found.length === 0) return
  const error = new Error([...found, '', remedy].join('\n'))
  // The report points at the calling test.
  Error.captureStackTrace(error, expectNone)
  throw error
}
