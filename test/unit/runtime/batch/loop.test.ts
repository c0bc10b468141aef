import { createLoop } from '../../../../services/runtime/batch/loop.ts'
import { deadLetter, drop } from '../../../../services/runtime/batch/outcome.ts'
import { DependencyError } from '../../../../services/runtime/ports.ts'
import { signals, textStage, texts, world } from '../../../support/loop-world.ts'

describe('the loop', () => {
  it('moves on past a batch that drops everything', async () => {
    const { sent, tools } = await world()
    expect(
      await createLoop(
        textStage(() => drop('quiet')),
        tools,
      )(texts('a', 'b')),
    ).toEqual({ processed: 2, pauseMs: 0, mustCommit: false })
    expect(sent.flat()).toEqual([])
  })

  it.each([
    ['garbage', 'first'],
    ['first', 'garbage', 'last'],
    ['first', 'garbage'],
  ])('makes a bad record a dead letter at any position, its neighbours are forwarded: %s %s %s', async (...values) => {
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

  it('retries when a dependency fails, with longer pauses, and dead-letters or saves nothing twice', async () => {
    const { sent, failures, clock, tools, health } = await world()
    const saved: string[] = []
    failures.push(new DependencyError('kafka', 'away'), new DependencyError('kafka', 'away'))
    await createLoop(
      textStage((text) => signals(text), saved),
      tools,
    )(texts('a'))
    expect(clock.slept).toEqual([100, 200])
    expect(sent).toHaveLength(1)
    expect(saved).toEqual(['a'])
    expect(health.report().state).toBe('running')
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

  it.each([
    ['before it publishes', 1, [], []],
    ['between publishing and saving', 2, ['signals.v1'], []],
  ])('stops %s, if the batch belongs to another process by then', async (_when, checks, topics, kept) => {
    const { sent, tools } = await world()
    const saved: string[] = []
    let left = checks
    const batch = { ...texts('a'), isStale: () => left-- <= 0 }
    const loop = createLoop(
      textStage((text) => signals(text), saved),
      tools,
    )
    expect(await loop(batch)).toEqual({ processed: 0, pauseMs: 0, mustCommit: false })
    expect(sent.flat().map(({ topic }) => topic)).toEqual(topics)
    expect(saved).toEqual(kept)
  })

  it('leaves a batch uncommitted when the consumer drains', async () => {
    const { tools, failures, clock } = await world()
    const draining = new AbortController()
    failures.push(new DependencyError('kafka', 'away'))
    const loop = createLoop(
      textStage((text) => signals(text)),
      {
        ...tools,
        clock: Object.assign(clock, { sleep: async () => draining.abort() }),
      },
    )
    expect(await loop({ ...texts('a'), signal: draining.signal })).toEqual({
      processed: 0,
      pauseMs: 0,
      mustCommit: false,
    })
  })

  it('commits the slices that were processed before the consumer drained', async () => {
    const { tools, sent } = await world()
    const draining = new AbortController()
    const loop = createLoop(
      textStage((text) => {
        if (text === 'b') draining.abort()
        return signals(text)
      }),
      { ...tools, sliceRecords: 2 },
    )
    expect(await loop({ ...texts('a', 'b', 'c', 'd'), signal: draining.signal })).toEqual({
      processed: 2,
      pauseMs: 0,
      mustCommit: false,
    })
    expect(sent).toHaveLength(1)
  })
})
