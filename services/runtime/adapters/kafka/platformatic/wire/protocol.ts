/** Protocol requests in the newest version that cluster and client support. */

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

/** @throws DependencyError when cluster and client have no version in common */
export const newestOf = (name: ApiName, ranges: readonly VersionRange[]): Api => {
  const range = ranges.find((one) => one.name === name)
  const function_ = name[0]?.toLowerCase() + name.slice(1)
  for (let version = range?.maxVersion ?? -1; range && version >= range.minVersion; version--) {
    const found = exported[`${function_}V${version}`]
    if (found) return found
  }
  throw new DependencyError(
    'kafka',
    `this Kafka supports no version of ${name} that the client knows; at least Kafka 2.4 is needed`,
  )
}

/** Sends a request and parses its response with `parse` instead of platformatic's parser. */
export const sendRaw = <Response>(
  connection: Connection,
  { api }: Api,
  request: () => Writer,
  parse: ResponseParser<Response>,
  /** First version whose headers have tagged fields. */
  flexibleFrom: number,
): Promise<Response> =>
  new Promise((resolve, reject) => {
    const isFlexible = api.version >= flexibleFrom
    connection.send<Response>(api.key, api.version, request, parse, isFlexible, isFlexible, (error, response) =>
      error ? reject(error) : resolve(response as Response),
    )
  })
