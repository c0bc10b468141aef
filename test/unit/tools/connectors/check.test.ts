import {
  type ConnectorCheck,
  ConnectorChecker,
  type WrittenEvent,
} from '../../../../services/tools/connectors/check.ts'
import { lastRecords } from '../../../../services/tools/connectors/last-records.ts'
import { messageEvent, noon } from '../../../support/builders.ts'
import { MemoryCluster } from '../../../support/memory-broker.ts'

const event = (fields: object = {}) => ({ ...messageEvent(), ...fields })
const account = messageEvent().accountId
const referral = { source: 'tiktok_ad', ref: null, adId: null, advertiserId: null, clickId: 'E.C.P.1', url: null }

const checked = (
  events: readonly Partial<WrittenEvent>[],
  has: ((source: string, id: string) => boolean) | null = null,
): ConnectorCheck => {
  const checker = new ConnectorChecker(has)
  events.forEach((one, at) => {
    checker.add({ place: `line ${at + 1}`, value: undefined, ...one })
  })
  return checker.result()
}

describe('the check of a connector', () => {
  it('finds nothing wrong with a referral and the message that follows', () => {
    const events = [
      {
        value: event({
          messageId: 'r',
          kind: 'referral',
          text: null,
          textOrigin: null,
          referral,
          occurredAt: noon - 1,
        }),
      },
      { value: event() },
    ]
    expect(checked(events, () => true)).toEqual({
      ...{ events: 2, accounts: 1, conversations: 1, starts: 1, withReferral: 1 },
      problems: [],
    })
  })

  it.each<[string, readonly Partial<WrittenEvent>[], 'error' | 'warning', RegExp, string]>([
    ['bytes of no known form', [{}], 'error', /neither JSON nor Avro/, 'line 1'],
    [
      'seconds for milliseconds',
      [{ value: event({ occurredAt: noon / 1000 }) }],
      'error',
      /^occurredAt: looks like seconds/,
      'line 1',
    ],
    ['an unknown field', [{ value: event({ colour: 'red' }) }], 'warning', /does not know are ignored/, 'line 1'],
    ['a text of nobody', [{ value: event({ textOrigin: null }) }], 'warning', /without textOrigin/, 'line 1'],
    ['a long text', [{ value: event({ text: 'x'.repeat(16_385) }) }], 'warning', /is cut/, 'line 1'],
    [
      'an empty referral event',
      [{ value: event({ kind: 'referral' }) }, { value: event({ messageId: '2' }) }],
      'warning',
      /joins ids only/,
      'line 1',
    ],
    [
      'a key of the conversation',
      [{ value: event(), key: 'conversation' }],
      'warning',
      /key is not accountId/,
      'line 1',
    ],
    ['no key', [{ value: event(), key: null }], 'warning', /key is not accountId/, 'line 1'],
    [
      'another partitioner',
      [{ value: event(), key: account, partition: 1, expectedPartition: 2 }],
      'warning',
      /murmur2/,
      'line 1',
    ],
    [
      'one id for two messages',
      [{ value: event() }, { value: event({ text: 'another' }) }],
      'error',
      /only the first counts/,
      'line 2',
    ],
    [
      'a referral behind its message',
      [{ value: event() }, { value: event({ messageId: 'r', kind: 'referral', referral, occurredAt: noon - 1 }) }],
      'error',
      /credited to no ad/,
      'line 2',
    ],
    [
      'an account of which nothing counts',
      [{ value: event({ direction: 'outbound' }) }],
      'warning',
      /nothing of it is ever reported/,
      'line 1',
    ],
    ['history only', [{ value: event({ backfill: true }) }], 'warning', /nothing of it is ever reported/, 'line 1'],
  ])('finds %s', (_name, events, verdict, what, first) => {
    const { problems } = checked(events)
    expect(problems).toEqual([expect.objectContaining({ verdict, what: expect.stringMatching(what), first, count: 1 })])
  })

  it.each([
    ['in the future', 300_001, [/over 5 minutes ahead/]],
    ['a little ahead', 300_000, []],
    ['of 28 days ago', -28 * 86_400_000, []],
    ['older than a signal may be', -28 * 86_400_000 - 1, [/its signal expires/]],
  ])('compares the time of an event with that of its record: %s', (_which, ahead, problems) => {
    const found = checked([{ value: event({ occurredAt: noon + ahead }), writtenAt: noon }]).problems
    expect(found.map(({ what }) => what)).toEqual(problems.map((what) => expect.stringMatching(what)))
  })

  it('says of a record that ingest refuses what its dead letter says', () => {
    const refusal = { what: 'schema_incomplete: lacks referral', remedy: 'use the whole schema' }
    expect(checked([{ refusal }]).problems).toEqual([expect.objectContaining({ verdict: 'error', ...refusal })])
  })

  it('names 20 accounts without a connection, and counts the others together', () => {
    const events = Array.from({ length: 30 }, (_, n) => ({ value: event({ accountId: `shop-${n}` }) }))
    const { problems } = checked(events, () => false)
    expect(problems).toHaveLength(21)
    expect(problems[0]).toMatchObject({ what: 'further accounts have no connection: dropped', count: 10 })
  })

  it('finds an account without a connection, and nothing else of it', () => {
    const { problems } = checked([{ value: event({ direction: 'outbound' }) }], () => false)
    expect(problems.map(({ what }) => what)).toEqual([
      `account ${account} of ${messageEvent().source} has no connection: dropped`,
    ])
  })

  it('takes the same event twice for one, and counts each kind of problem', () => {
    const { problems } = checked([
      { value: event() },
      { value: event() },
      {},
      {},
      { value: event({ kind: 'deletion', colour: 1 }) },
    ])
    expect(problems.map(({ what, count }) => [what, count])).toEqual([
      ['neither JSON nor Avro of the registry', 2],
      ['fields that the contract does not know are ignored', 1],
    ])
  })

  it('names no value of an event', () => {
    const secret = 'planted-word'
    const wild = event({
      conversationId: '',
      channel: secret,
      text: 7,
      sender: secret,
      [secret]: secret,
      messageId: secret,
    })
    expect(
      JSON.stringify(
        checked([
          { value: wild, key: secret },
          { value: event({ text: secret, messageId: secret, [secret]: 1 }), key: secret },
        ]),
      ),
    ).not.toContain(secret)
  })
})

describe('the last records of a topic', () => {
  it('are the newest of each partition, in order of time', async () => {
    const broker = new MemoryCluster().open()
    await broker.createTopics([{ name: 't', partitions: 2, config: {} }])
    const producer = await broker.producer()
    for (let n = 0; n < 20; n++)
      await producer.send([{ topic: 't', key: `k${n}`, value: Buffer.from(String(n)), partition: n % 2 }])
    const { records } = await lastRecords(broker, 't', 6)
    const times = records.map(({ timestamp }) => timestamp)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(records.length).toBe(6)
    expect(records.some(({ value }) => value?.toString() === '19')).toBe(true)
  })
})
