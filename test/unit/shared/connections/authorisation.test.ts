import { AuthorisationFailed } from '../../../../services/shared/connections/authorisation/authorisation-failed.ts'
import { revokeGrants } from '../../../../services/shared/connections/authorisation/revoke.ts'
import { parseDraft } from '../../../../services/shared/connections/connection-file.ts'
import { changeConnection } from '../../../../services/shared/connections/operations.ts'
import { refreshDue } from '../../../../services/shared/connections/tokens/refresh.ts'
import { noon } from '../../../support/builders.ts'
import { openOauth } from '../../../support/oauth-world.ts'

const draft = (fields: object = {}) =>
  parseDraft({ connectionId: 'acme', tenantId: 't', source: 'whatsapp', accountId: '55', eventSetId: '900', ...fields })
const cli = { via: 'cli', actor: 'ana@desk' } as const
type World = Awaited<ReturnType<typeof openOauth>>

const connect = async (world: World, fields: object = {}, grant: Parameters<World['agree']>[1] = {}) => {
  const { url } = await world.authorisations.begin('advertiser', draft(fields), 'ana@desk')
  return world.authorisations.finish(await world.agree(url, grant))
}

describe('an advertiser’s authorisation', () => {
  it('ends in an active connection, with the event set given by hand', async () => {
    const world = await openOauth()
    const record = await connect(world)
    expect(record).toMatchObject({ status: 'active', advertiserId: '700', eventSetId: '900', authorisedBy: 'oauth' })
    expect(world.keyring.unwrap(record.accessToken as Buffer, 'token:acme').toString()).toMatch(/^act-/)
    expect(await world.history('acme')).toEqual(['authorised'])
  })

  it('finds the event set of the messaging account', async () => {
    const world = await openOauth()
    const set = { advertiserId: '700', app: 'WHATSAPP', accountId: '1555', eventSetId: '901', name: 'n', matched: true }
    world.tiktok.addEventSet(set)
    expect(await connect(world, { eventSetId: undefined, messagingAccountId: '1555' })).toMatchObject({
      eventSetId: '901',
    })
  })

  it('compares an event set that was given by hand with those that TikTok lists', async () => {
    const set = { advertiserId: '700', app: 'WHATSAPP', accountId: '55', name: 'n', matched: true }
    const world = await openOauth()
    world.tiktok.addEventSet({ ...set, eventSetId: '901' })
    await expect(connect(world)).rejects.toThrow(/^eventSetId: advertiser 700 has no event set of this id.*: 901/)
    expect(world.directory.all()).toEqual([])
    expect(world.calls.at(-1)).toBe('oauth2/revoke_token/')
    // One of another account of the advertiser may be meant.
    world.tiktok.addEventSet({ ...set, accountId: '56', eventSetId: '900' })
    expect(await connect(world)).toMatchObject({ eventSetId: '900' })
  })

  it.each<[string, object, Parameters<World['agree']>[1], RegExp]>([
    [
      'less was granted than is needed',
      {},
      { scopes: [] },
      /missing: 7224195155857866754 \(report events\); .*advertiser agree/,
    ],
    ['it is for another advertiser', { advertiserId: '701' }, {}, /not for advertiser 701/],
    ['it is for several', {}, { advertiserIds: ['1', '2'] }, /several advertisers \(1, 2\)/],
    [
      'the account has no event set',
      { eventSetId: undefined, messagingAccountId: '1555' },
      {},
      /has no message event set.*by hand/,
    ],
    [
      'the phone number of a WhatsApp account is unknown',
      { eventSetId: undefined },
      {},
      /^messagingAccountId: .*phone/,
    ],
    ['the messaging app is unknown', { eventSetId: undefined, source: 'blip' }, {}, /messagingApp/],
  ])('is refused when %s, and the grant given back', async (_name, fields, grant, message) => {
    const world = await openOauth()
    await expect(connect(world, fields, grant)).rejects.toThrow(message)
    expect(world.directory.all()).toEqual([])
    expect(world.calls).toContain('oauth2/revoke_token/')
  })

  it('counts once, within ten minutes, with its own state', async () => {
    const world = await openOauth()
    const { url, id } = await world.authorisations.begin('advertiser', draft(), 'ana')
    const callback = await world.agree(url)
    const finish = (fields: object) => world.authorisations.finish({ ...callback, ...fields })
    await expect(finish({ state: null })).rejects.toThrow(AuthorisationFailed)
    await expect(finish({ state: `${callback.state}x` })).rejects.toThrow(AuthorisationFailed)
    expect(await world.authorisations.status(id)).toEqual({ status: 'pending' })
    await finish({})
    expect(await world.authorisations.status(id)).toEqual({ status: 'done', connectionId: 'acme' })
    await expect(finish({})).rejects.toThrow(/answered already/)
    const late = await world.authorisations.begin('advertiser', 'acme', 'ana')
    const answer = await world.agree(late.url)
    world.clock.set(noon + 600_001)
    await expect(world.authorisations.finish(answer)).rejects.toThrow(/ten minutes/)
  })

  it('may be denied, and a code is taken once', async () => {
    const world = await openOauth()
    const one = await world.authorisations.begin('advertiser', draft(), 'ana')
    const callback = await world.agree(one.url)
    await expect(world.authorisations.finish({ ...callback, code: null, error: 'access_denied' })).rejects.toThrow(
      /denied/,
    )
    expect(await world.authorisations.status(one.id)).toMatchObject({ status: 'failed' })
    await world.oauth.exchangeAdvertiser(callback.code)
    await expect(world.oauth.exchangeAdvertiser(callback.code)).rejects.toThrow(/code 40110/)
  })

  it('renews no token for an event set that TikTok does not list', async () => {
    const world = await openOauth()
    const first = await connect(world)
    world.tiktok.addEventSet({
      advertiserId: '700',
      app: 'WHATSAPP',
      accountId: '55',
      eventSetId: '901',
      name: 'n',
      matched: true,
    })
    const renew = async () => {
      const { url } = await world.authorisations.begin('advertiser', 'acme', 'ana')
      return world.authorisations.finish(await world.agree(url))
    }
    await expect(renew()).rejects.toThrow(/^eventSetId: advertiser 700 has no event set of this id.*: 901/)
    expect(world.directory.byId('acme')).toEqual(first)
    expect(world.calls.at(-1)).toBe('oauth2/revoke_token/')
    world.lost.add('ctm/message_event_set/get/')
    expect(await renew()).toMatchObject({ status: 'active', eventSetId: '900' })
  })

  it('gives a connection in reconnect a new token, and keeps its key', async () => {
    const world = await openOauth()
    const first = await connect(world)
    await world.writer.change(
      'acme',
      (current) => (current ? { ...current, status: 'reconnect' } : null),
      { action: 'token_refused', code: 40105 },
      { via: 'dispatch', actor: 'TikTok' },
    )
    const { url } = await world.authorisations.begin('advertiser', 'acme', 'ana')
    const renewed = await world.authorisations.finish(await world.agree(url))
    expect(renewed.status).toBe('active')
    expect(renewed.dataKey).toEqual(first.dataKey)
    expect(renewed.accessToken).not.toEqual(first.accessToken)
  })

  it('is revoked at TikTok when the connection is disconnected, unless another reports with the same token', async () => {
    const world = await openOauth()
    const { accessToken } = await connect(world)
    const token = world.keyring.unwrap(accessToken as Buffer, 'token:acme').toString()
    const { before, record } = await changeConnection('acme', 'disconnect', world.connections, cli)
    expect(await revokeGrants(before, record, world.connections, world.oauth, cli)).toBe('revoked')
    expect(world.tiktok.revoked).toContain(token)
    expect(await world.history('acme')).toEqual(['authorised', 'disconnected', 'revoked'])
  })
})

