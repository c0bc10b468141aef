import { failedCount } from '../../../services/runtime/batch/outcome.ts'
import { disconnect } from '../../../services/shared/connections/connection.ts'
import { messageEvent, noon } from '../../support/builders.ts'
import { labels, openIngest } from '../../support/ingest-world.ts'

const failed = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ rule: `rules.${n % 150}`, reason: 'it names no person' }))
const body = (count: number, events: readonly object[] = []) => ({ events, ignored: [], failed: failed(count) })

describe('unmappable items', () => {
  it('of one delivery are one dead letter, which lists and counts them', async () => {
    const { run, delivery } = await openIngest()
    const [outcomes] = await run(delivery({ ...body(2), failed: [...failed(2), ...failed(1)] }))
    expect(outcomes).toEqual([
      {
        kind: 'deadLettered',
        failure: {
          code: 'item_unmappable',
          detail: 'echo, rule rules.0: it names no person; and 2 more items of this delivery',
        },
        items: [
          { detail: 'echo, rule rules.0: it names no person', count: 2 },
          { detail: 'echo, rule rules.1: it names no person', count: 1 },
        ],
      },
    ])
  })

  it('of a hostile delivery are a bounded list, which counts them all', async () => {
    const { run, delivery } = await openIngest()
    const [[outcome] = []] = await run(delivery(body(10_000)))
    if (outcome?.kind !== 'deadLettered') throw new Error('no dead letter')
    expect(outcome.items).toHaveLength(100)
    expect(failedCount(outcome.items)).toBe(10_000)
  })

  it('let their neighbours pass', async () => {
    const { run, delivery } = await openIngest()
    expect(labels(await run(delivery(body(3, [messageEvent()]))))).toEqual(['forwarded', 'deadLettered'])
  })
})

describe('consent comes before dead letters', () => {
  const unknown = { account: 'nobody' }

  it.each([
    ['a delivery that cannot be read', 'nonsense', ['no_connection']],
    ['items that cannot be mapped', body(2), ['no_connection', 'no_connection']],
  ])('%s of an account without a connection is dropped', async (_kind, content, expected) => {
    const { run, delivery } = await openIngest()
    expect(labels(await run(delivery(content, unknown)))).toEqual(expected)
  })

  it('an invalid event that came before the consent is dropped', async () => {
    const { run, eventRecord, connect } = await openIngest()
    connect({ connectionId: 'acme-wa', connectedAt: noon + 1_000 })
    expect(labels(await run(eventRecord({ text: 7 as unknown as string })))).toEqual(['outside_consent'])
  })

  it('an invalid event of an account without a connection is dropped', async () => {
    const { run, eventRecord } = await openIngest()
    const record = eventRecord({ accountId: 'nobody', text: 7 as unknown as string })
    expect(labels(await run(record))).toEqual(['no_connection'])
  })

  it('an invalid event of a disconnected account is dropped', async () => {
    const { run, eventRecord, directory, connection, failureOf } = await openIngest()
    const record = eventRecord({ text: 7 as unknown as string })
    expect(failureOf(record)?.code).toBe('event_invalid')
    directory.apply('acme-wa', disconnect(connection, noon))
    expect(labels(await run(record))).toEqual(['disconnected'])
  })

  it('what names no account stays a dead letter', async () => {
    const { delivery, failureOf } = await openIngest()
    expect(failureOf(delivery('nonsense'))?.code).toBe('delivery_unreadable')
  })
})
