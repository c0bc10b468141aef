import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openClaims } from '../../../services/ingest/claims/claims.ts'
import { dedupKeyOf, dedupWindowMs } from '../../../services/ingest/identity.ts'
import type { RedisCommands } from '../../../services/runtime/ports.ts'
import { topics } from '../../../services/topology.ts'
import { messageEvent, noon, testKeyring } from '../../support/builders.ts'
import { labels, openIngest } from '../../support/ingest-world.ts'

const hourMs = 3_600_000
const dayMs = 86_400_000

/** Hours, by source, from the column `retries` of docs/sources/README.md. */
const documentedRetryHours = (): ReadonlyMap<string, number> => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/sources/README.md'), 'utf8')
  const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  const header = rows.find((cells) => cells.includes('retries')) ?? []
  const column = header.indexOf('retries')
  return new Map(
    rows.flatMap((cells) => {
      const span = /(\d+) (h|days)\b(?!.*\d (?:h|days)\b)/.exec(cells[column] ?? '')
      if (!span || !cells[1]?.startsWith('`')) return []
      return [[cells[1].replaceAll('`', ''), Number(span[1]) * (span[2] === 'h' ? 1 : 24)] as const]
    }),
  )
}

/** Keys' time to live, seconds, that a batch of claims sets in Redis. */
const ttlsOf = async (): Promise<ReadonlySet<number>> => {
  const ttls = new Set<number>()
  const redis = {
    evalMany: async (_script: unknown, calls: readonly { readonly args: readonly unknown[] }[]) => {
      for (const { args } of calls) ttls.add(Number(args[1]))
      return calls.map(() => [])
    },
  } as unknown as RedisCommands
  const mark = { at: noon, hash: Buffer.alloc(8), value: Buffer.alloc(8) }
  await openClaims(redis).claim({ event: [mark], crossSource: [mark] })
  return ttls
}

describe('the dedup window', () => {
  it('outlasts the retries of every source but WhatsApp, and a day of backlog', () => {
    const hours = documentedRetryHours()
    expect(hours.get('tiktok')).toBeDefined()
    // WhatsApp retries for 7 days. A copy after the window gives signals with the same ids.
    const others = [...hours].filter(([source]) => source !== 'whatsapp').map(([, span]) => span)
    expect(dedupWindowMs).toBeGreaterThanOrEqual(Math.max(...others) * hourMs + dayMs)
  })

  it('outlasts the input topic: a backlog of ingest may reach back that far', () =>
    expect(dedupWindowMs).toBeGreaterThan(topics.channelEvents.retentionMs))

  it('is how long both kinds of claims live in Redis', async () =>
    expect(await ttlsOf()).toEqual(new Set([dedupWindowMs / 1000])))

  it('covers an event without a time of its own, whenever in an epoch it came', async () => {
    const keyring = await testKeyring()
    const bucketsAt = (occurredAt: number) => {
      const event = messageEvent({ timeSource: 'received', occurredAt })
      const { at, alsoAt = [] } = dedupKeyOf(event, '0'.repeat(32), Buffer.alloc(8), keyring)
      return [at, ...alsoAt]
    }
    for (let received = noon; received < noon + 2 * dedupWindowMs; received += 5 * hourMs)
      expect(bucketsAt(received + dedupWindowMs)).toContain(bucketsAt(received)[0])
  })

  it('covers a retry 72 hours after the first delivery, without a time in the event', async () => {
    const { run, eventRecord } = await openIngest()
    const at = (hours: number) =>
      eventRecord({ timeSource: 'received', occurredAt: noon - 10 * dayMs + hours * hourMs })
    expect(labels(await run(at(0)))).toEqual(['forwarded'])
    expect(labels(await run(at(72)))).toEqual(['duplicate'])
  })
})
