/**
 * `make bench-gateway`: the gateway under an open-loop load of signed deliveries from five sources, on loopback, with a real Kafka.
 * Latency counts from the time at which a delivery was due. Fails unless Kafka holds exactly the deliveries answered with 200.
 */
import { createHash, createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { localFields } from '../../services/local/config.ts'
import { runningState } from '../../services/local/supervisor/state-file.ts'
import { Supervisor } from '../../services/local/supervisor/supervisor.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { kafkaSettingsOf, loadConfig } from '../../services/runtime/config.ts'
import { topics } from '../../services/topology.ts'
import { usage } from './usage.ts'

const { values } = parseArgs({
  options: { rate: { type: 'string', default: '500' }, seconds: { type: 'string', default: '20' } },
})
const rate = Number(values.rate)
const seconds = Math.min(60, Number(values.seconds))
/** ms; the shortest deadline of a source is 2 s. */
const maxP99 = 100

const print = (line: string) => process.stdout.write(`${line}\n`)
const secret = 'bench secret'
const appId = '11'

interface Delivery {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
}

const json = { 'content-type': 'application/json' }
const hmac = (text: string, encoding: 'hex' | 'base64') => createHmac('sha256', secret).update(text).digest(encoding)

/** One delivery of each of five sources with different ways of authentication. */
const makers: Record<string, (n: number, now: number) => Delivery> = {
  whatsapp: (n, now) => {
    const message = {
      from: `521${n}`,
      id: `wamid.${n}`,
      timestamp: String(Math.floor(now / 1000)),
      type: 'text',
      text: { body: 'hola, ya hice el pago' },
    }
    const value = {
      messaging_product: 'whatsapp',
      metadata: { display_phone_number: '1555', phone_number_id: `wa-${n % 50}` },
      messages: [message],
    }
    const body = JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [{ id: '1', changes: [{ field: 'messages', value }] }],
    })
    return {
      path: '/webhooks/whatsapp',
      headers: { ...json, 'x-hub-signature-256': `sha256=${hmac(body, 'hex')}` },
      body,
    }
  },
  messenger: (n, now) => {
    const body = JSON.stringify({
      object: 'page',
      entry: [
        {
          id: `page-${n % 50}`,
          time: now,
          messaging: [
            {
              sender: { id: `p-${n}` },
              recipient: { id: 'page' },
              timestamp: now,
              message: { mid: `m-${n}`, text: 'sudah bayar' },
            },
          ],
        },
      ],
    })
    return {
      path: '/webhooks/messenger',
      headers: { ...json, 'x-hub-signature-256': `sha256=${hmac(body, 'hex')}` },
      body,
    }
  },
  tiktok: (n, now) => {
    const content = JSON.stringify({
      conversation_id: `c-${n}`,
      message_id: `t-${n}`,
      timestamp: now,
      type: 'text',
      text: { body: 'hola' },
    })
    const body = JSON.stringify({
      client_key: 'app',
      event: 'im_receive_msg',
      create_time: Math.floor(now / 1000),
      user_openid: `biz-${n % 50}`,
      content,
    })
    const t = Math.floor(now / 1000)
    return {
      path: '/webhooks/tiktok',
      headers: { ...json, 'tiktok-signature': `t=${t},s=${hmac(`${t}.${body}`, 'hex')}` },
      body,
    }
  },
  zalo: (n, now) => {
    const body = JSON.stringify({
      app_id: appId,
      event_name: 'user_send_text',
      sender: { id: `u-${n}` },
      recipient: { id: `oa-${n % 50}` },
      timestamp: String(now),
      message: { msg_id: `z-${n}`, text: 'chào shop' },
    })
    const mac = createHash('sha256').update(`${appId}${body}${now}${secret}`).digest('hex')
    return { path: '/webhooks/zalo', headers: { ...json, 'x-zevent-signature': `mac=${mac}` }, body }
  },
  pancake: (n, now) => {
    const body = JSON.stringify({
      event_type: 'messaging',
      page_id: `pg-${n % 50}`,
      data: {
        conversation: { id: `pg_${n}`, type: 'INBOX' },
        message: {
          id: `pm-${n}`,
          type: 'INBOX',
          from: { id: `f-${n}` },
          inserted_at: new Date(now).toISOString(),
          message: '<div>giá bao nhiêu?</div>',
          attachments: [],
        },
      },
    })
    return { path: `/webhooks/pancake?key=${encodeURIComponent(secret)}`, headers: json, body }
  },
}

