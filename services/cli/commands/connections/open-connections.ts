/** Opens the connections topic for a command, and prints the results of changes. */

import { type ConnectionDraft, ConnectionInvalid, parseDraft } from '../../../shared/connections/connection-file.ts'
import type { OpenConnections } from '../../../shared/connections/operations.ts'
import { ConnectionUnknown } from '../../../shared/connections/operations.ts'
import { redacted } from '../../../shared/connections/redacted.ts'
import { TransitionRefused } from '../../../shared/connections/status.ts'
import { openConnectionLog } from '../../../shared/connections/store.ts'
import { EventSetUnclear } from '../../../shared/connections/tiktok/event-sets.ts'
import type { ConnectionRecord } from '../../../shared/model/connection-record.ts'
import { NotJson, parseWrittenJson } from '../../../shared/text/written-json.ts'
import { actor } from '../../actor.ts'
import type { CliContext } from '../../context.ts'
import { Refused, UsageError } from '../../exit.ts'
import { print, printJson } from '../../output.ts'
import { waitUntilActive } from '../../wait-until-active.ts'

export interface ConnectionsOutput {
  json?: boolean
}

export const parsedJson = (text: string): unknown => {
  try {
    return parseWrittenJson(text)
  } catch (error) {
    if (error instanceof NotJson) throw new UsageError(`the connection file ${error.message}`)
    throw error
  }
}

/** @throws UsageError naming each field that is wrong */
export const draftIn = (text: string): ConnectionDraft => {
  const value = parsedJson(text)
  try {
    return parseDraft(value)
  } catch (error) {
    if (error instanceof ConnectionInvalid) throw new UsageError(error.message)
    throw error
  }
}

/** The author for the history. */
export const author = () => ({ via: 'cli', actor: actor() }) as const

/** Runs `work` on the opened topic, and turns errors that the caller can correct into usage errors. */
export const withOpenConnections = async <T>(
  context: CliContext,
  work: (connections: OpenConnections) => Promise<T>,
): Promise<T> => {
  const keyring = await context.keyring()
  const { directory, writer, close } = await openConnectionLog(context.broker(), await context.codec())
  try {
    return await work({ directory, writer, keyring })
  } catch (error) {
    if (error instanceof TransitionRefused) throw new Refused(error.message)
    const correctable = [ConnectionUnknown, ConnectionInvalid, EventSetUnclear]
    if (error instanceof Error && correctable.some((kind) => error instanceof kind)) throw new UsageError(error.message)
    throw error
  } finally {
    await close()
  }
}

/** Waits until the change is active in every stage, then prints the result. */
export const printOrJson = async (
  context: CliContext,
  record: ConnectionRecord,
  what: string,
  { json }: ConnectionsOutput,
  more: Readonly<Record<string, unknown>> = {},
) => {
  const behind = await waitUntilActive(context, 'connections')
  if (json) return printJson({ ...redacted(record), ...more, notYetInForce: behind })
  print(`${record.connectionId} ${what}${behind.length > 0 ? `; not yet active in: ${behind.join(', ')}` : ''}`)
}
