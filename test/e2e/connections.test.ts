import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runSignals } from '../../services/local/demo/pipeline.ts'
import { type Request, tiktok, tiktokAccount, tiktokText } from '../../services/local/demo/webhooks.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { openRedis } from '../../services/runtime/adapters/redis.ts'
import { openRegistry } from '../../services/runtime/adapters/registry/registry.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import { readKeyring } from '../../services/runtime/keys/data-secret.ts'
import { Keyring, SealBroken } from '../../services/runtime/keys/keyring.ts'
import { openContent } from '../../services/runtime/keys/sealed-content.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { readWhole } from '../../services/runtime/topics/read-topic.ts'
import { RedisConversationStore } from '../../services/shared/conversations/store.ts'
import type { ConnectionRecord } from '../../services/shared/model/connection-record.ts'
import type { AttributedMessage, Delivery, Signal } from '../../services/shared/model/topic-values.ts'
import { eventually } from '../support/eventually.ts'
import { noParts, openWorld, type World } from '../support/world.ts'

/** One connection's life, from the consent page to a webhook after the end of consent. */
describe('the life of a connection', () => {
  const oldKey = Buffer.alloc(32, 3).toString('base64')
  const newKey = Buffer.alloc(32, 4).toString('base64')
  let world: World
  let n = 0
  /** The connection as it was until it was disconnected, ms. */
  let alive: ConnectionRecord
  let disconnectedAt = 0

  beforeAll(async () => {
    world = await openWorld({
      SIGNALS_MASTER_KEY: oldKey,
      SIGNALS_MASTER_KEY_PREVIOUS: newKey,
      ATTRIBUTION_WAIT: '200ms',
    })
    await signals('keywords', 'import', world.file('keywords.csv', 'keyword,flag\npago,payment\n'))
  }, 120_000)
  afterAll(() => world?.stop(), 60_000)

  const signals = async (...args: string[]) => {
    const { code, stdout, stderr } = await world.pipeline.signals(...args)
    if (code !== 0) throw new Error(`${args.join(' ')}: ${stderr}`)
    return stdout
  }
  const json = async <T>(...args: string[]) => JSON.parse(await signals(...args, '--json')) as T
  const status = async () => (await json<{ status: string }>('connections', 'show', 'shop')).status
  const words = (count: number): Request[] =>
    Array.from({ length: count }, () => tiktokText(`conv-${++n}`, `m-${n}`, 'ya hice el pago', Date.now()))
  /** Goes on to the consent page and agrees there, in one browser. */
  const agree = async (address: string) => {
    expect(await (await fetch(address)).text()).toContain('Go on to TikTok')
    const went = await fetch(address, { method: 'POST', redirect: 'manual' })
    const cookie = went.headers.get('set-cookie')?.split(';')[0] as string
    const url = went.headers.get('location') as string
    const form = new URLSearchParams(new URL(url).searchParams)
    form.set('answer', 'approve')
    form.set('scopes', '7224195155857866754')
    form.set('advertiser_ids', '702')
    const page = await fetch(url)
    expect(page.status).toBe(200)
    const agreed = await fetch(url, { method: 'POST', body: form, redirect: 'manual' })
    const back = agreed.headers.get('location') as string
    expect(back).toContain(`${world.pipeline.ready.callback}/admin/v1/oauth/callback`)
    // Another browser cannot use the answer, nor use it up.
    expect((await fetch(back)).status).toBe(400)
    const answer = await fetch(back, { headers: { cookie } })
    return { answer, again: () => fetch(back, { headers: { cookie } }) }
  }
  const control = (path: string, body: object) =>
    fetch(`${world.pipeline.ready.simulator}/_control/${path}`, { method: 'POST', body: JSON.stringify(body) })
  /** Decodes all records of a topic. */
  const all = async <T>(
    topic: 'attributedMessages' | 'signals' | 'deliveries' | 'connections',
    name: string,
  ): Promise<T[]> => {
    const { brokers, registry } = world.pipeline.ready
    const broker = openBroker(kafkaSettingsOf(process.env, brokers, 'e2e'))
    const codec = await Codec.open(openRegistry(registry))
    const found: T[] = []
    const following = await broker.follow([name], async (record) => {
      if (record.value === null) return
      await codec.prepare([record])
      found.push(codec.decode(topic, record) as T)
    })
    await following.stop()
    await broker.close()
    return found
  }

  it('begins with an agreement, once', async () => {
    const file = world.file(
      'shop.json',
      JSON.stringify({
        connectionId: 'shop',
        tenantId: 't',
        source: 'tiktok',
        accountId: tiktokAccount,
        eventSetId: '902',
      }),
    )
    const { url } = await json<{ url: string }>('connections', 'authorise', '--file', file)
    const { answer, again } = await agree(url)
    expect(await answer.text()).toContain('shop is active')
    expect((await again()).status).toBe(400)
    await world.deliver(...words(3))
    await world.arrivedCount(6)
  }, 60_000)

  it('continues during a rotation of the master key: no signal is repeated, no text is lost', async () => {
    const before = (await world.arrived()).map(({ event_id }) => event_id)
    const again = words(1)
    await world.deliver(...again)
    await world.arrivedCount(8)
    // Every process has both keys; until now the old one is active.
    const keys = { SIGNALS_MASTER_KEY: newKey, SIGNALS_MASTER_KEY_PREVIOUS: oldKey }
    const env = { ...process.env, ...noParts, SIGNALS_DATA_DIR: world.dataDir, ...keys }
    const { code, stdout, stderr } = await runSignals(['keys', 'rotate', '--json'], env)
    if (code !== 0) throw new Error(stderr)
    expect(JSON.parse(stdout)).toMatchObject({ rewrapped: 1, left: [] })
    await world.deliver(...again, ...words(1))
    const events = await world.arrivedCount(10)
    expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(10)
    expect(events.map(({ event_id }) => event_id)).toEqual(expect.arrayContaining(before))
    // The old key alone opens nothing of this installation.
    const thief = await Keyring.open(oldKey)
    const latest = (await all<ConnectionRecord>('connections', 'connections.v1')).at(-1)
    expect(() => thief.unwrap(latest?.accessToken as Buffer, 'token:shop')).toThrow(SealBroken)
    expect(() => thief.unwrap(latest?.dataKey as Buffer, 'data-key:shop')).toThrow(SealBroken)
  }, 60_000)

  it('holds signals while TikTok refuses the token and while it is paused; then sends all', async () => {
    const before = (await world.arrived()).length
    await control('faults', { code: 40105, eventSourceId: '902' })
    await world.deliver(...words(2))
    await eventually('reconnect', async () => (await status()) === 'reconnect')
    await fetch(`${world.pipeline.ready.simulator}/_control/faults`, { method: 'DELETE' })
    const { url } = await json<{ url: string }>('connections', 'authorise', 'shop')
    await agree(url)
    await world.arrivedCount(before + 4)
    await signals('connections', 'pause', 'shop')
    await world.deliver(...words(1))
    await signals('connections', 'resume', 'shop')
    await world.arrivedCount(before + 6)
  }, 60_000)

  /** undefined: the broker has deleted the file meanwhile. */
  const contentOf = (file: string): Buffer | undefined => {
    try {
      return readFileSync(file)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }
  /** Files of the broker that hold these bytes. */
  const filesWith = (bytes: Buffer): string[] => {
    const folder = join(world.dataDir, 'kafka')
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => contentOf(file)?.includes(bytes))
  }

  it('ends during traffic: pending signals are withheld, texts can never be opened, late webhooks are dropped', async () => {
    const { brokers, registry } = world.pipeline.ready
    const broker = openBroker(kafkaSettingsOf(process.env, brokers, 'e2e'))
    const codec = await Codec.open(openRegistry(registry))
    const keyring = await readKeyring(
      { SIGNALS_MASTER_KEY: newKey, SIGNALS_MASTER_KEY_PREVIOUS: [] },
      { broker, codec },
    )
    await broker.close()
    alive = (await all<ConnectionRecord>('connections', 'connections.v1')).at(-1) as ConnectionRecord
    const sealed = (await all<AttributedMessage>('attributedMessages', 'attributed-messages.v1')).map(
      ({ message }) => ({ text: message.content as Buffer, context: message.message }),
    )
    const last = sealed.at(-1) as (typeof sealed)[number]
    const dataKey = keyring.connectionKey('shop', alive.dataKey as Buffer)
    expect(openContent(last.text, dataKey, last.context).text).toMatch('pago')
    await signals('connections', 'pause', 'shop')
    const raised = async () => (await all<Signal>('signals', 'signals.v1')).length
    const before = await raised()
    await world.deliver(...words(5))
    // Messages still undecided at the end of consent are dropped, not withheld, so wait for the stages.
    await eventually('all raised', async () => (await raised()) >= before + 10)
    const arrived = (await world.arrived()).length
    // The search finds what is there.
    for (const secret of [alive.accessToken, alive.dataKey, alive.envelopePrivateKey] as Buffer[])
      expect(filesWith(secret)).not.toEqual([])
    disconnectedAt = Date.now()
    const gone = await json<{ revoked: string; notYetInForce: string[] }>('connections', 'disconnect', 'shop', '--yes')
    expect(gone).toMatchObject({ revoked: 'revoked', notYetInForce: [] })
    await eventually('all withheld', async () => {
      const outcomes = await all<Delivery>('deliveries', 'deliveries.v1')
      return outcomes.filter(({ outcome }) => outcome === 'withheld').length >= 10
    })
    expect(await world.arrived()).toHaveLength(arrived)

    // The topic's latest record has no key.
    const latest = (await all<ConnectionRecord>('connections', 'connections.v1')).at(-1) as ConnectionRecord
    expect(latest).toMatchObject({ status: 'disconnected', accessToken: null, dataKey: null })
    for (const { text, context } of sealed) {
      expect(() => keyring.sourceKey('tiktok').open(text, context)).toThrow(SealBroken)
      expect(() => keyring.unwrap(text, `data-key:${context}`)).toThrow(SealBroken)
    }
    await world.deliver(...words(2))
    expect(await world.arrived()).toHaveLength(arrived)

    const history = await json<{ action: string; via: string }[]>('connections', 'history', 'shop')
    expect(history.map(({ action, via }) => `${via} ${action}`)).toEqual([
      'oauth authorised',
      'cli rewrapped',
      'dispatch token_refused',
      'oauth authorised',
      'cli paused',
      'cli resumed',
      'cli paused',
      'cli disconnected',
      'cli revoked',
    ])
  }, 60_000)

  it('leaves no touch and no state of its conversations', async () => {
    const { brokers } = world.pipeline.ready
    const broker = openBroker(kafkaSettingsOf(process.env, brokers, 'e2e'))
    const last = new Map<string, Buffer | null>()
    await eventually(
      'a tombstone for each conversation',
      async () => {
        await readWhole(broker, 'touches.v1', ({ key, value }) => void last.set(key as string, value))
        return last.size > 0 && [...last.values()].every((value) => value === null)
      },
      60_000,
    )
    await broker.close()
    const redis = openRedis(world.pipeline.ready.redis)
    const store = new RedisConversationStore(redis, 1)
    expect((await store.read([...last.keys()])).filter((state) => state !== null)).toEqual([])
    await redis.close()
  }, 90_000)

  it('leaves none of its keys on the disk of the broker after a minute', async () => {
    const { accessToken, dataKey, envelopePrivateKey } = alive
    for (const secret of [accessToken, dataKey, envelopePrivateKey] as Buffer[])
      await eventually(
        'the secret is on no disk',
        () => filesWith(secret).length === 0,
        disconnectedAt + 60_000 - Date.now(),
      )
  }, 70_000)

  it('also ends when the account removes its authorisation at TikTok', async () => {
    const connection = { connectionId: 'next', tenantId: 't', source: 'tiktok', accountId: tiktokAccount }
    const rest = { advertiserId: '702', eventSetId: '902', accessToken: 'by-hand' }
    const { ADMIN_TOKEN } = JSON.parse(readFileSync(join(world.dataDir, 'secrets.json'), 'utf8')) as Record<
      string,
      string
    >
    const admin = (path: string, init: RequestInit = {}) =>
      fetch(`${world.pipeline.ready.console}/admin/v1/${path}`, {
        ...init,
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'x-actor': 'ana' },
      })
    expect((await fetch(`${world.pipeline.ready.console}/admin/v1/connections`)).status).toBe(401)
    const added = await admin('connections', { method: 'POST', body: JSON.stringify({ ...connection, ...rest }) })
    expect(added.status).toBe(201)
    expect(await added.text()).not.toContain('by-hand')
    await eventually('the gateway knows the connection', async () => {
      await world.deliver(tiktok('authorization.removed', { reason: 1 }, Date.now()))
      return ((await (await admin('connections/next')).json()) as { status: string }).status === 'disconnected'
    })
    const history = (await (await admin('connections/next/history')).json()) as { action: string; actor: string }[]
    expect(history.map(({ action, actor }) => `${action} by ${actor}`)).toEqual([
      'added by admin',
      'authorisation_removed by tiktok',
    ])
  }, 60_000)
})