const agent = new Agent({ keepAlive: true, maxSockets: 256 })
const post = (port: number, { path, headers, body }: Delivery): Promise<number> =>
  new Promise((resolve) => {
    const request = httpRequest(
      {
        agent,
        host: '127.0.0.1',
        port,
        method: 'POST',
        path,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      },
      (response) => {
        response.resume()
        response.once('end', () => resolve(response.statusCode ?? 0))
      },
    )
    request.once('error', () => resolve(0))
    request.end(body)
  })

const dataDir = mkdtempSync(join(tmpdir(), 'signals-bench-gateway-'))
const secrets = Object.fromEntries(Object.keys(makers).map((name) => [`${name.toUpperCase()}_WEBHOOK_SECRET`, secret]))
const env = {
  ...process.env,
  ...secrets,
  ZALO_APP_ID: appId,
  SIGNALS_DATA_DIR: dataDir,
  // The accounts of this load have no connections.
  GATEWAY_KEEP_UNCONNECTED: 'true',
  LOG_LEVEL: 'warn',
  SIGNALS_MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
}
const supervisor = new Supervisor(loadConfig(localFields, env), env, () => {})
try {
  const parts = await supervisor.startParts()
  const { gateway } = await supervisor.startServices(parts, ['gateway'])
  const port = Number(new URL(gateway).port)
  const kinds = Object.values(makers)
  const makeOf = (n: number) => kinds[n % kinds.length] as (n: number, now: number) => Delivery

  const load = async (count: number): Promise<{ took: number[]; statuses: Map<number, number> }> => {
    const took: number[] = []
    const statuses = new Map<number, number>()
    const started = performance.now()
    const requests: Promise<void>[] = []
    for (let n = 0; n < count; ) {
      const due = Math.min(count, Math.floor(((performance.now() - started) / 1000) * rate) + 1)
      for (; n < due; n++) {
        const dueAt = started + (n / rate) * 1000
        const delivery = makeOf(n)(n, Date.now())
        requests.push(
          post(port, delivery).then((status) => {
            took.push(performance.now() - dueAt)
            statuses.set(status, (statuses.get(status) ?? 0) + 1)
          }),
        )
      }
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await Promise.all(requests)
    return { took: took.sort((a, b) => a - b), statuses }
  }

  const broker = openBroker(kafkaSettingsOf(process.env, parts.brokers, 'bench-gateway'))
  const inKafka = async () =>
    (await broker.offsets('signals-bench', topics.channelEvents.name)).reduce(
      (sum, { low, high }) => sum + Number(high - low),
      0,
    )
  // Warm-up: a process that has just started still compiles its code.
  await load(rate * 3)
  const processes = { gateway: supervisor.pids.gateway, kafka: runningState(dataDir)?.children.kafka?.pid ?? 0 }
  const cpu = () => Object.values(processes).map((pid) => usage(pid).cpu)
  const before = await inKafka()
  const cpuBefore = cpu()
  const { took, statuses } = await load(rate * seconds)
  const used = cpu().map((now, at) => ((now - (cpuBefore[at] as number)) * 1e6) / took.length)
  const stored = (await inKafka()) - before
  await broker.close()

  const quantile = (q: number) => took[Math.min(took.length - 1, Math.floor(q * took.length))] ?? 0
  const accepted = statuses.get(200) ?? 0
  print(
    `gateway at ${rate} deliveries/s for ${seconds} s, ${kinds.length} sources: median ${quantile(0.5).toFixed(1)} ms, p99 ${quantile(0.99).toFixed(1)} ms, largest ${quantile(1).toFixed(1)} ms`,
  )
  print(`  answers: ${[...statuses].map(([status, count]) => `${count} × ${status}`).join(', ')}; in Kafka: ${stored}`)
  print(
    `  CPU µs a delivery: ${Object.keys(processes)
      .map((name, at) => `${name} ${used[at]?.toFixed(0)}`)
      .join(', ')}`,
  )
  if (stored !== accepted || accepted !== took.length) {
    print('  the deliveries answered with 200 and those in Kafka differ, or the gateway refused some')
    process.exitCode = 1
  }
  if (quantile(0.99) > maxP99) {
    print(`  p99 is above ${maxP99} ms`)
    process.exitCode = 1
  }
} finally {
  agent.destroy()
  await supervisor.stop()
  rmSync(dataDir, { recursive: true, force: true })
}
