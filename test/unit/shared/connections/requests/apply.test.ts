import { ConnectionDirectory } from '../../../../../services/shared/connections/directory.ts'
import { applyRequest } from '../../../../../services/shared/connections/requests/apply.ts'
import type { ConnectionUpdate } from '../../../../../services/shared/connections/writer.ts'
import type { ConnectionRecord, ConnectionRequest } from '../../../../../services/shared/model/connection-record.ts'
import type { RawDelivery } from '../../../../../services/shared/sources/source.ts'
import { connectionRecord, noon } from '../../../../support/builders.ts'
import { sources } from '../../../../support/deliveries.ts'

const connection = connectionRecord({
  source: 'tiktok',
  accountId: 'biz',
  authorisedAt: noon - 60_000,
  connectedAt: noon - 60_000,
  changedAt: noon - 50_000,
})
const about = { connectionId: 'acme-wa', source: 'tiktok', accountId: 'biz', occurredAt: noon }
const withdrawal: ConnectionRequest = { kind: 'withdrawn', ...about, code: 3, changedAt: null }
const refusal: ConnectionRequest = { kind: 'token_refused', ...about, code: 40105, changedAt: noon - 50_000 }

/** @param record what the topic holds by the time the change is made; null: nothing */
const play = async (request: ConnectionRequest, record: ConnectionRecord | null = connection) => {
  const directory = new ConnectionDirectory()
  directory.apply('acme-wa', record)
  const notes: unknown[] = []
  const changed = await applyRequest(request, {
    change: async (id, change: ConnectionUpdate, note, author) => {
      const next = change(directory.byId(id), noon)
      if (next) {
        directory.apply(id, next)
        notes.push(note, author)
      }
      return next ?? undefined
    },
  })
  return { now: directory.byId('acme-wa'), notes, changed }
}

describe('a withdrawn authorisation', () => {
  it('disconnects: token, secret and keys are erased, and the history says why', async () => {
    const { now, notes, changed } = await play(withdrawal, { ...connection, dataKey: Buffer.from('k') })
    expect(now).toMatchObject({ status: 'disconnected', accessToken: null, dataKey: null, statusCode: 3 })
    expect(changed).toBe(true)
    expect(notes).toEqual([
      { action: 'authorisation_removed', code: 3 },
      { via: 'webhook', actor: 'tiktok' },
    ])
  })

  it.each<[string, Partial<ConnectionRecord>, Partial<ConnectionRequest>]>([
    ['older than the current consent', {}, { occurredAt: noon - 120_000 }],
    ['of another account', {}, { accountId: 'other' }],
    ['of another source', {}, { source: 'whatsapp' }],
    ['repeated', { status: 'disconnected' }, {}],
  ])('changes nothing when it is %s', async (_name, record, request) => {
    const { notes, changed } = await play({ ...withdrawal, ...request }, { ...connection, ...record })
    expect([notes, changed]).toEqual([[], false])
  })
})

describe('a refused token', () => {
  it('sets the connection to reconnect, keeping all else, and the history has the code', async () => {
    const { now, notes } = await play(refusal)
    expect(now).toEqual({ ...connection, status: 'reconnect', statusCode: 40105, changedAt: noon })
    expect(notes).toEqual([
      { action: 'token_refused', code: 40105 },
      { via: 'dispatch', actor: 'TikTok' },
    ])
  })

  it.each([
    ['has been replaced meanwhile', { ...connection, changedAt: noon }],
    ['was of a connection that is paused by now', { ...connection, status: 'paused' as const }],
    ['was of a connection that is disconnected by now', { ...connection, status: 'disconnected' as const }],
    ['was of a connection that is gone', null],
  ])('changes nothing where it %s', async (_name, record) => {
    expect((await play(refusal, record)).changed).toBe(false)
  })
})

it('a kind of request that this version does not know changes nothing and is reported', async () => {
  for (const kind of ['erased', 'constructor'])
    expect((await play({ ...withdrawal, kind } as unknown as ConnectionRequest)).changed).toBeNull()
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
