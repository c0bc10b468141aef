/** Histories by the stages themselves, and what is explained of them. */

import type { ConversationExplanation } from '../../../../services/tools/explain/explanation.ts'
import { topics } from '../../../../services/topology.ts'
import { keywordEntry, keywordList } from '../../../support/builders.ts'
import { account, chat, explain, referralEvent, textOf } from '../../../support/explain.ts'
import { type MemoryPipeline, openMemoryPipeline } from '../../../support/memory-pipeline.ts'

const lists = [keywordList({ version: 1, createdAt: 1, entries: [keywordEntry('pago', { flag: 'payment' })] })]

describe('a conversation under several ids', () => {
  it('is explained whole by each of them, and in the partitions of its ids alone', async () => {
    const pipeline = await openMemoryPipeline({ lists })
    const other = `${account}:MX.BSUID-1`
    await pipeline.event({ messageId: 'm1', text: 'hola' })
    await pipeline.event({ messageId: 'm2', conversationId: other, aliases: [chat], text: 'pago' })
    // An empty partition may be one that was added.
    for (let n = 0; n < 40; n++)
      await pipeline.event({ messageId: `n${n}`, conversationId: `${account}:${n}`, text: 'pago' })
    const ids = (found: ConversationExplanation) => found.messages.map(({ signals }) => signals.map(({ kind }) => kind))
    const asked: number[][] = []
    const broker = {
      ...pipeline.broker,
      offsetsAt: pipeline.broker.offsetsAt.bind(pipeline.broker),
      partitionOf: pipeline.broker.partitionOf.bind(pipeline.broker),
      timestamps: pipeline.broker.timestamps.bind(pipeline.broker),
      read: (topic: string, ranges: Parameters<typeof pipeline.broker.read>[1], take: () => void) => {
        if (topic === topics.messages.name) asked.push(ranges.map(({ partition }) => partition))
        return pipeline.broker.read(topic, ranges, take)
      },
    }
    expect(ids(await explain({ ...pipeline, broker } as MemoryPipeline))).toEqual([['conversation'], ['keyword']])
    expect(ids(await explain(pipeline, { conversationId: other }))).toEqual([['conversation'], ['keyword']])
    expect(asked.flat().length).toBeLessThanOrEqual(2)
  })

  it('is explained whole also while Redis has lost what attribution knew', async () => {
    const pipeline = await openMemoryPipeline({ lists })
    const other = `${account}:MX.BSUID-1`
    await pipeline.event({ messageId: 'm1', conversationId: other, aliases: [chat] })
    await pipeline.event({ messageId: 'm2', conversationId: other, text: 'pago' })
    const { DependencyError } = await import('../../../../services/runtime/ports.ts')
    const store = { read: () => Promise.reject(new DependencyError('redis', 'lost')) }
    const found = await explain({ ...pipeline, store } as unknown as MemoryPipeline)
    expect(found.messages.map(({ reason }) => reason)).toEqual([null, null])
    expect(found.aliases).toHaveLength(1)
  })
})

describe('the touches of a conversation', () => {
  it('are named with the reason for which one does not count: outside the window', async () => {
    const pipeline = await openMemoryPipeline()
    const weekAgo = pipeline.now() - 8 * 86_400_000
    await pipeline.event({
      ...referralEvent,
      occurredAt: weekAgo,
    })
    await pipeline.event({ messageId: 'm1' })
    const text = await textOf(pipeline)
    expect(text).toMatch(/starts the conversation; no touch counts, origin none/)
    expect(text).toMatch(/touch E\.C\.P\.1 of \S+ does not count: it is older than attributionWindowDays/)
  })

  it('are named with the reason for which one does not count: a late referral', async () => {
    const pipeline = await openMemoryPipeline()
    const before = pipeline.now()
    await pipeline.event({ messageId: 'm1' })
    await pipeline.event({
      ...referralEvent,
      occurredAt: before,
    })
    expect(await textOf(pipeline)).toMatch(
      /touch E\.C\.P\.1 of \S+ does not count: it came after the message was decided/,
    )
  })

  it('are none where the link is one of the business', async () => {
    const pipeline = await openMemoryPipeline()
    const text = 'see https://shop.example/?ttclid=E.C.P.7'
    await pipeline.event({ messageId: 'a1', direction: 'outbound', sender: 'agent', text })
    await pipeline.event({ messageId: 'm1' })
    expect(await textOf(pipeline)).toMatch(
      /carries tracking ID E\.C\.P\.7, which does not count: the business wrote it/,
    )
  })

  it('are named with where the tracking ID was found', async () => {
    const pipeline = await openMemoryPipeline()
    await pipeline.event({ messageId: 'm1', text: 'https://shop.example/?ttclid=E.C.P.7' })
    const text = await textOf(pipeline)
    expect(text).toMatch(/credited to E\.C\.P\.7, origin link/)
    expect(text).toMatch(/carries tracking ID E\.C\.P\.7 \(links ttclid\)/)
  })
})

describe('what waits', () => {
  it('is named with the end of its wait for a referral', async () => {
    const pipeline = await openMemoryPipeline()
    pipeline.connect({ attributionWaitSeconds: 60 })
    await pipeline.event({ messageId: 'm1' })
    expect(await textOf(pipeline)).toMatch(/no signal: attribution waits for a referral until 2026/)
    await pipeline.advance(61_000)
    expect(await textOf(pipeline)).toMatch(/signal conversation: waiting in dispatch/)
  })
})

describe('a window of time', () => {
  it('bounds the messages, and not what followed from them', async () => {
    const pipeline = await openMemoryPipeline({ lists })
    await pipeline.event({ messageId: 'm1' })
    const since = pipeline.now() + 1
    await pipeline.event({ messageId: 'm2', text: 'pago' })
    const until = pipeline.now() + 1
    await pipeline.advance(3 * 3_600_000)
    await pipeline.event({ messageId: 'm3', text: 'pago' })
    const found = await explain(pipeline, { since, until })
    expect(found.messages.map(({ signals }) => signals.map(({ kind, waitsIn }) => `${kind} ${waitsIn}`))).toEqual([
      ['keyword dispatch'],
    ])
  })
})
