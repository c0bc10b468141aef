import { Codec } from '../../../services/runtime/codec.ts'
import { BadRecord } from '../../../services/runtime/failures.ts'
import { Health } from '../../../services/runtime/health.ts'
import { createLog } from '../../../services/runtime/log.ts'
import { createLoop } from '../../../services/runtime/loop.ts'
import { Metrics } from '../../../services/runtime/metrics.ts'
import { deadLetter, defer, drop, forward, type Outcome, park } from '../../../services/runtime/outcome.ts'
import { DependencyError, type ProducerRecord, RecordTooLarge } from '../../../services/runtime/ports.ts'
import type { Stage } from '../../../services/runtime/stage.ts'
import { consumedRecord, noon, recordBatch, signal, testKeyring } from '../../support/builders.ts'
import { MemoryRegistry } from '../../support/memory-registry.ts'

/** A stage on strings: what each text means is said by the test. */
const textStage = (
  outcomes: (text: string) => Outcome | readonly Outcome[],
  saved: string[] = [],
): Stage<string, undefined, string> => ({
  name: 'dispatch',
  decode: ({ value }) => {
    const text = String(value)
    if (text === 'garbage') throw new BadRecord('bytes_invalid', 'garbage')
    return text
  },
  load: async () => undefined,
  decide: (batch) => ({
    outcomes: batch.map(({ value }) => outcomes(value)),
    changes: batch.map(({ value }) => value),
  }),
  save: async (changes) => void saved.push(...changes),
})

const texts = (...values: string[]) =>
  recordBatch(
    values.map((value, n) =>
      consumedRecord({
        topic: 'signals.v1',
        offset: BigInt(n),
        key: `key-${value}`,
        value: Buffer.from(value),
        headers: { 'received-at': String(noon - 1000), traceparent: '00-t-s-01' },
      }),
    ),
  )

const world = async () => {
  const sent: ProducerRecord[][] = []
  const troubles: Error[] = []
  const slept: number[] = []
  const keyring = await testKeyring()
  const codec = await Codec.open(new MemoryRegistry(), Date, ['deliveries', 'signals'], ['signals.dispatch.dead.v1'])
  const health = new Health({ now: () => noon })
  const tools = {
    producer: {
      send: async (records: readonly ProducerRecord[]) => {
        const trouble = troubles.shift()
        if (trouble) throw trouble
        sent.push([...records])
      },
      close: async () => {},
    },
    codec,
    keyring,
    clock: { now: () => noon, sleep: async (ms: number) => void slept.push(ms) },
    metrics: new Metrics('test'),
    log: createLog('test', 'fatal'),
    health,
  }
  return { sent, troubles, slept, tools, codec, keyring, health }
}

const signals = (...ids: string[]) =>
  forward(...ids.map((id) => ({ topic: 'signals' as const, key: 'c', value: signal({ signalId: id }) })))

