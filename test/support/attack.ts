/**
 * An attacker with one account's secrets and token, who sends random deliveries: bodies of every source with parts exchanged, repeated and
 * added, other addresses, headers and signatures, and message events of any account. A try succeeds if ingest writes a message for another
 * connection or ends it, or if a word that was planted in texts and ids is in anything that it writes.
 */
import { admitEvents, eventRecord, parseEvents } from '../../services/gateway/message-events.ts'
import { createProcessSlice } from '../../services/runtime/batch/slices/process-slice.ts'
import { Metrics } from '../../services/runtime/metrics/metrics.ts'
import type { ConsumedRecord, ProducerRecord } from '../../services/runtime/ports.ts'
import type { TokenAccess } from '../../services/shared/tokens/access.ts'
import { messageEvent, noon } from './builders.ts'
import { deliveryOf } from './deliveries.ts'
import { FakeClock } from './fake-clock.ts'
import { accountNamed, attackersSecret, type ForgingCase, forgingCases, tiktokBody } from './forging-cases.ts'
import { openGatewayWorld } from './gateway-world.ts'
import { nodesOf } from './hostile.ts'
import { problemOf } from './http-status.ts'
import { openIngest } from './ingest-world.ts'
import { type Random, randomOf } from './random.ts'

export interface AttackFigures {
  tries: number
  /** Tries of which the gateway stored something. */
  stored: number
  /** Messages that ingest wrote. */
  messages: number
  deadLetters: number
  /** Ends of the attacker's own connection that ingest asked for. */
  withdrawals: number
  /** What a try brought about that must never happen; at most ten. */
  readonly successes: string[]
}

export interface AttackOptions {
  readonly seed: number
  /** Of the victims, where they have their own; unset: the source's secret proves their deliveries. */
  readonly victimsSecret?: string
}

const setAt = (root: unknown, path: readonly string[], value: unknown): unknown => {
  if (path.length === 0) return value
  const copy = structuredClone(root)
  let holder = copy as Record<string, unknown>
  for (const key of path.slice(0, -1)) holder = holder[key] as Record<string, unknown>
  holder[path.at(-1) as string] = value
  return copy
}
const at = (root: unknown, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<string, unknown>)?.[key], root)

/** A body with some of its nodes exchanged for those of another, for accounts, or repeated. */
const mutated = (body: object, other: object, accounts: readonly string[], random: Random): object => {
  let result: unknown = body
  for (let left = random.below(4); left > 0; left--) {
    const path = random.of(nodesOf(result))
    const foreign = at(other, random.of(nodesOf(other)))
    const value = random.of<unknown>([
      random.of(accounts),
      foreign,
      [at(result, path), foreign],
      [foreign, at(result, path)],
      null,
    ])
    result = setAt(result, path, value)
  }
  if (random.chance(0.2))
    result = random.chance(0.5) ? { ...other, ...(result as object) } : { ...(result as object), ...other }
  if (random.chance(0.1)) result = [result, other]
  return result as object
}

/** The text with a key twice, of which parsers read one or the other. */
const doubled = (text: string, accounts: readonly string[], random: Random): string => {
  const keys = Array.from(text.matchAll(/"(\w+)":"/g), ([, key = '']) => key)
  if (keys.length === 0) return text
  const extra = `"${random.of(keys)}":${JSON.stringify(random.of(accounts))}`
  return random.chance(0.5) ? text.replace('{', `{${extra},`) : text.replace(/\}([^}]*)$/, `,${extra}}$1`)
}

/** TikTok says that the account has taken its authorisation back, which ends its connection. */
const withdrawalOf = (account: string) => tiktokBody(account, 'authorization.removed', { reason: 1 })

const sourceSecret = 'the secret of the source'

