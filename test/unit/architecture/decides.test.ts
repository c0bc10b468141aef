import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expectNone } from '../../support/source-code/expect-none.ts'
import { entryFor, filesBelow, read, root } from '../../support/source-code/files.ts'
import { importsIn } from '../../support/source-code/imports.ts'
import { impurities } from '../../support/source-code/purity.ts'

/**
 * What decides: functions of their arguments. No clock, randomness, timer, network, environment, client, log or metric.
 * A folder stands for all its files but those that `touchesTheWorld` names.
 */
const decides = [
  'services/topic-spec.ts',
  'services/topology.ts',
  'services/derived-topics.ts',
  'services/shared/text/without-ending.ts',
  'services/consumer-groups.ts',
  'services/attribution/arrival.ts',
  'services/attribution/attribute.ts',
  'services/attribution/counted-messages.ts',
  'services/attribution/credit.ts',
  'services/attribution/stage.ts',
  'services/attribution/waiting.ts',
  'services/shared/conversations/conversations.ts',
  'services/shared/conversations/credit-of-conversation.ts',
  'services/shared/conversations/origins.ts',
  'services/shared/conversations/pack.ts',
  'services/shared/conversations/read-with-aliases.ts',
  'services/shared/conversations/record.ts',
  'services/shared/conversations/reportable.ts',
  'services/shared/conversations/state.ts',
  'services/attribution/tracking-id',
  'services/dispatch/signal/outcomes.ts',
  'services/dispatch/signal/send-result.ts',
  'services/dispatch/stage.ts',
  'services/dispatch/circuit-breaker/state-machine.ts',
  'services/dispatch/delivery/batches.ts',
  'services/dispatch/delivery/call-result.ts',
  'services/dispatch/delivery/combine.ts',
  'services/dispatch/delivery/delivery-tools.ts',
  'services/dispatch/delivery/eligibility.ts',
  'services/dispatch/delivery/linger.ts',
  'services/dispatch/delivery/rtt-estimator.ts',
  'services/dispatch/destinations',
  'services/dispatch/limits/adaptive-concurrency.ts',
  'services/dispatch/signal/priority.ts',
  'services/dispatch/limits/throttling.ts',
  'services/dispatch/limits/token-bucket.ts',
  'services/dispatch/parked/parked-signals.ts',
  'services/gateway/http/address.ts',
  'services/gateway/http/openapi.ts',
  'services/gateway/http/openapi-parts.ts',
  'services/gateway/look-up/openapi.ts',
  'services/gateway/look-up/request.ts',
  'services/gateway/message-events.ts',
  'services/gateway/record-keys.ts',
  'services/gateway/http/request-trace.ts',
  'services/gateway/limits/fair-share.ts',
  'services/gateway/limits/gateway-rates.ts',
  'services/gateway/limits/pending-bodies.ts',
  'services/gateway/limits/rates.ts',
  'services/gateway/limits/turns.ts',
  'services/gateway/verification/admission.ts',
  'services/gateway/verification/verify.ts',
  'services/ingest/delivery.ts',
  'services/ingest/copies/cross-source-dedup.ts',
  'services/ingest/copies/late-referrals.ts',
  'services/ingest/contacts/without-thread.ts',
  'services/ingest/dead-letters.ts',
  'services/ingest/identity.ts',
  'services/ingest/message.ts',
  'services/ingest/quarantine/account-failures.ts',
  'services/ingest/stage.ts',
  'services/ingest/verdict.ts',
  'services/ingest/verified-account.ts',
  'services/keywords/own-words.ts',
  'services/keywords/quoted-lines.ts',
  'services/keywords/rule-signals.ts',
  'services/keywords/rule-state/memories.ts',
  'services/keywords/rule-state/pack.ts',
  'services/keywords/rule-state/record.ts',
  'services/keywords/rule-state/state.ts',
  'services/keywords/rules-of-batch.ts',
  'services/keywords/stage.ts',
  'services/runtime/versioned-state/format.ts',
  'services/runtime/versioned-state/scripts.ts',
  'services/keywords/evaluation',
  'services/keywords/lists/active-lists.ts',
  'services/keywords/lists/diff.ts',
  'services/keywords/lists/list-encoding.ts',
  'services/keywords/lists/list-file.ts',
  'services/keywords/lists/limits.ts',
  'services/keywords/lists/list.ts',
  'services/keywords/lists/selection.ts',
  'services/keywords/lists/versions.ts',
  'services/keywords/lists/warnings.ts',
  'services/keywords/matching',
  'services/keywords/rules',
  'services/keywords/versions',
  'services/failures.ts',
  'services/runtime/ports.ts',
  'services/shared/text/secure-url.ts',
  'services/runtime/batch/dead-letter-limit.ts',
  'services/runtime/batch/dead-letter.ts',
  'services/runtime/batch/outcome-records.ts',
  'services/runtime/batch/outcome.ts',
  'services/runtime/batch/record-headers.ts',
  'services/runtime/batch/stage.ts',
  'services/runtime/batch/checkpoints/checkpoint.ts',
  'services/runtime/health/lag-trend.ts',
  'services/runtime/keys/sealed-content.ts',
  'services/runtime/batch/poison/suspicion.ts',
  'services/runtime/batch/poison/work-note.ts',
  'services/shared/connections/connection.ts',
  'services/shared/connections/connection-file.ts',
  'services/shared/connections/consent.ts',
  'services/shared/connections/extractors',
  'services/shared/connections/prefilled.ts',
  'services/shared/connections/redacted.ts',
  'services/shared/connections/status.ts',
  'services/shared/model',
  'services/shared/text',
  'services/shared/sources/check.ts',
  'services/shared/sources/interpreter',
  'services/shared/sources/parse.ts',
  'services/shared/sources/problems.ts',
  'services/shared/sources/source.ts',
  'services/shared/sources/trace.ts',
  'services/shared/tokens/access.ts',
  'services/shared/tokens/attempts.ts',
  'services/shared/persons/suppressions.ts',
  'services/tools/dead-letters/found.ts',
  'services/tools/dead-letters/plan.ts',
  'services/tools/dead-letters/select.ts',
  'services/tools/topics/acls.ts',
  'services/tools/replay/input/filter.ts',
  'services/tools/replay/plan/already-reported.ts',
  'services/tools/replay/plan/overlay.ts',
  'services/tools/replay/plan/reorder-buffer.ts',
  'services/tools/replay/plan/replay-counts.ts',
  'services/tools/replay/plan/run-claims.ts',
  'services/tools/replay/request.ts',
  'services/tools/replay/send/aimd-rate.ts',
]

