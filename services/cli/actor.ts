/** The author of a command's changes, for a connection's history. */
import { hostname, userInfo } from 'node:os'

/** `user@host`, or the numeric user id: a container may have no user name. */
export const actor = (): string => {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}@${hostname()}`
  }
}