export const openAttack = async ({ seed, victimsSecret }: AttackOptions) => {
  const random = randomOf(seed)
  const gateway = await openGatewayWorld(Object.fromEntries(forgingCases.map(({ source }) => [source, [sourceSecret]])))
  const ingest = await openIngest(gateway)
  for (const { source } of forgingCases) {
    for (const [name, secret] of [
      ['A', attackersSecret],
      ['B', victimsSecret],
    ] as const) {
      const accountId = accountNamed(source, name)
      const fields = { connectionId: `${source}-${name}`, tenantId: name, source, accountId, reportOrders: true }
      gateway.connect({ ...fields, ...(secret === undefined ? {} : { secret }) })
      ingest.connect(fields)
    }
  }
  const access: TokenAccess = { id: 'token-a', tenantId: 'A', accounts: null, scopes: ['ingest'] } as never
  const sent: ProducerRecord[] = []
  const processSlice = createProcessSlice(ingest.stage, {
    producer: { send: async (records) => void sent.push(...records), close: async () => {} },
    codec: ingest.codec,
    keyring: ingest.keyring,
    envelopes: ingest.envelopes,
    clock: new FakeClock(noon),
    metrics: new Metrics('test'),
    limits: { run: Number.POSITIVE_INFINITY, ratio: 2, window: 1_000_000_000 },
  })
  const figures: AttackFigures = { tries: 0, stored: 0, messages: 0, deadLetters: 0, withdrawals: 0, successes: [] }

  const fromWebhook = (one: ForgingCase, planted: string): ConsumedRecord[] => {
    const { source, sign, headers, trickHeaders } = one
    const [attacker, victim] = [accountNamed(source, 'A'), accountNamed(source, 'B')]
    const accounts = [attacker, victim, `${attacker},${victim}`, planted]
    const withdrawals = source === 'tiktok' ? [attacker, victim].map(withdrawalOf) : []
    const bodies = [one.body(attacker), one.body(victim), ...(one.tricks ?? []), ...withdrawals]
    let text = JSON.stringify(mutated(random.of(bodies), random.of(bodies), accounts, random)) ?? 'null'
    text = text.replaceAll('pago', `pago ${planted}`)
    if (random.chance(0.2)) text = doubled(text, accounts, random)
    const delivery = deliveryOf(source, text, {
      account: random.of([null, null, attacker, victim, 'unknown']),
      headers: {
        ...random.of([{}, headers?.(attacker), headers?.(victim), trickHeaders]),
        ...random.of([
          {},
          {},
          { 'verified-account': victim, 'verified-by': 'source', sealed: 'source/x', account: victim },
        ]),
        ...sign(text, random.chance(0.95) ? attackersSecret : random.of(['', victim, planted])),
      },
    })
    if (problemOf(() => gateway.accept(delivery)) !== null) return []
    return gateway
      .accept(delivery)
      .stored.map(({ record }) => ingest.recordOf({ ...record, headers: record.headers ?? {} }))
  }

  const fromEvents = (planted: string): ConsumedRecord[] => {
    const events = Array.from({ length: 1 + random.below(3) }, () => {
      const { source } = random.of(forgingCases)
      const event = messageEvent({
        source,
        accountId: accountNamed(source, random.of(['A', 'B'])),
        text: `hola ${planted}`,
        messageId: `m-${random.below(1_000_000_000)}`,
        conversationId: planted,
      })
      return random.chance(0.5) ? event : mutated(event, messageEvent({ source }), ['A', 'B', planted], random)
    })
    let parsed: ReturnType<typeof parseEvents>
    try {
      parsed = parseEvents(Buffer.from(doubled(JSON.stringify(events), ['A', 'B'], random)))
    } catch {
      return []
    }
    return admitEvents(parsed.events, access, gateway.tools.connections, false).stored.map((event) => {
      const connection = gateway.tools.connections.connected(event.source, event.accountId)
      const record = eventRecord(
        event,
        access,
        noon,
        undefined,
        gateway.keyring,
        connection?.connectionId ?? null,
        gateway.envelopes,
      )
      return ingest.recordOf({ ...record, headers: record.headers ?? {} })
    })
  }

  const judge = (planted: string, what: string) => {
    const word = Buffer.from(planted)
    for (const { connectionId } of ingest.requests)
      if (!connectionId.endsWith('-A')) figures.successes.push(`${what}: the end of ${connectionId}`)
      else figures.withdrawals++
    for (const { topic, key, value, headers } of sent) {
      const readable = `${key ?? ''} ${JSON.stringify(headers ?? {})}`
      if (value?.includes(word) || readable.includes(planted))
        figures.successes.push(`${what}: the planted word is in ${topic}`)
      if (topic !== 'messages.v1') {
        figures.deadLetters++
        continue
      }
      figures.messages++
      const { connectionId } = ingest.codec.decode('messages', { value: value as Buffer })
      if (!connectionId.endsWith('-A')) figures.successes.push(`${what}: a message for ${connectionId}`)
    }
  }

  /** Some tries; stops at ten successes. */
  const attack = async (tries: number): Promise<AttackFigures> => {
    for (let left = tries; left > 0 && figures.successes.length < 10; left--) {
      const planted = `planted${random.below(1_000_000_000)}x`
      const one = random.of(forgingCases)
      const isEvents = random.chance(0.25)
      const records = isEvents ? fromEvents(planted) : fromWebhook(one, planted)
      figures.tries++
      if (records.length === 0) continue
      figures.stored++
      sent.length = 0
      ingest.requests.length = 0
      await processSlice(records, null, () => false)
      judge(planted, `seed ${seed}, try ${figures.tries}, ${isEvents ? 'message events' : one.source}`)
    }
    return figures
  }
  return { attack }
}
