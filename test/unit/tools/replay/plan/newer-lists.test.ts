import type { KeywordListRecord } from '../../../../../services/shared/model/keyword-list.ts'
import { buildPipeline } from '../../../../../services/tools/replay/plan/build-pipeline.ts'
import type { ListPin } from '../../../../../services/tools/replay/plan/list-versions.ts'
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

const minute = 60_000
const list = (version: number, createdAt: number, ...keywords: string[]): KeywordListRecord =>
  keywordList({ version, createdAt, entries: keywords.map((keyword) => keywordEntry(keyword)) })
const records = [list(1, noon - minute, 'pago'), list(2, noon + 5 * minute, 'pago', 'listo')]

/** Replays a message a minute from noon on. @returns what the lists of now would add, and the keyword signals that were found */
const replayed = async (texts: readonly string[], lists: ListPin) => {
  const { codec, keyring, envelopes, directory, connection } = await openIngest()
  directory.apply('acme-wa', { ...connection, connectedAt: 1 })
  const { pipeline } = buildPipeline(replayRequest({ entry: 'raw', lists }), {
    ...{ codec, keyring, envelopes, directory, sources },
    redis: new EmptyRedis(),
    lists: records,
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
  return { newer: pipeline.foundByNewerLists, keywords }
}

describe('a replay by lists that are not in force any more', () => {
  it('counts what the lists of now would find more, without reporting it', async () => {
    const texts = ['listo', 'pago', 'listo y pago', 'hola']
    expect(await replayed(texts, { kind: 'then' })).toEqual({ newer: 1, keywords: 2 })
    expect(await replayed(texts, { kind: 'version', listId: null, version: 1 })).toEqual({ newer: 1, keywords: 2 })
  })

  it('counts nothing where the lists that were used are in force', async () => {
    expect(await replayed(['listo'], { kind: 'at', time: noon + 60 * minute })).toEqual({ newer: null, keywords: 1 })
    expect(await replayed(['listo'], { kind: 'version', listId: null, version: 2 })).toEqual({
      newer: null,
      keywords: 1,
    })
  })
})
