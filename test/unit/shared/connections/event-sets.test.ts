import type { ApiCall, ApiResult, TikTokApi } from '../../../../services/runtime/adapters/tiktok-api.ts'
import { parseDraft } from '../../../../services/shared/connections/connection-file.ts'
import { complete } from '../../../../services/shared/connections/tiktok/complete.ts'
import { checkEventSet, findEventSet, questionOf } from '../../../../services/shared/connections/tiktok/event-sets.ts'

const apiOf = (code: number, data: object = {}) => {
  const queries: ApiCall['query'][] = []
  const api: TikTokApi = {
    call: async (_method, _path, { query }): Promise<ApiResult> => {
      queries.push(query)
      return { kind: 'answered', code, data: { ...data } }
    },
  }
  return { api, queries }
}
const set = (id: string) => ({ message_event_set_id: id, message_event_name: 'n' })
const whatsapp = { advertiserId: '700', app: 'WHATSAPP', accountId: '15550001111' } as const
const withoutNumber = { ...whatsapp, accountId: null }

describe('the message event set of an account', () => {
  it.each([
    ['WhatsApp, by its phone number', { accountId: '106', messagingAccountId: '1555' }, 'WHATSAPP', '1555'],
    ['WhatsApp, never by the id of Meta', { accountId: '106' }, 'WHATSAPP', null],
    ['Messenger, by its page', { accountId: '106' }, 'MESSENGER', '106'],
    ['an app that the connection names', { accountId: '106', messagingApp: 'WHATSAPP' }, 'MESSENGER', null],
  ] as const)('is asked for %s', (_name, connection, app, accountId) => {
    expect(questionOf(connection, '700', app)?.accountId).toBe(accountId)
  })

  it('is not asked for without the number of a WhatsApp account, which is named', async () => {
    const { api, queries } = apiOf(0, { matched_event_set: set('901') })
    await expect(findEventSet(api, 't', withoutNumber)).rejects.toThrow(
      /^messagingAccountId: .*country code.*eventSetId/,
    )
    expect(queries).toEqual([])
  })

  it('is the one that TikTok matches', async () => {
    const { api, queries } = apiOf(0, { matched_event_set: set('901') })
    expect(await findEventSet(api, 't', whatsapp)).toBe('901')
    expect(queries).toEqual([
      { advertiser_id: '700', messaging_app_type: 'WHATSAPP', messaging_app_account_id: '15550001111' },
    ])
  })

  it.each([40001, 40125])('cannot be listed without the permission (%d), which is named', async (code) => {
    const named = /code 40\d+: .*"CTX Events Management".*TIKTOK_ADVERTISER_SCOPES/
    await expect(findEventSet(apiOf(code).api, 't', whatsapp)).rejects.toThrow(named)
    await expect(checkEventSet(apiOf(code).api, 't', withoutNumber, '9')).rejects.toThrow(named)
  })

  it('is compared without the number too, unless TikTok wants one', async () => {
    const { api, queries } = apiOf(0, { message_event_set_list: [set('901')] })
    await expect(checkEventSet(api, 't', withoutNumber, '900')).rejects.toThrow(/it has: 901/)
    expect(queries).toEqual([{ advertiser_id: '700', messaging_app_type: 'WHATSAPP' }])
    await expect(checkEventSet(apiOf(40002).api, 't', withoutNumber, '900')).resolves.toBeUndefined()
    await expect(checkEventSet(apiOf(40002).api, 't', whatsapp, '900')).rejects.toThrow(/code 40002/)
  })
})

describe('a connection file with a token', () => {
  const draft = (fields: object = {}) =>
    parseDraft({
      ...{ connectionId: 'acme', tenantId: 't', source: 'whatsapp', accountId: '55' },
      ...{ advertiserId: '700', accessToken: 'a-token', ...fields },
    })
  const completed = (api: TikTokApi, fields?: object, app: 'WHATSAPP' | null = 'WHATSAPP') =>
    complete(draft(fields), { api, messagingAppOf: () => app })

  it('that names an event set is refused if TikTok lists others and not this one', async () => {
    const { api, queries } = apiOf(0, { message_event_set_list: [set('901')] })
    await expect(completed(api, { eventSetId: '900' })).rejects.toThrow(/^eventSetId: .*it has: 901/)
    expect(queries).toHaveLength(1)
    expect(await completed(api, { eventSetId: '901' })).toMatchObject({ eventSetId: '901' })
  })

  it.each<[string, TikTokApi]>([
    ['lists none', apiOf(0).api],
    ['refuses the token', apiOf(40105).api],
    ['demands a permission', apiOf(40001).api],
    ['does not answer', { call: async () => ({ kind: 'failed', reason: 'away' }) }],
  ])('that names an event set is taken when TikTok %s', async (_name, api) => {
    expect(await completed(api, { eventSetId: '900' })).toMatchObject({ eventSetId: '900' })
  })

  it('that names an event set is taken without a question where the app is unknown', async () => {
    const { api, queries } = apiOf(0, { message_event_set_list: [set('901')] })
    expect(await completed(api, { eventSetId: '900' }, null)).toMatchObject({ eventSetId: '900' })
    expect(queries).toEqual([])
  })
})
