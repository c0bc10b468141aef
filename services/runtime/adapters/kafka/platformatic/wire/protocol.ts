/** Requests of the protocol in the newest version that both sides speak, by the functions that platformatic exports. */

import type { Connection, ResponseParser, Writer } from '@platformatic/kafka'
import * as platformatic from '@platformatic/kafka'
import { DependencyError } from '../../../../ports.ts'

export type ApiName =
  | 'CreateTopics'
  | 'Fetch'
  | 'FindCoordinator'
  | 'Heartbeat'
  | 'InitProducerId'
  | 'JoinGroup'
  | 'LeaveGroup'
  | 'ListOffsets'
  | 'OffsetCommit'
  | 'OffsetFetch'
  | 'Produce'
  | 'SyncGroup'

/** One version of one request. */
export interface Api {
  createRequest(...args: unknown[]): Writer
  parseResponse: ResponseParser<unknown>
  readonly api: {
    readonly key: number
    readonly version: number
    async(connection: Connection, ...args: unknown[]): Promise<unknown>
  }
}

export interface VersionRange {
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
}

const exported = platformatic as unknown as Readonly<Record<string, Api | undefined>>

/** @throws DependencyError where the cluster and this client have no version in common */
export const newestOf = (name: ApiName, ranges: readonly VersionRange[]): Api => {
  const range = ranges.find((one) => one.name === name)
  const function_ = name[0]?.toLowerCase() + name.slice(1)
  for (let version = range?.maxVersion ?? -1; range && version >= range.minVersion; version--) {
    const found = exported[`${function_}V${version}`]
    if (found) return found
  }
  throw new DependencyError(
    'kafka',
    `this Kafka speaks no version of ${name} that this client knows: Kafka 2.4 is the oldest`,
  )
}

/** Sends a request whose answer is read by `parse` instead of platformatic's own parser. */
export const sendRaw = <Answer>(
  connection: Connection,
  { api }: Api,
  request: () => Writer,
  parse: ResponseParser<Answer>,
  /** From this version on, the request's and the answer's headers have tagged fields. */
  flexibleFrom: number,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const isFlexible = api.version >= flexibleFrom
    connection.send<Answer>(api.key, api.version, request, parse, isFlexible, isFlexible, (error, answer) =>
      error ? reject(error) : resolve(answer as Answer),
    )
  })
