import { noteUnconnected } from '../../../services/ingest/reports.ts'
import type { ConsumedRecord } from '../../../services/runtime/ports.ts'
import { mergeUnconnected } from '../../../services/shared/unconnected/account.ts'
import { unconnectedAccounts } from '../../../services/shared/unconnected/log.ts'
import { noon } from '../../support/builders.ts'
import { openIngest } from '../../support/ingest-world.ts'

const open = async () => {
  const world = await openIngest()
  const counted: unknown[] = []
  const metrics = { count: (name: string, labels: unknown) => void counted.push([name, labels]) }
  const hash = (source: string, account: string) => world.keyring.recordKey('account', source, account)
  const log = unconnectedAccounts('ingest', metrics as never, ['the token'], hash)
  const onProcessed = noteUnconnected(log, world.directory)
  const run = async (...records: ConsumedRecord[]) => {
    const inputs = records.map((record) => ({ value: world.stage.decode(record), record, attempt: 1 }))
    onProcessed(inputs, (await world.decide(...records)).outcomes)
  }
  return { ...world, run, log, counted, hash }
}

describe('an account without a connection that sends by Kafka', () => {
  it('is counted with its source and a hash, and listed by name for the bearer of the token', async () => {
    const { run, eventRecord, log, counted, hash } = await open()
    await run(eventRecord(), eventRecord({ accountId: 'unknown', messageId: 'm-2' }))
    const label = hash('whatsapp', 'unknown').slice(0, 8)
    expect(label).toMatch(/^[0-9a-f]{8}$/)
    expect(counted).toEqual([['signals_accounts_unconnected_total', { source: 'whatsapp', digest: label }]])
    const accounts = [{ source: 'whatsapp', accountId: 'unknown', at: noon, seenBy: 'ingest', label }]
    expect(log.pages['/unconnected']?.('Bearer the token')).toEqual({ accounts })
    expect(log.pages['/unconnected']?.(undefined)).toBeNull()
  })

  it('is the gateway’s to count where it came over HTTP', async () => {
    const { run, eventRecord, log } = await open()
    const record = eventRecord({ accountId: 'unknown' })
    await run({ ...record, headers: { 'verified-by': 'token:1', 'verified-account': 'unknown' } })
    expect(log.all()).toEqual([])
  })

  it('is one of the last hundred; further accounts share a series', async () => {
    const { run, eventRecord, log, counted } = await open()
    await run(...Array.from({ length: 120 }, (_, n) => eventRecord({ accountId: `a-${n}`, messageId: `m-${n}` })))
    expect(log.all()).toHaveLength(100)
    expect(log.all()[0]?.accountId).toBe('a-119')
    expect(new Set(counted.map((one) => JSON.stringify(one))).size).toBe(101)
  })
})

describe('the accounts of several processes', () => {
  it('are one list, newest first; an answer of an earlier version counts too', () => {
    const old = { accounts: [{ source: 'whatsapp', accountId: '1', at: 2 }] }
    const now = { accounts: [{ source: 'own', accountId: '2', at: 3, seenBy: 'ingest', label: 'abcdef01' }] }
    expect(mergeUnconnected([old, null, now])?.map(({ accountId }) => accountId)).toEqual(['2', '1'])
    expect(mergeUnconnected([null, null])).toBeNull()
  })
})