describe('a TikTok account’s authorisation', () => {
  const scopes = ['user.info.basic', 'message.list.read']
  const withAccount = async () => {
    const world = await openOauth()
    await connect(world, { accountId: 'biz' })
    const { url } = await world.authorisations.begin('account', 'acme', 'ana')
    await world.authorisations.finish(await world.agree(url, { scopes }))
    const now = () => world.directory.byId('acme')
    const contexts = { accessToken: 'account-token:acme', refreshToken: 'refresh-token:acme' } as const
    const open = (name: keyof typeof contexts) =>
      world.keyring.unwrap(now()?.account?.[name] as Buffer, contexts[name]).toString()
    const later = (ms: number) => world.clock.set(world.clock.now() + ms)
    const refresh = () =>
      refreshDue({ ...world.connections, oauth: world.oauth, redis: world.redis, clock: world.clock })
    return { ...world, world, now, open, refresh, later }
  }
  const day = 86_400_000

  it('is of the account of the connection, with all that is needed', async () => {
    const { world, now } = await withAccount()
    expect(now()?.account).toMatchObject({ openId: 'biz', scopes })
    const again = async (grant: object) => {
      const { url } = await world.authorisations.begin('account', 'acme', 'ana')
      return world.authorisations.finish(await world.agree(url, { scopes, ...grant }))
    }
    await expect(again({ openId: 'other' })).rejects.toThrow(/not the account of acme/)
    await expect(again({ scopes: ['user.info.basic'] })).rejects.toThrow(
      /missing: message.list.read \(read its messages\); .*owner agree/,
    )
    // Without `user.info.basic` TikTok's answer has no open_id.
    await expect(again({ scopes: [], openId: '' })).rejects.toThrow(
      /missing: user.info.basic \(.*\), message.list.read/,
    )
    expect(world.calls.at(-1)).toBe('tt_user/oauth2/revoke/')
  })

  it('is refreshed ahead of time, and not before', async () => {
    const { open, refresh, later, now } = await withAccount()
    const first = open('refreshToken')
    expect(await refresh()).toEqual([])
    expect(open('refreshToken')).toBe(first)
    later(0.8 * day)
    await refresh()
    expect(open('refreshToken')).not.toBe(first)
    // The new token has worked.
    expect(now()?.account?.previousRefreshToken).toBeNull()
  })

  it('survives a lost answer: the previous token is tried again', async () => {
    const { open, refresh, later, lost, now } = await withAccount()
    later(0.8 * day)
    lost.add('tt_user/oauth2/refresh_token/')
    expect(await refresh()).toEqual(['acme'])
    expect(now()?.status).toBe('active')
    await refresh()
    const works = open('refreshToken')
    later(0.8 * day)
    await refresh()
    expect(open('refreshToken')).not.toBe(works)
    expect(now()?.status).toBe('active')
  })

  it('keeps both tokens until the new one has worked', async () => {
    const { refresh, later, lost, now } = await withAccount()
    later(0.8 * day)
    lost.add('tt_user/token_info/get/')
    expect(await refresh()).toEqual(['acme'])
    expect(now()?.account?.previousRefreshToken).not.toBeNull()
  })

  it('that was withdrawn sets the connection to reconnect', async () => {
    const { refresh, later, tiktok, now, history } = await withAccount()
    tiktok.withdraw('biz')
    later(0.8 * day)
    await refresh()
    expect(now()).toMatchObject({ status: 'reconnect', statusCode: 40105 })
    expect((await history('acme')).at(-1)).toBe('account_refused')
  })

  it('is refreshed by one process at a time', async () => {
    const { refresh, later, calls } = await withAccount()
    later(0.8 * day)
    await Promise.all([refresh(), refresh(), refresh()])
    expect(calls.filter((path) => path.includes('refresh_token'))).toHaveLength(1)
  })
})
