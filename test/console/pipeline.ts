/** The pipeline that the stories share, with what a person outside of the console does to it: sends, breaks, repairs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPipeline } from '../../services/local/demo/pipeline.ts'
import { whatsappAccount, whatsappSecret, whatsappText } from '../../services/local/demo/webhooks.ts'
import { readState } from '../../services/local/supervisor/state-file.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { openRegistry } from '../../services/runtime/adapters/registry/registry.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import { readKeyring } from '../../services/runtime/keys/data-secret.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { connectionRecordOf } from '../../services/shared/connections/connection.ts'
import { parseConnection } from '../../services/shared/connections/connection-file.ts'
import { topics } from '../../services/topology.ts'
import { signingBroker } from '../support/signing-broker.ts'

/** A source whose mapping a partner forgot to install. */
export const cornerShop = 'corner-shop'
export const cornerMapping = `source: ${cornerShop}
version: 1
about: A shop's own inbox.
accounts: [body.shop]
signature: { algorithm: equality, header: x-shop-key }
recognise: { value: body.items, is: list }
rules:
  - each: { item: "body.items[]" }
    event:
      accountId: body.shop
      channel: { const: webchat }
      conversationId: item.room
      messageId: item.id
      kind: { const: message }
      direction: { const: inbound }
      sender: { const: user }
      time: [{ of: item.at, unit: ms }]
      text: [{ of: item.words, origin: { const: typed } }]
`

export const openStories = async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'signals-console-'))
  const mappings = mkdtempSync(join(tmpdir(), 'signals-mappings-'))
  const masterKey = Buffer.alloc(32, 7).toString('base64')
  const pipeline = await startPipeline(dataDir, {
    ...process.env,
    WHATSAPP_WEBHOOK_SECRET: whatsappSecret,
    SIGNALS_MASTER_KEY: masterKey,
    SIGNALS_MAPPINGS_DIR: mappings,
    ATTRIBUTION_WAIT: '200ms',
    LOG_LEVEL: 'warn',
  })
  const { ready } = pipeline
  const file = (name: string, content: string) => {
    const path = join(dataDir, name)
    writeFileSync(path, content)
    return path
  }
  const signals = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await pipeline.signals(...args)
    if (code !== 0) throw new Error(`signals ${args.join(' ')}: ${stderr}`)
    return stdout
  }
  const broker = openBroker(kafkaSettingsOf(process.env, ready.brokers, 'stories'))
  const codec = await Codec.open(openRegistry(ready.registry))
  const keyring = await readKeyring(
    { SIGNALS_MASTER_KEY: masterKey, SIGNALS_MASTER_KEY_PREVIOUS: [] },
    { broker, codec },
  )
  const producer = await signingBroker(broker, masterKey).producer()
  const recordOf = (connectionId: string, accountId: string, source = 'whatsapp') => {
    const ids = { connectionId, accountId, source, tenantId: 'stories', advertiserId: '702', eventSetId: '902' }
    const input = parseConnection({ ...ids, accessToken: `token-of-${connectionId}` })
    const record = connectionRecordOf(input, undefined, Date.now(), keyring)
    return { topic: topics.connections.name, key: connectionId, value: codec.encode('connections', record) }
  }
  let sent = 0
  return {
    ...{ ready, dataDir, masterKey, file, signals, whatsappAccount },
    connect: (connectionId: string, accountId: string, source?: string) =>
      producer.send([recordOf(connectionId, accountId, source)]),
    /** Connections of advertisers that write nothing. */
    connectMany: async (count: number) => {
      for (let from = 0; from < count; from += 500)
        await producer.send(
          Array.from({ length: Math.min(500, count - from) }, (_, n) =>
            recordOf(`advertiser-${String(from + n).padStart(5, '0')}`, `9${String(from + n).padStart(9, '0')}`),
          ),
        )
    },
    /** A message of a person to the first shop. */
    say: async (person: string, text: string, account = whatsappAccount) => {
      const id = `wamid.${++sent}`
      const { path, headers, body } = whatsappText(person, id, text, Date.now() - 60_000, account)
      const response = await fetch(`${ready.gateway}${path}`, { method: 'POST', headers, body })
      if (!response.ok) throw new Error(`the gateway answered ${response.status}`)
    },
    /** Records that a connector writes to Kafka itself. */
    write: (values: readonly string[], headers: Record<string, string> = {}) =>
      producer.send(
        values.map((value, n) => ({
          ...{ topic: topics.channelEvents.name, key: `person-${n}`, value: Buffer.from(value) },
          headers,
        })),
      ),
    installMapping: (mapping = cornerMapping) => writeFileSync(join(mappings, `${cornerShop}.yaml`), mapping),
    fault: (fault: object) =>
      fetch(`${ready.simulator}/_control/faults`, { method: 'POST', body: JSON.stringify(fault) }),
    heal: () => fetch(`${ready.simulator}/_control/faults`, { method: 'DELETE' }),
    /** The advertiser opens the address, goes on to TikTok and agrees there. */
    agree: async (address: string) => {
      const went = await fetch(address, { method: 'POST', redirect: 'manual' })
      const cookie = went.headers.get('set-cookie')?.split(';')[0] as string
      const url = went.headers.get('location') as string
      const form = new URLSearchParams(new URL(url).searchParams)
      for (const [name, value] of [
        ['answer', 'approve'],
        ['scopes', '7224195155857866754'],
        ['advertiser_ids', '702'],
      ] as const)
        form.set(name, value)
      const agreed = await fetch(url, { method: 'POST', body: form, redirect: 'manual' })
      await fetch(agreed.headers.get('location') as string, { headers: { cookie } })
    },
    signal: (name: string, how: NodeJS.Signals) => {
      const pid = readState(dataDir)?.children[name]?.pid
      if (!pid) throw new Error(`${name} does not run`)
      process.kill(pid, how)
    },
    stop: async () => {
      await producer.close().catch(() => {})
      await broker.close().catch(() => {})
      await pipeline.stop()
      for (const folder of [dataDir, mappings]) rmSync(folder, { recursive: true, force: true })
    },
  }
}
export type Stories = Awaited<ReturnType<typeof openStories>>
