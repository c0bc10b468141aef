/** Polls until a condition holds, at intervals of 1 ms growing to 20 ms. @throws Error with `what` after `timeoutMs` */
export const eventually = async (
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> => {
  const end = Date.now() + timeoutMs
  for (let pauseMs = 1; !(await holds()); pauseMs = Math.min(20, pauseMs * 2)) {
    if (Date.now() > end) throw new Error(`did not happen within ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}
