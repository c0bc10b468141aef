/** A pipeline of real processes that sends to the simulator, and helpers for tests to drive it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Pipeline, startPipeline } from '../../services/local/demo/pipeline.ts'
import {
  type Request,
  tiktokAccount,
  tiktokSecret,
  whatsappAccount,
  whatsappSecret,
} from '../../services/local/demo/webhooks.ts'
import { eventually } from './eventually.ts'

export interface Arrived {
  readonly event: string
  readonly event_id: string
  readonly event_time: number
  readonly user: { readonly ttclid?: string }
  readonly properties: Readonly<Record<string, unknown>>
}

export interface World {
  readonly pipeline: Pipeline
  readonly dataDir: string
  /** Of the pipeline, to start it again. */
  readonly env: NodeJS.ProcessEnv
  post(request: Request): Promise<Response>
  /** Posts and expects 200. */
  deliver(...requests: Request[]): Promise<void>
  /** The events that the simulator received, in order of arrival. */
  arrived(): Promise<readonly Arrived[]>
  /** Waits until the simulator has received `count` events. */
  arrivedCount(count: number): Promise<readonly Arrived[]>
  file(name: string, content: string): string
  stop(): Promise<void>
}

/** Unsets addresses of the integration tests' parts, so that a pipeline starts its own and commands use its data folder. */
export const noParts = { KAFKA_BROKERS: '', REDIS_URL: '', SCHEMA_REGISTRY_URL: '' }

/** @param options of `signals up` */
export const openWorld = async (env: Record<string, string> = {}, options: readonly string[] = []): Promise<World> => {
  const dataDir = mkdtempSync(join(tmpdir(), 'signals-e2e-'))
  const full = {
    ...process.env,
    WHATSAPP_WEBHOOK_SECRET: whatsappSecret,
    TIKTOK_WEBHOOK_SECRET: tiktokSecret,
    WHATSAPP_VERIFY_TOKEN: 'verify me',
    ...noParts,
    ...env,
  }
  const pipeline = await startPipeline(dataDir, full, undefined, options)
  const { gateway, simulator } = pipeline.ready
  const world: World = {
    pipeline,
    dataDir,
    env: full,
    post: ({ path, headers, body }) => fetch(`${gateway}${path}`, { method: 'POST', headers, body }),
    deliver: async (...requests) => {
      for (const request of requests) {
        const response = await untilTaken(() => world.post(request))
        if (response.status !== 200)
          throw new Error(`the gateway answered ${response.status}: ${await response.text()}`)
      }
    },
    arrived: async () => {
      const { events } = (await (await fetch(`${simulator}/_events?limit=100000`)).json()) as {
        events: { event: Arrived }[]
      }
      return events.map(({ event }) => event)
    },
    arrivedCount: async (count) => {
      let events: readonly Arrived[] = []
      await eventually(`${count} events at TikTok`, async () => {
        events = await world.arrived()
        return events.length >= count
      })
      return events
    },
    file: (name, content) => {
      const path = join(dataDir, name)
      writeFileSync(path, content)
      return path
    },
    stop: async () => {
      await pipeline.stop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
  return world
}

/** Posts again, as a source does, while the gateway has more to do than time. Any other answer is for the caller. */
const untilTaken = async (post: () => Promise<Response>): Promise<Response> => {
  for (let left = 60; ; left--) {
    const response = await post()
    const isOverloaded = response.status === 503 && (await response.clone().text()).includes('"overloaded"')
    if (!isOverloaded || left === 0) return response
    await new Promise((resolve) => setTimeout(resolve, 1_000 * Number(response.headers.get('retry-after') ?? 1)))
  }
}

/** Posts again until the gateway accepts it, as a source does. @returns the number of tries */
export const untilAccepted = async (world: World, request: Request): Promise<number> => {
  for (let tries = 1; ; tries++) {
    const status = await world.post(request).then(
      (response) => response.status,
      () => 0,
    )
    if (status === 200) return tries
    if (tries > 200) throw new Error(`not accepted after ${tries} tries, last status ${status}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const twoConnections = [
  {
    connectionId: 'shop-wa',
    tenantId: 'shop',
    source: 'whatsapp',
    accountId: whatsappAccount,
    advertiserId: '701',
    eventSetId: '901',
    accessToken: 'token-wa',
  },
  {
    connectionId: 'shop-tt',
    tenantId: 'shop',
    source: 'tiktok',
    accountId: tiktokAccount,
    advertiserId: '702',
    eventSetId: '902',
    accessToken: 'token-tt',
  },
] as const

/** The first of `connectTwo`, to connect it again with other fields. */
export const whatsappConnection = twoConnections[0]

/** Two advertisers, one on WhatsApp and one on TikTok, and a small keyword list. */
export const connectTwo = async ({ pipeline, file }: World): Promise<void> => {
  for (const connection of twoConnections) {
    const { code, stderr } = await pipeline.signals(
      'connections',
      'add',
      '--file',
      file(`${connection.connectionId}.json`, JSON.stringify(connection)),
    )
    if (code !== 0) throw new Error(stderr)
  }
  const { code, stderr } = await pipeline.signals(
    'keywords',
    'import',
    file('keywords.csv', 'keyword,flag\npago,payment\nenvío,shipping\n'),
  )
  if (code !== 0) throw new Error(stderr)
}
