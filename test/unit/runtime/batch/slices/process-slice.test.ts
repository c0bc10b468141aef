import { createLoop } from '../../../../../services/runtime/batch/loop.ts'
import { deadLetter, defer, drop, park } from '../../../../../services/runtime/batch/outcome.ts'
import { type ProducerRecord, RecordTooLarge } from '../../../../../services/runtime/ports.ts'
import { noon } from '../../../../support/builders.ts'

import { signals, textStage, texts, world } from '../../../../support/loop-world.ts'

/** Through the loop, the only caller. */
describe('processing a slice', () => {
  it('publishes what is forwarded in order, with its trace, then saves', async () => {
    const { sent, tools, codec } = await world()
    const saved: string[] = []
    const loop = createLoop(
      textStage((text) => signals(text, `${text}2`), saved),
      tools,
    )
    expect(await loop(texts('a', 'b'))).toEqual({ processed: 2, pauseMs: 0, mustCommit: false })
    expect(sent.flat().map(({ value }) => codec.decode('signals', { value }).signalId)).toEqual(['a', 'a2', 'b', 'b2'])
    expect(sent[0]?.[0]).toMatchObject({
      topic: 'signals.v1',
      key: 'c',
      headers: { traceparent: '00-t-s-01' },
    })
    expect(saved).toEqual(['a', 'b'])
  })

  it('gives each part of one record its own outcome', async () => {
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

  it('keeps everything of a dead letter: origin, reason, and the record itself, sealed', async () => {
    const { sent, tools, codec, keyring } = await world()
    await createLoop(
      textStage(() => drop('x')),
      tools,
    )(texts('first', 'garbage'))
    const [record] = sent.flat() as [ProducerRecord]
    const { original, ...rest } = codec.decodeDeadLetter(record.value)
    expect(rest).toEqual({
      stage: 'dispatch',
      code: 'bytes_invalid',
      detail: 'garbage',
      items: [],
      attempt: 1,
      failedAt: noon,
      topic: 'signals.v1',
      partition: 0,
      offset: 1,
      timestamp: noon,
      keyId: 'common/pair/2026-11-23T12',
    })
    expect(record.headers).toEqual({
      stage: 'dispatch',
      code: 'bytes_invalid',
      origin: 'signals.v1/0/1',
      attempt: '1',
      traceparent: '00-t-s-01',
      'received-at': String(noon - 1000),
    })
    expect(record.key).toBe(keyring.recordKey('dead-letter', 'key-garbage'))
    const envelope = tools.envelopes.open(rest.keyId, original, 'signals.v1/0/1') as { bytes: Buffer }
    const opened = codec.decodeOriginal(envelope.bytes)
    expect({ ...opened, headers: { ...opened.headers } }).toEqual({
      key: 'key-garbage',
      headers: { traceparent: '00-t-s-01', 'received-at': String(noon - 1000) },
      value: Buffer.from('garbage'),
    })
    expect(original.includes('garbage')).toBe(false)
  })

  it('defers and parks a record unchanged, with one more attempt when deferred', async () => {
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
    expect(sent.flat().map(({ headers }) => headers?.['received-at'])).toEqual(Array(2).fill(String(noon - 1000)))
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

  it('makes a result that is too large for the broker a dead letter; the rest is sent', async () => {
    const { sent, failures, tools } = await world()
    failures.push(new RecordTooLarge(1, 2, 1))
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
    const { sent, failures, tools } = await world()
    failures.push(new RecordTooLarge(1, 2, 1))
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

  it('ends when even the dead letter is too large, instead of retrying forever', async () => {
    const { failures, tools } = await world()
    failures.push(new RecordTooLarge(0, 2, 1), new RecordTooLarge(0, 2, 1))
    await expect(
      createLoop(
        textStage((text) => signals(text)),
        tools,
      )(texts('a')),
    ).rejects.toThrow(/larger than its topic/)
  })
})
