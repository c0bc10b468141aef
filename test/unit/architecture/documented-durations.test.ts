/** Holds the durations that pages state to the constants that they document: the dedup window and the topics' retentions. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { allTopics, parkedTopic } from '../../../services/derived-topics.ts'
import { dedupWindowMs } from '../../../services/ingest/identity.ts'
import { derivedRetentionMs, replayTopic, topics } from '../../../services/topology.ts'
import { expectNone } from '../../support/source-code/expect-none.ts'

const hourMs = 3_600_000
const dayMs = 86_400_000
const root = join(import.meta.dirname, '../../..')
const pageOf = (path: string) => readFileSync(join(root, path), 'utf8').replaceAll('\n', ' ')

/** As pages write it: `72 h` or `72 hours` below four days and for hours that are no days, else `7 days`. */
const spellingsOf = (ms: number): RegExp => {
  const hours = new RegExp(`\\b${ms / hourMs} (h|hours)\\b`)
  return ms % dayMs === 0 ? new RegExp(`${hours.source}|\\b${ms / dayMs} days\\b`) : hours
}

/** @param page path */
const expectStated = (page: string, text: string, ms: number, source: string): void =>
  expectNone(
    spellingsOf(ms).test(text)
      ? []
      : [`${page} does not state ${ms / hourMs} h${ms % dayMs ? '' : ` or ${ms / dayMs} days`}`],
    `${source} has this duration. Correct the figure on the page.`,
  )

/** The last cell of the first table row whose first cell matches. */
const lastCellOf = (path: string, firstCell: string): string => {
  const row = readFileSync(join(root, path), 'utf8')
    .split('\n')
    .find((line) => line.startsWith('|') && line.split('|')[1]?.includes(firstCell))
  if (row === undefined) throw new Error(`${path} has no row of ${firstCell}`)
  return (row.split('|').at(-2) as string).trim()
}

describe('a page that states the dedup window', () => {
  it.each(['docs/operators/redis-down.md', 'docs/runbooks/SignalsRedisMemory.md', 'services/ingest/README.md'])(
    'states the one of the code: %s',
    (page) => expectStated(page, pageOf(page), dedupWindowMs, 'services/ingest/identity.ts'),
  )

  it.each(['dedup:', 'feeds:'])('states the one of the code: the table of what is stored, Redis %s', (key) =>
    expectStated(
      'docs/operations.md, What is kept where,',
      lastCellOf('docs/operations.md', key),
      dedupWindowMs,
      'services/ingest/identity.ts',
    ),
  )

  it('leaves an hour for a redrive: docs/dead-letters.md', () =>
    expectStated(
      'docs/dead-letters.md',
      pageOf('docs/dead-letters.md'),
      dedupWindowMs - hourMs,
      'services/tools/dead-letters/plan.ts',
    ))
})

describe('a page that states a retention', () => {
  const { channelEvents, messages, attributedMessages, signals, deliveries, redrives, replays } = topics

  it.each<[page: string, retentionMs: number]>([
    ['docs/contracts.md', channelEvents.retentionMs],
    ['docs/replay.md', channelEvents.retentionMs],
    ['docs/replay.md', attributedMessages.retentionMs],
    ['docs/replay.md', signals.retentionMs],
    ['docs/replay.md', deliveries.retentionMs],
    ['docs/replay.md', derivedRetentionMs.deadLetters],
    ['docs/dead-letters.md', redrives.retentionMs],
    ['docs/dead-letters.md', derivedRetentionMs.deadLetters],
    ['docs/operators/bad-deploy.md', channelEvents.retentionMs],
    ['docs/operators/bad-deploy.md', derivedRetentionMs.deadLetters],
    ['docs/operators/backfill-wanted.md', channelEvents.retentionMs],
    ['docs/operators/backfill-wanted.md', messages.retentionMs],
    ['docs/operators/token-lost.md', derivedRetentionMs.parked],
    ['docs/runbooks/SignalsDeadLetterRatio.md', derivedRetentionMs.deadLetters],
    ['docs/runbooks/SignalsParked.md', derivedRetentionMs.parked],
    ['services/cli/commands/replays/index.ts', replays.retentionMs],
  ])('states the one of topology.ts: %s', (page, retentionMs) =>
    expectStated(page, pageOf(page), retentionMs, 'services/topology.ts'),
  )

  /** In the table of what is stored: the first cell names topics, the last their retentions in the same order, or one for all. */
  const statedFor = (topic: string): number | undefined => {
    const rows = readFileSync(join(root, 'docs/operations.md'), 'utf8').split('\n')
    const row = rows.find((line) => line.startsWith('|') && line.split('|')[1]?.includes(`\`${topic}\``))
    const named = Array.from(row?.split('|')[1]?.matchAll(/`([^`]+)`/g) ?? [], ([, name]) => name)
    const cell = (row?.split('|').at(-2) ?? '').trim()
    const stated = (cell.match(/\d+/g) ?? []).map(Number)
    if (/^(until replaced|for ever)$/.test(cell)) return -1
    const unit = cell.endsWith('h') ? hourMs : cell.endsWith('years') ? 365 * dayMs : dayMs
    const n = stated[stated.length === 1 ? 0 : named.indexOf(topic)]
    return n === undefined ? undefined : n * unit
  }

  it.each<[topic: string, retentionMs: number]>([
    ...Object.values(topics).map(({ name, retentionMs }): [string, number] => [name, retentionMs]),
    [replayTopic, derivedRetentionMs.replayedSignals],
    [parkedTopic, derivedRetentionMs.parked],
    ['<topic>.<stage>.later-<delay>.v1', derivedRetentionMs.delayed],
    ['<topic>.<stage>.dead.v1', derivedRetentionMs.deadLetters],
  ])('states the one of topology.ts: the table of what is stored, %s', (topic, retentionMs) => {
    // Three years are 1,096 days with their leap day.
    const days = retentionMs === 1_096 * dayMs ? 1_095 * dayMs : retentionMs
    expect(statedFor(topic)).toBe(days)
  })
})

describe('retentions', () => {
  const retentionOf = (name: string) => allTopics.find((topic) => topic.name === name)?.retentionMs ?? 0

  it('of redrives outlast the dead letters that they mark', () =>
    expect(topics.redrives.retentionMs).toBeGreaterThanOrEqual(derivedRetentionMs.deadLetters))

  it('of parked signals last as long as TikTok accepts an event: 28 days', () =>
    expect(retentionOf(parkedTopic)).toBeGreaterThanOrEqual(28 * dayMs))

  it('of deliveries outlast those of signals: a replay reads older outcomes there', () =>
    expect(topics.deliveries.retentionMs).toBeGreaterThan(topics.signals.retentionMs))
})