/** Everything else in the stages: IO directly or through a port, settings, wiring, metrics. Files only, so that a new one joins a list. */
const touchesTheWorld = [
  'services/gateway/look-up/look-up.ts',
  'services/gateway/look-up/open.ts',
  'services/attribution/config.ts',
  'services/attribution/ingest-position.ts',
  'services/attribution/main.ts',
  'services/attribution/service.ts',
  'services/attribution/refused-ids.ts',
  'services/shared/conversations/store.ts',
  'services/dispatch/config.ts',
  'services/dispatch/signal/end-to-end.ts',
  'services/dispatch/main.ts',
  'services/dispatch/service.ts',
  'services/dispatch/wiring.ts',
  'services/dispatch/retries.ts',
  'services/dispatch/circuit-breaker/gauges.ts',
  'services/dispatch/circuit-breaker/metrics.ts',
  'services/dispatch/circuit-breaker/redis-store.ts',
  'services/dispatch/circuit-breaker/registry.ts',
  'services/dispatch/delivery/call-trace.ts',
  'services/dispatch/delivery/connection-delivery.ts',
  'services/dispatch/delivery/delivery-scheduler.ts',
  'services/dispatch/delivery/token-refusal.ts',
  'services/dispatch/delivery/tokens.ts',
  'services/dispatch/destinations/tiktok/index.ts',
  'services/dispatch/destinations/tiktok/profiles.ts',
  'services/dispatch/limits/rate-limiter.ts',
  'services/dispatch/limits/redis-token-buckets.ts',
  'services/dispatch/limits/semaphore.ts',
  'services/dispatch/parked/unparker.ts',
  'services/dispatch/sent-log/completeness-marker.ts',
  'services/dispatch/sent-log/open.ts',
  'services/dispatch/sent-log/read-deliveries.ts',
  'services/dispatch/sent-log/rebuild.ts',
  'services/dispatch/sent-log/sent-log.ts',
  'services/gateway/config.ts',
  'services/gateway/deliveries.ts',
  'services/gateway/http/answers.ts',
  'services/gateway/intake.ts',
  'services/gateway/main.ts',
  'services/gateway/service.ts',
  'services/gateway/server.ts',
  'services/gateway/watch-kafka.ts',
  'services/gateway/webhook.ts',
  'services/gateway/limits/body.ts',
  'services/gateway/http/shared-port.ts',
  'services/gateway/limits/sockets.ts',
  'services/gateway/verification/gateway-connections.ts',
  'services/ingest/claims/claims.ts',
  'services/ingest/contacts/contact-threads.ts',
  'services/ingest/claims/rebuild-claims.ts',
  'services/ingest/config.ts',
  'services/ingest/reports.ts',
  'services/ingest/main.ts',
  'services/ingest/service.ts',
  'services/ingest/order/marking.ts',
  'services/ingest/order/ways.ts',
  'services/ingest/quarantine/quarantine.ts',
  'services/ingest/quarantine/quarantined-accounts.ts',
  'services/keywords/config.ts',
  'services/keywords/keyword-metrics.ts',
  'services/keywords/main.ts',
  'services/keywords/service.ts',
  'services/keywords/rule-metrics.ts',
  'services/keywords/rule-state/store.ts',
  'services/keywords/signal-metrics.ts',
  'services/keywords/lists/store.ts',
  'services/keywords/rules/store.ts',
  'services/keywords/versions/store.ts',
  'services/keywords/matching/compile/compile-in-worker.ts',
  'services/keywords/matching/compile/worker.ts',
]

