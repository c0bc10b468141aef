import type { KeywordListRecord } from '../../../../../services/shared/model/keyword-list.ts'
import { buildPipeline } from '../../../../../services/tools/replay/plan/build-pipeline.ts'
import type { ListPin } from '../../../../../services/tools/replay/plan/pinned-versions.ts'
import {
  consumedRecord,
  keywordEntry,
  keywordList,
  messageEvent,
  noon,
  replayRequest,
} from '../../../../support/builders.ts'
import { sources } from '../../../../support/deliveries.ts'
import { EmptyRedis } from '../../../../support/empty-redis.ts'
import { FakeClock } from '../../../../support/fake-clock.ts'
import { openIngest } from '../../../../support/ingest-world.ts'
import { condition, rule, ruleSet } from '../../../../support/rules.ts'

const minute = 60_000
const list = (version: number, createdAt: number, ...keywords: string[]): KeywordListRecord =>
  keywordList({ version, createdAt, entries: keywords.map((keyword) => keywordEntry(keyword)) })
const sets = [
  ruleSet({
    createdAt: noon - minute,
    rules: [rule({ event: 'First', when: condition({ inboundMessages: 1 }) })],
  }),
  ruleSet({
    version: 2,
    createdAt: noon + 5 * minute,
    rules: [
      rule({ event: 'First', when: condition({ inboundMessages: 1 }) }),
      rule({ event: 'Third', when: condition({ inboundMessages: 3 }), count: 'once_per_conversation' }),
    ],
  }),
]
const records = [list(1, noon - minute, 'pago'), list(2, noon + 5 * minute, 'pago', 'listo')]

/** Replays a message a minute from noon on. @returns what the lists and rules of now would add, and the keyword and outcome signals found */
const replayed = async (texts: readonly string[], lists: ListPin, ruleSets: ListPin = { kind: 'then' }) => {
  const { codec, keyring, envelopes, directory, connection } = await openIngest()
  directory.apply('acme-wa', { ...connection, connectedAt: 1 })
  const { pipeline } = buildPipeline(replayRequest({ entry: 'raw', lists, ruleSets }), {
    ...{ codec, keyring, envelopes, directory, sources },
    redis: new EmptyRedis(),
    lists: records,
    ruleSets: sets,
    countUpTo: () => 3,
    clock: new FakeClock(noon + 60 * minute),
    waitMs: 0,
    textWindowMs: 600_000,
  })
  const found = await pipeline.take(
    texts.map((text, at) => {
      const event = messageEvent({ messageId: `m${at}`, text, occurredAt: noon + at * minute })
      return consumedRecord({
        offset: BigInt(at),
        value: Buffer.from(JSON.stringify(event)),
        timestamp: noon + at * minute,
      })
    }),
  )
  const decided = [...found, ...(await pipeline.finish())]
  const keywords = decided.filter(({ signal }) => signal.kind === 'keyword').length
  const outcomes = decided.filter(({ signal }) => signal.kind === 'outcome').map(({ signal }) => signal.event)
  return { newer: pipeline.foundByNewerLists, keywords, newerRules: pipeline.foundByNewerRules, outcomes }
}

describe('a replay by lists that are not in force any more', () => {
  it('counts what the lists of now would find more, without reporting it', async () => {
    const texts = ['listo', 'pago', 'listo y pago', 'hola']
    expect(await replayed(texts, { kind: 'then' })).toMatchObject({ newer: 1, keywords: 2 })
    expect(await replayed(texts, { kind: 'version', listId: null, version: 1 })).toMatchObject({
      newer: 1,
      keywords: 2,
    })
  })

  it('counts nothing where the lists that were used are in force', async () => {
    expect(await replayed(['listo'], { kind: 'at', time: noon + 60 * minute })).toMatchObject({
      newer: null,
      keywords: 1,
    })
    expect(await replayed(['listo'], { kind: 'version', listId: null, version: 2 })).toMatchObject({
      newer: null,
      keywords: 1,
    })
  })
})

describe('a replay by rule sets that are not in force any more', () => {
  const texts = ['hola', 'hola', 'hola', 'hola']
  const now: ListPin = { kind: 'at', time: noon + 60 * minute }

  it('counts what the sets of now would find more, without reporting it', async () => {
    expect(await replayed(texts, now)).toMatchObject({ newerRules: 1, outcomes: ['First'] })
    const pinned: ListPin = { kind: 'version', listId: 'default', version: 1 }
    expect(await replayed(texts, now, pinned)).toMatchObject({ newerRules: 1, outcomes: ['First'] })
  })

  it('counts nothing where the sets that were used are in force', async () => {
    expect(await replayed(texts, now, now)).toMatchObject({ newerRules: null, outcomes: ['First', 'Third'] })
  })
})