describe('the loop', () => {
  it('publishes what is forwarded in order, with its trace, then saves', async () => {
    const { sent, tools, codec } = await world()
    const saved: string[] = []
    const loop = createLoop(
      textStage((text) => signals(text, `${text}2`), saved),
      tools,
    )
    expect(await loop(texts('a', 'b'))).toEqual({ processed: 2, pauseMs: 0 })
    expect(sent.flat().map(({ value }) => codec.decode('signals', { value }).signalId)).toEqual(['a', 'a2', 'b', 'b2'])
    expect(sent[0]?.[0]).toMatchObject({
      topic: 'signals.v1',
      key: 'c',
      headers: { traceparent: '00-t-s-01' },
    })
    expect(saved).toEqual(['a', 'b'])
  })

  it('settles the parts of one record each by itself', async () => {
    const { sent, tools } = await world()
    const loop = createLoop(
      textStage(() => [signals('x'), drop('not_ours'), deadLetter('item_unmappable', 'rule person')]),
      tools,
    )
    await loop(texts('delivery'))
    expect(sent.flat().map(({ topic }) => topic)).toEqual(['signals.v1', 'signals.dispatch.dead.v1'])
    expect(await tools.metrics.render()).toMatch(
      /signals_outcomes_total\{outcome="dropped",reason="not_ours",stage="test"\} 1/,
    )
  })

  it('moves on past a batch that drops everything', async () => {
    const { sent, tools } = await world()
    expect(
      await createLoop(
        textStage(() => drop('quiet')),
        tools,
      )(texts('a', 'b')),
    ).toEqual({ processed: 2, pauseMs: 0 })
    expect(sent.flat()).toEqual([])
  })

  it.each([
    ['garbage', 'first'],
    ['first', 'garbage', 'last'],
    ['first', 'garbage'],
  ])('makes a bad record a dead letter wherever it stands, its neighbours go on: %s %s %s', async (...values) => {
    const { sent, tools } = await world()
    const batch = texts(...values.filter((value) => value !== undefined))
    await createLoop(
      textStage((text) => signals(text)),
      tools,
    )(batch)
    const byTopic = Map.groupBy(sent.flat(), ({ topic }) => topic)
    expect(byTopic.get('signals.v1')).toHaveLength(batch.records.length - 1)
    expect(byTopic.get('signals.dispatch.dead.v1')).toHaveLength(1)
  })

  it('keeps everything of a dead letter: origin, reason, and the record itself, sealed', async () => {
    const { sent, tools, codec, keyring } = await world()
    await createLoop(
      textStage(() => drop('x')),
      tools,
    )(texts('first', 'garbage'))
    const [letter] = sent.flat() as [ProducerRecord]
    const { original, ...rest } = codec.decodeDeadLetter(letter.value)
    expect(rest).toEqual({
      stage: 'dispatch',
      code: 'bytes_invalid',
      detail: 'garbage',
      attempt: 1,
      failedAt: noon,
      topic: 'signals.v1',
      partition: 0,
      offset: 1,
      timestamp: noon,
      keyId: 'source/dead-letters',
    })
    expect(letter.headers).toEqual({
      stage: 'dispatch',
      code: 'bytes_invalid',
      origin: 'signals.v1/0/1',
      attempt: '1',
      traceparent: '00-t-s-01',
      'received-at': String(noon - 1000),
    })
    expect(letter.key).toBe(keyring.pseudonym('record-key', 'key-garbage'))
    const opened = codec.decodeOriginal(keyring.sourceKey('dead-letters').open(original))
    expect({ ...opened, headers: { ...opened.headers } }).toEqual({
      key: 'key-garbage',
      headers: { traceparent: '00-t-s-01', 'received-at': String(noon - 1000) },
      value: Buffer.from('garbage'),
    })
    expect(original.includes('garbage')).toBe(false)
  })

  it('defers and parks a record as it came, one attempt older when deferred', async () => {
    const { sent, tools } = await world()
    const loop = createLoop(
      textStage((text) => (text === 'wait' ? defer('10s', 'throttled') : park('paused'))),
      tools,
    )
    await loop(texts('wait', 'stay'))
    expect(sent.flat()).toEqual([
      expect.objectContaining({
        topic: 'signals.dispatch.later-10s.v1',
        key: 'key-wait',
        value: Buffer.from('wait'),
        headers: expect.objectContaining({ attempt: '2' }),
      }),
      expect.objectContaining({
        topic: 'signals.dispatch.parked.v1',
        key: 'key-stay',
        headers: expect.objectContaining({ attempt: '1', reason: 'paused' }),
      }),
    ])
  })

  it('tries again when a dependency fails, slower each time, with nothing dead-lettered or saved twice', async () => {
    const { sent, troubles, slept, tools, health } = await world()
    const saved: string[] = []
    troubles.push(new DependencyError('kafka', 'away'), new DependencyError('kafka', 'away'))
    await createLoop(
      textStage((text) => signals(text), saved),
      tools,
    )(texts('a'))
    expect(slept).toEqual([100, 200])
    expect(sent).toHaveLength(1)
    expect(saved).toEqual(['a'])
    expect(health.report().state).toBe('running')
  })

  it('gives the same bytes when it decides again', async () => {
    const { sent, tools } = await world()
    const loop = createLoop(
      textStage((text) => signals(text)),
      tools,
    )
    await loop(texts('a', 'b'))
    await loop(texts('a', 'b'))
    expect(sent[1]).toEqual(sent[0])
  })

  it('ends on a bug, with nothing published', async () => {
    const { sent, tools } = await world()
    const loop = createLoop(
      textStage(() => {
        throw new TypeError('a bug')
      }),
      tools,
    )
    await expect(loop(texts('a'))).rejects.toThrow(TypeError)
    expect(sent).toEqual([])
  })

  it('makes a result that is too large for the broker a dead letter; the rest is sent', async () => {
    const { sent, troubles, tools } = await world()
    troubles.push(new RecordTooLarge(1, 2, 1))
    await createLoop(
      textStage((text) => signals(text)),
      tools,
    )(texts('a', 'large', 'b'))
    expect(sent.flat().map(({ topic, headers }) => headers?.code ?? topic)).toEqual([
      'signals.v1',
      'too_large',
      'signals.v1',
    ])
  })

  it('makes only the item a dead letter whose result is too large, not its neighbours in the same delivery', async () => {
    const { sent, troubles, tools } = await world()
    troubles.push(new RecordTooLarge(1, 2, 1))
    await createLoop(
      textStage(() => [signals('x'), signals('large'), drop('not_ours'), signals('y')]),
      tools,
    )(texts('delivery'))
    expect(sent.flat().map(({ topic, headers }) => headers?.code ?? topic)).toEqual([
      'signals.v1',
      'too_large',
      'signals.v1',
    ])
  })

  it('ends when even the dead letter is too large, instead of trying for ever', async () => {
    const { troubles, tools } = await world()
    troubles.push(new RecordTooLarge(0, 2, 1), new RecordTooLarge(0, 2, 1))
    await expect(
      createLoop(
        textStage((text) => signals(text)),
        tools,
      )(texts('a')),
    ).rejects.toThrow(/larger than its topic/)
  })

  it('stops at the limit on dead letters before any of the batch is published', async () => {
    const { sent, tools } = await world()
    const loop = createLoop(
      textStage(() => deadLetter('event_invalid', 'x')),
      {
        ...tools,
        limits: { run: 3, ratio: 0.5, window: 100 },
      },
    )
    await expect(loop(texts('a', 'b', 'c'))).rejects.toThrow(/limit reached/)
    expect(sent).toEqual([])
  })

  it('leaves a batch uncommitted when the consumer drains', async () => {
    const { tools, troubles } = await world()
    const draining = new AbortController()
    troubles.push(new DependencyError('kafka', 'away'))
    const loop = createLoop(
      textStage((text) => signals(text)),
      {
        ...tools,
        clock: { now: () => noon, sleep: async () => draining.abort() },
      },
    )
    expect(await loop({ ...texts('a'), signal: draining.signal })).toEqual({ processed: 0, pauseMs: 0 })
  })

  it('commits the slices that were settled before the consumer drained', async () => {
    const { tools, sent } = await world()
    const draining = new AbortController()
    const loop = createLoop(
      textStage((text) => {
        if (text === 'b') draining.abort()
        return signals(text)
      }),
      { ...tools, sliceRecords: 2 },
    )
    expect(await loop({ ...texts('a', 'b', 'c', 'd'), signal: draining.signal })).toEqual({ processed: 2, pauseMs: 0 })
    expect(sent).toHaveLength(1)
  })
})
