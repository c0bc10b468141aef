/** Holds the durations that pages state to the constants that they document: the dedup window and the topics' retentions. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { allTopics, parkedTopic } from '../../../services/derived-topics.ts'
import { dedupWindowMs } from '../../../services/ingest/identity.ts'
import { derivedRetentionMs, replayTopic, topics } from '../../../services/topology.ts'

const hourMs = 3_600_000
const dayMs = 86_400_000
const root = join(import.meta.dirname, '../../..')
const pageOf = (path: string) => readFileSync(join(root, path), 'utf8').replaceAll('\n', ' ')

/** As pages write it: `72 h` or `72 hours` below four days and for hours that are no days, else `7 days`. */
const spellingsOf = (ms: number): RegExp => {
  const hours = new RegExp(`\\b${ms / hourMs} (h|hours)\\b`)
  return ms % dayMs === 0 ? new RegExp(`${hours.source}|\\b${ms / dayMs} days\\b`) : hours
}

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
    (page) => expect(pageOf(page)).toMatch(spellingsOf(dedupWindowMs)),
  )

  it.each(['dedup:', 'feeds:'])('states the one of the code: the table of what is stored, Redis %s', (key) =>
    expect(lastCellOf('docs/operations.md', key)).toMatch(spellingsOf(dedupWindowMs)),
  )

  it('leaves an hour for a redrive: docs/dead-letters.md', () =>
    expect(pageOf('docs/dead-letters.md')).toMatch(spellingsOf(dedupWindowMs - hourMs)))
})

describe('a page that states a retention', () => {
  const { channelEvents, messages, attributedMessages, signals, deliveries, redrives, replays, touches } = topics

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
  ])('states the one of topology.ts: %s', (page, retentionMs) => expect(pageOf(page)).toMatch(spellingsOf(retentionMs)))

  it.each<[topic: string, retentionsMs: readonly number[]]>([
    [channelEvents.name, [channelEvents.retentionMs]],
    [messages.name, [messages.retentionMs, attributedMessages.retentionMs]],
    [touches.name, [touches.retentionMs]],
    [signals.name, [signals.retentionMs, deliveries.retentionMs]],
    [replayTopic, [derivedRetentionMs.replayedSignals]],
    [replays.name, [replays.retentionMs, redrives.retentionMs]],
  ])('states the one of topology.ts: the table of what is stored, %s', (topic, retentionsMs) => {
    const cell = lastCellOf('docs/operations.md', `\`${topic}\``)
    const unit = cell.endsWith('h') ? hourMs : dayMs
    const stated = [...new Set(cell.match(/\d+/g))].map((n) => Number(n) * unit)
    expect(stated).toEqual([...new Set(retentionsMs)])
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
