/** Who calls the command, for the history of a connection. */
import { hostname, userInfo } from 'node:os'

/** `user@host`; a container may have no name for its user. */
export const actor = (): string => {
  try {
    return `${userInfo().username}@${hostname()}`
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}@${hostname()}`
  }
}
