import { connectorHeaders } from '../../../../../services/shared/model/channel-event.ts'
import type { ConnectionRecord } from '../../../../../services/shared/model/connection-record.ts'
import { markOf } from '../../../../../services/shared/persons/suppressions.ts'
import { buildPipeline } from '../../../../../services/tools/replay/plan/build-pipeline.ts'
import { connectionRecord, consumedRecord, messageEvent, noon, replayRequest } from '../../../../support/builders.ts'
import { sources } from '../../../../support/deliveries.ts'
import { EmptyRedis } from '../../../../support/empty-redis.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'
import { openIngest } from '../../../../support/ingest-world.ts'

const hour = 3_600_000
const at = (hours: number) => noon + hours * hour

interface Case {
  readonly occurredAt: number
  readonly receivedAt: number
}

/** Decides one message of each case as a replay does. @returns ids of the reported messages' signals, and the outcomes */
const replayed = async (
  cases: readonly Case[],
  connection: Partial<ConnectionRecord>,
  fromFile = false,
  prepare = (_world: Awaited<ReturnType<typeof openIngest>>) => {},
) => {
  const world = await openIngest()
  prepare(world)
  const { codec, keyring, envelopes, directory, suppressions, connection: connected } = world
  directory.apply('acme-wa', { ...connected, ...connection })
  const file = fromFile ? { path: '/export.ndjson', bytes: 1, hash: '' } : null
  const { pipeline } = buildPipeline(replayRequest({ entry: 'raw', file }), {
    ...{ codec, keyring, envelopes, directory, suppressions, sources },
    redis: new EmptyRedis(),
    lists: [],
    ruleSets: [],
    clock: new FakeClock(at(24)),
    waitMs: 0,
    textWindowMs: 600_000,
  })
  const records = cases.map(({ occurredAt, receivedAt }, offset) => {
    const event = messageEvent({ conversationId: `c${offset}`, messageId: `m${offset}`, occurredAt })
    return consumedRecord({
      offset: BigInt(offset),
      value: Buffer.from(JSON.stringify(event)),
      ...(fromFile
        ? { partition: 255, headers: connectorHeaders(occurredAt), timestamp: occurredAt }
        : { timestamp: receivedAt }),
    })
  })
  const decided = [...(await pipeline.take(records)), ...(await pipeline.finish())]
  return { times: decided.map(({ signal }) => signal.occurredAt), decided, outcomes: pipeline.outcomes }
}

describe('a replay', () => {
  it('of raw deliveries, a file or later stages reports nothing of a forgotten person', async () => {
    const cases = [{ receivedAt: at(1), occurredAt: at(1) }]
    const forget = (world: Awaited<ReturnType<typeof openIngest>>) => {
      const { source, accountId } = messageEvent()
      const conversation = world.keyring.pseudonym('conversation', source, accountId, 'c0')
      const record = { source, connectionId: null, suppressedAt: noon, actor: 'ada' }
      world.suppressions.apply(markOf(conversation, world.keyring), record)
    }
    for (const fromFile of [false, true]) {
      const { times, outcomes } = await replayed(cases, { connectedAt: at(0), authorisedAt: at(0) }, fromFile, forget)
      expect([times, outcomes]).toEqual([[], { 'dropped suppressed': 1 }])
    }
  })

  it('reports nothing that was received before the consent, whenever it happened', async () => {
    const { times, outcomes, decided } = await replayed(
      [
        { receivedAt: at(-1), occurredAt: at(-2) },
        { receivedAt: at(-1), occurredAt: at(1) },
        { receivedAt: at(1), occurredAt: at(-1) },
        { receivedAt: at(2), occurredAt: at(2) },
      ],
      { connectedAt: at(0), authorisedAt: at(-48) },
    )
    expect(times).toEqual([at(-1), at(2)])
    expect(outcomes).toMatchObject({ 'dropped outside_consent': 2 })
    expect(decided.map(({ consent }) => consent)).toEqual([String(at(0)), String(at(0))])
  })

  it('of a file reports what happened since the authorisation, and not while the account was disconnected', async () => {
    const { source, accountId } = connectionRecord()
    const consent = {
      connectedAt: at(0),
      authorisedAt: at(-10),
      earlierConsents: [{ source, accountId, from: at(-8), to: at(-4) }],
    }
    const cases = [-12, -9, -6, -3, 1].map((hours) => ({ receivedAt: 0, occurredAt: at(hours) }))
    const { times, outcomes } = await replayed(cases, consent, true)
    expect(times).toEqual([at(-9), at(-6), at(1)])
    expect(outcomes).toMatchObject({ 'dropped outside_consent': 2 })
  })
})