/** Uses of forbidden things that stay, each with its reason. `of` is the text that follows the file's name in the finding. */
const exceptions: readonly { file: string; of: RegExp; because: string }[] = [
  {
    file: 'services/shared/model/message-event.ts',
    of: /uses the clock: .*latestTime\(Date\.now\(\)\)/,
    because: 'the schema refuses an event more than a day ahead of the wall clock',
  },
]

/** Files outside of `decides` whose values deciding files use, and which ones: pure values beside code that is not. */
const pureValues: Readonly<Record<string, readonly string[]>> = {
  'schemas/index.ts': ['latestSchema'],
  'services/gateway/http/answers.ts': ['HttpProblem'],
  'services/runtime/keys/keyring.ts': ['SealBroken'],
}

const stages = ['gateway', 'ingest', 'attribution', 'keywords', 'dispatch'].map((stage) => `services/${stage}`)
const files = filesBelow('services')
const deciding = files.filter((file) => entryFor(decides, file) !== undefined && !touchesTheWorld.includes(file))

describe('what decides', () => {
  it.each(stages)('is listed apart from what does IO, for each file of %s', (stage) => {
    const missing = files
      .filter((file) => file.startsWith(`${stage}/`))
      .filter((file) => !deciding.includes(file) && !touchesTheWorld.includes(file))
    expectNone(missing, 'In this test, add each file to `decides`, or to `touchesTheWorld` if it does IO.')
  })

  it('is listed once, and all that is listed exists', () => {
    const listed = [...decides, ...touchesTheWorld]
    expectNone(
      listed.filter((entry, index) => listed.indexOf(entry) !== index),
      'Listed twice in this test: remove one.',
    )
    expectNone(
      listed.filter((entry) => !existsSync(join(root, entry))),
      'Listed in this test and not there: rename or remove the entry.',
    )
    expectNone(
      touchesTheWorld.filter((entry) => !entry.endsWith('.ts')),
      '`touchesTheWorld` lists files, no folders: a new file must join a list.',
    )
  })

  it('is a function of its arguments', () => {
    expect(deciding.length).toBeGreaterThan(80)
    const wrong = deciding
      .flatMap((file) => impurities(file, read(file)))
      .filter((finding) => !exceptions.some(({ file, of }) => finding.startsWith(file) && of.test(finding)))
    expectNone(
      wrong,
      'These files decide. Take the value as an argument (`now`, a Clock, a setting), return a fact for `onProcessed` to count ' +
        'or log, and leave IO to the caller. A file that must do IO moves to `touchesTheWorld` in this test.',
    )
  })

  it('uses values only of what decides', () => {
    const wrong = deciding.flatMap((file) =>
      importsIn(read(file))
        .filter(({ typeOnly, from }) => !typeOnly && from.endsWith('.ts'))
        .map((one) => ({ ...one, target: join(dirname(file), one.from) }))
        .filter(({ target }) => !deciding.includes(target))
        .filter(({ target, names }) => names.some((name) => !pureValues[target]?.includes(name)) || names.length === 0)
        .map(({ target, line, names }) => `${file}:${line} uses ${names.join(', ')} of ${target}`),
    )
    expectNone(
      wrong,
      'These files decide and use values of one that does not. Move the value to a file of `decides`, or take it as an argument.',
    )
  })
})

