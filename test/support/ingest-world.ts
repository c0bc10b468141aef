/** Ingest on in-memory stores, and records as the gateway and connectors write them. */

import { BadRecord } from '../../services/failures.ts'
import { claimsIn } from '../../services/ingest/claims/claims.ts'
import { contactOverlay } from '../../services/ingest/contacts/contact-threads.ts'
import { crossSourceSpanHours } from '../../services/ingest/copies/cross-source-dedup.ts'
import { ingest } from '../../services/ingest/stage.ts'
import type { Outcome } from '../../services/runtime/batch/outcome.ts'
import type { Envelopes } from '../../services/runtime/keys/envelopes.ts'
import type { Keyring } from '../../services/runtime/keys/keyring.ts'
import type { ConsumedRecord } from '../../services/runtime/ports.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { envelopePairOf } from '../../services/shared/connections/connection.ts'
import { ConnectionDirectory } from '../../services/shared/connections/directory.ts'
import { Withdrawals } from '../../services/shared/connections/requests/withdrawals.ts'
import { encodeChannelEvent } from '../../services/shared/model/channel-event.ts'
import type { ConnectionRecord, ConnectionRequest } from '../../services/shared/model/connection-record.ts'
import type { MessageEvent } from '../../services/shared/model/message-event.ts'
import type { Message } from '../../services/shared/model/topic-values.ts'
import { Suppressions } from '../../services/shared/persons/suppressions.ts'
import { DeliveryUnreadable, type Source } from '../../services/shared/sources/source.ts'
import { connectionRecord, consumedRecord, messageEvent, noon, testEnvelopes, testKeyring } from './builders.ts'
import { sources as shipped } from './deliveries.ts'
import { MemoryHourBuckets } from './memory-hour-buckets.ts'
import { MemoryRegistry } from './memory-registry.ts'

/** A source whose body is the mapping's result. */
const echo = {
  name: 'echo',
  map: ({ body }: { body: Buffer }) => {
    if (body.toString() === 'nonsense') throw new DeliveryUnreadable('the body is no JSON')
    return JSON.parse(body.toString())
  },
} as unknown as Source

/** @param shared keys of the gateway whose records it reads */
export const openIngest = async (shared?: { readonly keyring: Keyring; readonly envelopes: Envelopes }) => {
  const requests: ConnectionRequest[] = []
  const keyring = shared?.keyring ?? (await testKeyring())
  const codec = await Codec.open(new MemoryRegistry(), undefined, undefined, ['channel-events.ingest.dead.v1'])
  const directory = new ConnectionDirectory()
  const dedup = new MemoryHourBuckets()
  const crossSource = new MemoryHourBuckets({ hours: crossSourceSpanHours })
  const envelopes = shared?.envelopes ?? testEnvelopes(keyring, (id) => directory.byId(id))
  const dataKey = keyring.newDataKey('acme-wa')
  const connection = connectionRecord({ dataKey, ...envelopePairOf({ connectionId: 'acme-wa' }, keyring) })
  directory.apply('acme-wa', connection)
  const sources = { get: (name: string) => (name === 'echo' ? echo : shipped.get(name)), names: () => ['echo'] }
  const suppressions = new Suppressions(keyring)
  const stage = ingest({
    sources,
    directory,
    claims: claimsIn({ event: dedup, crossSource }),
    contacts: contactOverlay({ find: async (contacts) => contacts.map(() => null) }),
    codec,
    keyring,
    envelopes,
    withdrawals: new Withdrawals(directory, async (request) => void requests.push(request)),
    suppressions,
  })

  let offset = 0n
  const recordOf = (fields: Partial<ConsumedRecord>) => consumedRecord({ offset: offset++, ...fields })
  const eventRecord = (fields: Partial<MessageEvent> = {}) =>
    recordOf({ value: Buffer.from(JSON.stringify(messageEvent(fields))) })
  /** @param connectionId under whose key the gateway seals it */
  const delivery = (
    body: object | string,
    headers: Record<string, string> = {},
    source = 'echo',
    connectionId: string | null = null,
  ) => {
    const bytes = typeof body === 'string' ? body : JSON.stringify(body)
    const event = {
      source: headers.source ?? source,
      account: headers.account ?? null,
      contentType: 'application/json',
      receivedAt: noon + 5,
      traceparent: undefined,
    }
    const encoded = encodeChannelEvent(event, null, bytes, connectionId, envelopes)
    return recordOf({ value: encoded.value, headers: { ...encoded.headers, ...headers } })
  }
  const connect = (fields: Partial<ConnectionRecord> & { readonly connectionId: string }) =>
    directory.apply(fields.connectionId, { ...connection, dataKey: keyring.newDataKey(fields.connectionId), ...fields })
  const decide = async (...records: ConsumedRecord[]) => {
    const inputs = records.map((record) => ({ value: stage.decode(record), record, attempt: 1 }))
    const state = await stage.load(inputs, noon)
    return stage.decide(inputs, { state, now: noon })
  }
  const run = async (...records: ConsumedRecord[]): Promise<Outcome[][]> =>
    (await decide(...records)).outcomes as Outcome[][]
  const failureOf = (record: ConsumedRecord) => {
    try {
      stage.decode(record)
    } catch (error) {
      if (error instanceof BadRecord) return error.failure
      throw error
    }
    return null
  }
  return {
    suppressions,
    requests,
    connect,
    keyring,
    envelopes,
    stage,
    codec,
    directory,
    dedup,
    crossSource,
    connection,
    dataKey,
    recordOf,
    eventRecord,
    delivery,
    decide,
    run,
    failureOf,
  }
}

export const messages = (outcomes: Outcome[][]): Message[] =>
  outcomes
    .flat()
    .flatMap((outcome) => (outcome.kind === 'forwarded' ? outcome.records : []))
    .map(({ value }) => value as Message)
export const labels = (outcomes: Outcome[][]) =>
  outcomes.flat().map((outcome) => (outcome.kind === 'dropped' ? outcome.reason : outcome.kind))
