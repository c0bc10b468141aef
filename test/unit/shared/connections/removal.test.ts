import { ConnectionDirectory } from '../../../../services/shared/connections/directory.ts'
import { removal } from '../../../../services/shared/connections/removal.ts'
import type { ConnectionUpdate } from '../../../../services/shared/connections/writer.ts'
import type { ConnectionRecord } from '../../../../services/shared/model/connection-record.ts'
import type { RawDelivery } from '../../../../services/shared/sources/source.ts'
import { connectionRecord, noon } from '../../../support/builders.ts'
import { sources } from '../../../support/deliveries.ts'

const connection = connectionRecord({
  source: 'tiktok',
  accountId: 'biz',
  authorisedAt: noon - 60_000,
  connectedAt: noon - 60_000,
})

const play = async (fields: Partial<ConnectionRecord>, occurredAt: number, accountId = 'biz') => {
  const directory = new ConnectionDirectory()
  directory.apply('acme-wa', { ...connection, ...fields })
  const notes: unknown[] = []
  const remove = removal(directory, {
    change: async (id: string, change: ConnectionUpdate, note, author) => {
      const next = change(directory.byId(id), noon)
      if (next) {
        directory.apply(id, next)
        notes.push(note, author)
      }
      return next ?? undefined
    },
  })
  await remove({ source: 'tiktok', accountId, reason: 3, occurredAt })
  return { now: directory.byId('acme-wa'), notes }
}

describe('a withdrawn authorisation', () => {
  it('disconnects: token, secret and keys are erased, and the history says why', async () => {
    const { now, notes } = await play({ dataKey: Buffer.from('k') }, noon)
    expect(now).toMatchObject({ status: 'disconnected', accessToken: null, dataKey: null, statusCode: 3 })
    expect(notes).toEqual([
      { action: 'authorisation_removed', code: 3 },
      { via: 'webhook', actor: 'tiktok' },
    ])
  })

  it.each<[string, Partial<ConnectionRecord>, number, string]>([
    ['older than the current consent', {}, noon - 120_000, 'biz'],
    ['of another account', {}, noon, 'other'],
    ['repeated', { status: 'disconnected' }, noon, 'biz'],
  ])('changes nothing when it is %s', async (_name, fields, occurredAt, accountId) => {
    const { notes } = await play(fields, occurredAt, accountId)
    expect(notes).toEqual([])
  })
})

describe('the mapping of TikTok', () => {
  it('says whose authorisation was removed, beside ignoring the item', () => {
    const body = {
      client_key: 'app',
      event: 'authorization.removed',
      create_time: noon / 1000,
      user_openid: 'biz',
      content: '{"reason":1}',
    }
    const delivery: RawDelivery = {
      source: 'tiktok',
      account: null,
      headers: {},
      contentType: 'application/json',
      body: Buffer.from(JSON.stringify(body)),
      receivedAt: noon + 5_000,
    }
    expect(sources.get('tiktok')?.map(delivery)).toEqual({
      events: [],
      ignored: ['account'],
      failed: [],
      removed: [{ accountId: 'biz', reason: 1, occurredAt: noon }],
    })
  })
})