describe('the check of what decides', () => {
  const path = 'services/dispatch/signal/outcomes.ts'

  it.each([
    'const at = Date.now()',
    'const seed = Math.random()',
    'setTimeout(go, 1)',
    "import { Redis } from 'ioredis'",
  ])('finds %s at the end of each deciding file', (added) => {
    const unnoticed = deciding.filter((file) => {
      const source = read(file)
      return impurities(file, `${source}\n${added}\n`).length !== impurities(file, source).length + 1
    })
    expect(unnoticed).toEqual([])
  })

  it.each([
    ['const at = Date.now()', 'the clock'],
    ['const now = Date.now', 'the clock'],
    ['const at = new Date()', 'the clock'],
    ['const at = new Date', 'the clock'],
    ['const at = Date()', 'the clock'],
    ['const at = performance.now()', 'the clock'],
    ['const at = process.hrtime()', 'the process'],
    ['const key = process.env.KEY', 'the process'],
    ['const share = Math.random()', 'randomness'],
    ['const id = crypto.randomUUID()', 'randomness'],
    ['setTimeout(go, 10)', 'a timer'],
    ['setInterval(go, 10)', 'a timer'],
    ['setImmediate(go)', 'a timer'],
    ['queueMicrotask(go)', 'a timer'],
    ['const answer = await fetch(url)', 'the network'],
    ['console.log(1)', 'the console'],
    ['const at = globalThis.Date', 'a global object'],
    ['const clock = Date\n', 'a global object'],
    // Code inside a template literal is code.
    [['const text = `at $', '{Date.now()}`'].join(''), 'the clock'],
  ])('finds %s', (source, what) => {
    expect(impurities(path, source)).toEqual([expect.stringContaining(`${path}:1: uses ${what}`)])
  })

  it.each([
    ["import { request } from 'node:http'", 'imports node:http'],
    ["import net from 'node:net'", 'imports node:net'],
    ["import { readFileSync } from 'node:fs'", 'imports node:fs'],
    ["import { lookup } from 'node:dns'", 'imports node:dns'],
    ["import { setTimeout as sleep } from 'node:timers/promises'", 'imports node:timers/promises'],
    ["import * as crypto from 'node:crypto'", 'imports all of node:crypto'],
    ["import { Kafka } from 'kafkajs'", 'imports kafkajs'],
    ["import { Redis } from 'ioredis'", 'imports ioredis'],
    ["import { SchemaRegistryClient } from '@confluentinc/schemaregistry'", 'imports @confluentinc/schemaregistry'],
    ["import { request } from 'undici'", 'imports undici'],
    ["import pino from 'pino'", 'imports pino'],
    ["import { Counter } from 'prom-client'", 'imports prom-client'],
    ["import { trace } from '@opentelemetry/api'", 'imports @opentelemetry/api'],
    ["import { errorFacts } from '../../runtime/log.ts'", 'imports values of services/runtime/log.ts'],
    [
      "import { Metrics } from '../../runtime/metrics/metrics.ts'",
      'imports values of services/runtime/metrics/metrics.ts',
    ],
    [
      "import { openRedis } from '../../runtime/adapters/redis.ts'",
      'imports values of services/runtime/adapters/redis.ts',
    ],
    ["export { Redis } from 'ioredis'", 'imports ioredis'],
    ["import 'pino'", 'imports pino'],
    ['import pino from "pino"', 'imports pino'],
    ["const fs = await import('node:fs')", 'imports node:fs at run time'],
    ['import {\n  Kafka,\n  logLevel,\n} from "kafkajs"'.replaceAll('"', "'"), 'imports kafkajs'],
  ])('finds %s', (source, what) => {
    expect(impurities(path, source).filter((finding) => finding.includes(what))).toHaveLength(1)
  })

  it.each([
    "import type { Redis } from 'ioredis'",
    "import { type Logger } from '../../runtime/log.ts'",
    "import type { Metrics } from '../../runtime/metrics/metrics.ts'",
    "import { createHash } from 'node:crypto'",
    "import { z } from 'zod'",
    '/** Not Date.now(): the caller hands over `now`, see setTimeout. */',
    "const help = 'never fetch() or Math.random()'",
    'const at = new Date(ms).toISOString()',
    'const day = Date.UTC(2010, 0, 1)',
    'const due = clock.now() + this.fetch(record)',
    'const words = /setTimeout|fetch\\(/.test(text)'.replace('setTimeout|fetch\\(', 'a|b'),
  ])('lets %s pass', (source) => {
    expect(impurities(path, source)).toEqual([])
  })
})
