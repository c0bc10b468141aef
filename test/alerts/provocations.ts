/** Makes each alert fire on a running pipeline, and clear again. */
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { whatsappText } from '../../services/local/demo/webhooks.ts'
import { identifyProcess } from '../../services/local/processes/processes.ts'
import { readSecrets, readState } from '../../services/local/supervisor/state-file.ts'
import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { openRegistry } from '../../services/runtime/adapters/registry/registry.ts'
import { systemClock } from '../../services/runtime/clock.ts'
import { kafkaSettingsOf } from '../../services/runtime/config.ts'
import { Codec } from '../../services/runtime/topics/codec.ts'
import { topics } from '../../services/topology.ts'
import { accountGrant, connectionRecord, testKeyring } from '../support/builders.ts'
import { signingBroker } from '../support/signing-broker.ts'
import type { World } from '../support/world.ts'

type Undo = () => Promise<unknown>
export interface Step {
  readonly alerts: readonly string[]
  readonly how: string
  provoke(): Promise<Undo>
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** Interval of the steady traffic. */
const intervalMs = 200
/** More consecutive dead letters than the limit of a stage. */
const undecodableRecords = 6_000

/** Accounts of the advertisers, named by the fault that each gets; `good` gets none. */
const accounts = { good: '1001', other: '1002', unknown: '1003', refused: '1004' } as const
type Advertiser = keyof typeof accounts

export const provocations = (world: World, disk: string | null): { setUp(): Promise<void>; steps: readonly Step[] } => {
  const { simulator, redis, brokers } = world.pipeline.ready
  let n = 0
  const message = (account: string) =>
    whatsappText(`5215550${String(++n).padStart(7, '0')}`, `wamid.alert.${n}`, 'ya hice el pago', Date.now(), account)
  const post = (account: string) => world.post(message(account)).catch(() => undefined)

  /** Repeats work until the returned function is called. */
  const repeatedly = (work: () => unknown, ms = intervalMs): Undo => {
    const timer = setInterval(work, ms)
    return async () => clearInterval(timer)
  }
  const traffic = (...who: Advertiser[]) => repeatedly(() => who.map((one) => post(accounts[one])))

  const pidOf = (name: string) => readState(world.dataDir)?.children[name]?.pid as number
  const freeze = (name: string): Undo => {
    const pid = pidOf(name)
    process.kill(pid, 'SIGSTOP')
    return async () => process.kill(pid, 'SIGCONT')
  }
  const add = async (who: Advertiser, token: string) => {
    const connection = {
      ...{ connectionId: `c-${who}`, tenantId: 't', source: 'whatsapp', accountId: accounts[who] },
      ...{ advertiserId: `a-${who}`, eventSetId: `e-${who}`, accessToken: token },
    }
    const file = world.file(`${who}.json`, JSON.stringify(connection))
    const { code, stderr } = await world.pipeline.signals('connections', 'add', '--file', file)
    if (code !== 0) throw new Error(stderr)
  }
  const tokenOf = (who: Advertiser) => `token-${who}`
  const fault = (what: object) => fetch(`${simulator}/_control/faults`, { method: 'POST', body: JSON.stringify(what) })
  const clearFaults = () => fetch(`${simulator}/_control/faults`, { method: 'DELETE' })
  const redisCommand = (...parts: string[]) =>
    new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(redis)
      const socket = createConnection(Number(port), hostname, () => socket.write(`${parts.join(' ')}\r\n`))
      socket.once('data', (answer) => {
        resolve(answer.toString())
        socket.destroy()
      })
      socket.once('error', reject)
    })
  const writeUndecodable = async (count: number) => {
    const broker = openBroker(kafkaSettingsOf(process.env, brokers, 'alerts'))
    const producer = await broker.producer()
    await producer.send(
      Array.from({ length: count }, (_, at) => ({
        topic: topics.messages.name,
        key: `k${at}`,
        value: Buffer.from('no avro at all'),
      })),
    )
    await producer.close()
    await broker.close()
  }
  /** Writes the record that the console would write, with a refresh token that expires in the given number of days. */
  const writeAccount = async (refreshDays: number) => {
    const broker = openBroker(kafkaSettingsOf(process.env, brokers, 'alerts'))
    await testKeyring()
    const producer = await signingBroker(broker, readSecrets(world.dataDir).SIGNALS_MASTER_KEY).producer()
    const codec = await Codec.open(openRegistry(world.pipeline.ready.registry), systemClock, ['connections'])
    const day = 86_400_000
    const now = Date.now()
    const account = accountGrant({ expiresAt: now + day, refreshExpiresAt: now + refreshDays * day })
    const value = connectionRecord({ connectionId: 'c-ends', accountId: '1005', status: 'paused', account })
    await producer.send([
      { topic: topics.connections.name, key: value.connectionId, value: codec.encode('connections', value) },
    ])
    await producer.close()
    await broker.close()
  }
  const forge = async () => {
    const broker = openBroker(kafkaSettingsOf(process.env, brokers, 'alerts'))
    const producer = await broker.producer()
    await producer.send([{ topic: topics.connections.name, key: 'c-forged', value: Buffer.from('not signed') }])
    await producer.close()
    await broker.close()
  }
  const fill = (share: number): Undo => {
    const file = join(disk as string, 'filling')
    const { bavail, bsize, blocks } = statfsSync(disk as string)
    writeFileSync(file, Buffer.alloc(Math.floor(bavail * bsize - share * blocks * bsize)))
    return async () => rmSync(file)
  }
  const both =
    (...undos: Undo[]): Undo =>
    () =>
      Promise.all(undos.map((undo) => undo()))

  /** A fault for all advertisers. Its traffic continues for 60 s after the end, because a breaker closes only by a successful call. */
  const faultForAll = async (what: object): Promise<Undo> => {
    await fault(what)
    const end = traffic('good', 'other', 'unknown')
    return async () => {
      await clearFaults()
      setTimeout(end, 60_000)
    }
  }

  const setUp = async () => {
    for (const who of Object.keys(accounts) as Advertiser[]) await add(who, tokenOf(who))
    const list = world.file('keywords.csv', 'keyword,flag\npago,payment\n')
    await world.pipeline.signals('keywords', 'import', list)
    await world.deliver(message(accounts.good))
    await world.arrivedCount(2)
  }

  const steps: Step[] = [
    {
      alerts: ['SignalsTrackingShareDropped'],
      how: 'conversations start with a tracking ID for 70 s, then without one',
      provoke: async () => {
        const tracked = () => {
          const text = `hola https://shop.example/?ttclid=E.C.P.${n}`
          return world.post(
            whatsappText(`5215551${String(++n).padStart(7, '0')}`, `wamid.t.${n}`, text, Date.now(), accounts.good),
          )
        }
        const end = repeatedly(() => tracked().catch(() => undefined))
        await sleep(70_000)
        await end()
        return traffic('good')
      },
    },
    {
      alerts: ['SignalsTikTokUnknownCode'],
      how: 'TikTok answers 77777 to one advertiser',
      provoke: async () => {
        await fault({ token: tokenOf('unknown'), code: 77_777, count: 3 })
        return both(traffic('good', 'unknown'), clearFaults)
      },
    },
    {
      alerts: ['SignalsTikTokFails', 'SignalsBreakerOpen'],
      how: 'TikTok answers 50000 to all advertisers',
      provoke: () => faultForAll({ code: 50_000 }),
    },
    {
      alerts: ['SignalsTikTokThrottles'],
      how: 'TikTok answers 40100 to all advertisers',
      provoke: () => faultForAll({ code: 40_100 }),
    },
    {
      alerts: ['SignalsTokenRefused', 'SignalsParked'],
      how: 'TikTok refuses a token (40105); a new one is added',
      provoke: async () => {
        await fault({ token: tokenOf('refused'), code: 40_105 })
        const end = traffic('refused')
        return async () => {
          await end()
          await clearFaults()
          await add('refused', 'token-new')
        }
      },
    },
    {
      alerts: ['SignalsTokenExpiring'],
      how: "an account's refresh token expires in a day; a new one is added",
      provoke: async () => {
        await writeAccount(1)
        return () => writeAccount(365)
      },
    },
    {
      alerts: ['SignalsDeadLetterRatio'],
      how: 'five undecodable records a second in messages.v1',
      provoke: async () =>
        both(
          traffic('good'),
          repeatedly(() => writeUndecodable(5), 1_000),
        ),
    },
    {
      alerts: ['SignalsSignaturesRefused'],
      how: 'deliveries with a wrong signature',
      provoke: async () =>
        repeatedly(() => {
          const request = message(accounts.good)
          return world.post({
            ...request,
            headers: { ...request.headers, 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` },
          })
        }),
    },
    {
      alerts: ['SignalsRecordsRefused'],
      how: 'a connection that no key of the pipeline signed',
      provoke: async () => {
        await forge()
        return async () => {}
      },
    },
    {
      alerts: ['SignalsRedisMemory'],
      how: 'maxmemory is set just above the memory that Redis uses',
      provoke: async () => {
        const used = Number(/used_memory:(\d+)/.exec(await redisCommand('INFO', 'memory'))?.[1])
        await redisCommand('CONFIG', 'SET', 'maxmemory', String(Math.floor(used * 1.15)))
        return () => redisCommand('CONFIG', 'SET', 'maxmemory', '0')
      },
    },
    {
      alerts: ['SignalsProcessDown', 'SignalsLate', 'SignalsVeryLate'],
      how: 'keywords is frozen (SIGSTOP) while messages arrive',
      provoke: async () => both(traffic('good'), freeze('keywords')),
    },
    {
      alerts: ['SignalsDependencyDown'],
      how: 'Redis is frozen (SIGSTOP)',
      provoke: async () => both(traffic('good'), freeze('redis')),
    },
    {
      alerts: ['SignalsGatewayRefuses'],
      how: 'Kafka is frozen (SIGSTOP)',
      provoke: async () => both(traffic('good'), freeze('kafka')),
    },
    {
      alerts: ['SignalsProcessRestarting'],
      how: 'keywords is killed three times',
      provoke: async () => {
        for (let kills = 0; kills < 3; kills++) {
          const pid = pidOf('keywords')
          process.kill(pid, 'SIGKILL')
          const url = world.pipeline.ready.metrics.keywords as string
          const isRestarted = () => pidOf('keywords') !== pid && identifyProcess(pidOf('keywords')) !== null
          while (
            !isRestarted() ||
            !(await fetch(url).then(
              ({ ok }) => ok,
              () => false,
            ))
          )
            await sleep(200)
          // Time for a scrape.
          await sleep(3_000)
        }
        return async () => {}
      },
    },
    {
      alerts: ['SignalsAccountQuarantined'],
      how: 'an account delivers messages whose sender is too long; it is released',
      provoke: async () => {
        for (let sent = 0; sent < 60; sent++)
          await world.deliver(whatsappText('9'.repeat(2_000), `broken-${sent}`, 'hola', Date.now(), accounts.other))
        return () => world.pipeline.signals('quarantine', 'release', `whatsapp/${accounts.other}`, '--yes')
      },
    },
    {
      alerts: ['SignalsStageHalted'],
      how: `${undecodableRecords} consecutive undecodable records; the stage is restarted`,
      provoke: async () => {
        await writeUndecodable(undecodableRecords)
        return async () => {
          // Each start dead-letters records up to the limit.
          for (let starts = 0; starts < 10; starts++) {
            const url = (world.pipeline.ready.metrics.attribution as string).replace(/metrics$/, 'healthz')
            const state = await fetch(url).then(
              async (answer) => ((await answer.json()) as { state: string }).state,
              () => '',
            )
            if (state === 'running') return
            if (state === 'halted') process.kill(pidOf('attribution'), 'SIGKILL')
            await sleep(4_000)
          }
        }
      },
    },
    {
      alerts: ['SignalsNothingForwarded'],
      how: 'only deliveries of an account without a connection',
      provoke: async () => {
        const end = repeatedly(() => post('9999'))
        return both(end, async () => {
          setTimeout(traffic('good'), 40_000)
        })
      },
    },
  ]
  if (disk !== null) {
    steps.push(
      { alerts: ['SignalsDiskLow'], how: 'the disk is filled to 90 %', provoke: async () => fill(0.1) },
      { alerts: ['SignalsDiskFull'], how: 'the disk is filled to 97 %', provoke: async () => fill(0.03) },
    )
  }
  return { setUp, steps }
}
