/** Mistakes of a newcomer, in settings and arguments: each answer names the cause and the remedy. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { identifyProcess } from '../../../services/local/processes/processes.ts'
import { foreignWords, type Mistake, make } from '../../support/mistakes.ts'

const connection = {
  connectionId: 'acme-wa',
  tenantId: 'acme',
  source: 'whatsapp',
  accountId: '106540352242922',
  advertiserId: '7000000000001',
  eventSetId: '9000000000001',
  accessToken: 'any-token',
}
const file = (fields: object) => JSON.stringify({ ...connection, ...fields })
const event = {
  source: 'whatsapp',
  accountId: '1',
  channel: 'whatsapp',
  conversationId: 'c',
  messageId: 'm',
  kind: 'message',
  direction: 'inbound',
  sender: 'user',
  occurredAt: 1_795_000_000_000,
  timeSource: 'event',
  text: 'hola',
  textOrigin: 'typed',
}
const eventLine = (fields: object) => `${JSON.stringify({ ...event, ...fields })}\n`
const master = Buffer.alloc(32, 7).toString('base64')
/** Nothing is asked before the mistake is seen, so these are never called. */
const addresses = {
  KAFKA_BROKERS: '127.0.0.1:1',
  REDIS_URL: 'redis://127.0.0.1:1',
  SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
}

const listener = createServer().listen(0, '127.0.0.1')
await once(listener, 'listening')
afterAll(() => new Promise((resolve) => listener.close(resolve)))
const taken = String((listener.address() as AddressInfo).port)
/** As of a `signals up` that runs: this process. */
const running = JSON.stringify({ supervisor: identifyProcess(process.pid), children: {}, addresses: null })

const mistakes: readonly Mistake[] = [
  {
    what: 'a port that is taken',
    args: 'up',
    env: { GATEWAY_PORT: taken },
    code: 1,
    says: [`port ${taken} (GATEWAY_PORT) is taken`, 'set GATEWAY_PORT to 0'],
  },
  {
    what: 'a second start in the same folder',
    args: 'up',
    files: { '.signals/state.json': running },
    code: 3,
    says: ['a pipeline already runs on FOLDER/.signals', 'stop it, or set SIGNALS_DATA_DIR to another folder'],
  },
  // Commands and options.
  { what: 'a misspelt command', args: 'conections list', says: ['unknown command', 'Did you mean connections?'] },
  { what: 'a misspelt sub-command', args: 'connections lst', says: ['unknown command', 'Did you mean list?'] },
  { what: 'a command of another tool', args: 'start', says: ["unknown command 'start'", 'signals --help'] },
  { what: 'a misspelt option', args: 'up --jsno', says: ['unknown option', 'Did you mean --json?'] },
  { what: 'a missing argument', args: 'connections show', says: ["missing required argument 'id'", '--help'] },
  { what: 'a missing option', args: 'connections add', says: ["'--file <file>' not specified", '--help'] },
  { what: 'an argument too many', args: 'connections list all', says: ['too many arguments', '--help'] },
  { what: 'a file without --file', args: 'connections add acme.json', says: ['--file'] },
  { what: 'an option without its value', args: 'lag --every', says: ['argument missing', '--help'] },
  { what: 'no sub-command', args: 'connections', says: ['Commands:', 'add', 'list'] },
  { what: 'an unknown process', args: 'run kafka', says: ['there is no process kafka', 'gateway, ingest'] },

  // No pipeline.
  ...[
    'connections list',
    'keywords list',
    'lag',
    'breakers list',
    'replays list',
    'dead-letters list',
    'audit list',
  ].map(
    (args): Mistake => ({
      what: `no pipeline for ${args}`,
      args,
      says: ['no pipeline runs on FOLDER/.signals', 'start one with `signals up`'],
    }),
  ),
  { what: 'no pipeline for status', args: 'status', code: 1, says: ['no pipeline runs', 'npx signals up'] },
  {
    what: 'only Kafka is named',
    args: 'connections list',
    env: { KAFKA_BROKERS: '127.0.0.1:1' },
    says: ['SCHEMA_REGISTRY_URL is not set', 'or set SCHEMA_REGISTRY_URL'],
  },

  // Settings of `signals up`.
  {
    what: 'a short token',
    args: 'up',
    env: { INGEST_TOKEN: 'fifteen-letters' },
    says: ['INGEST_TOKEN: each must have at least 16 characters'],
  },
  {
    what: 'a short admin token',
    args: 'up',
    env: { ADMIN_TOKEN: 'short' },
    says: ['ADMIN_TOKEN: each must have at least 16 characters'],
  },
  {
    what: 'a broker without a port',
    args: 'up',
    env: { KAFKA_BROKERS: 'localhost' },
    says: ['KAFKA_BROKERS: must be host:port'],
  },
  {
    what: 'a broker as a URL',
    args: 'up',
    env: { KAFKA_BROKERS: 'http://localhost:9092' },
    says: ['KAFKA_BROKERS: must be host:port'],
  },
  {
    what: 'a broker with an impossible port',
    args: 'up',
    env: { KAFKA_BROKERS: 'localhost:99999' },
    says: ['KAFKA_BROKERS: must be host:port', '65535'],
  },
  {
    what: 'a Redis that is no URL',
    args: 'up',
    env: { REDIS_URL: 'localhost:6379' },
    says: ['REDIS_URL: must be', 'redis://'],
  },
  {
    what: 'a Redis by HTTP',
    args: 'up',
    env: { REDIS_URL: 'http://localhost:6379' },
    says: ['REDIS_URL: must be', 'redis://'],
  },
  {
    what: 'a registry without http',
    args: 'up',
    env: { SCHEMA_REGISTRY_URL: 'localhost:8081' },
    says: ['SCHEMA_REGISTRY_URL: must be an http(s) URL'],
  },
  {
    what: 'a port that is no number',
    args: 'up',
    env: { GATEWAY_PORT: 'eighty' },
    says: ['GATEWAY_PORT: must be a number'],
  },
  {
    what: 'a port that is none',
    args: 'up',
    env: { GATEWAY_PORT: '80800' },
    says: ['GATEWAY_PORT: must be at most 65535'],
  },
  {
    what: 'a level that is none',
    args: 'up',
    env: { LOG_LEVEL: 'verbose' },
    says: ['LOG_LEVEL: must be one of trace, debug, info'],
  },
  {
    what: 'an unknown infrastructure',
    args: 'up',
    env: { SIGNALS_INFRA: 'podman' },
    says: ['SIGNALS_INFRA: must be one of native, docker'],
  },
  {
    what: 'a master key that is none',
    args: 'up',
    env: { SIGNALS_MASTER_KEY: 'secret' },
    says: ['SIGNALS_MASTER_KEY', '32 bytes in base64', 'openssl rand -base64 32'],
  },
  {
    what: 'a number below its least',
    args: 'up',
    env: { DISPATCH_EVENTS_PER_CALL: '0' },
    says: ['DISPATCH_EVENTS_PER_CALL: must be at least 1'],
  },
  {
    what: 'a word where a number is',
    args: 'up',
    env: { WATCHDOG_SECONDS: 'soon' },
    says: ['WATCHDOG_SECONDS: must be'],
  },
  {
    what: 'a time-out that outlasts a wait',
    args: 'up',
    env: { DISPATCH_WAIT_SCALE: '0.1' },
    says: ['DISPATCH_TIMEOUT_MS: must be at most 900', 'DISPATCH_WAIT_SCALE'],
  },
  {
    what: 'TikTok without https',
    args: 'up',
    env: { TIKTOK_BASE_URL: 'http://business-api.tiktok.com' },
    says: ['TIKTOK_BASE_URL', 'https'],
  },
  {
    what: 'TikTok without a wire profile',
    args: 'up',
    env: { TIKTOK_BASE_URL: 'https://business-api.tiktok.com' },
    code: 3,
    says: ['TIKTOK_WIRE_PROFILE is not set', 'name the file of the profile'],
  },
  {
    what: "the simulator's profile for TikTok",
    args: 'up',
    env: { TIKTOK_BASE_URL: 'https://business-api.tiktok.com', TIKTOK_WIRE_PROFILE: 'simulator-1' },
    code: 3,
    says: ['simulator-1'],
  },
  {
    what: 'a wire profile that is not there',
    args: 'up',
    env: { TIKTOK_BASE_URL: 'https://business-api.tiktok.com', TIKTOK_WIRE_PROFILE: 'acme' },
    says: ['acme', 'simulator-1'],
  },
  { what: 'an app without its secret', args: 'up', env: { TIKTOK_APP_ID: '123' }, says: ['TIKTOK_APP_SECRET'] },
  {
    what: 'a secret file that is not there',
    args: 'up',
    env: { INGEST_TOKEN_FILE: 'FOLDER/none' },
    says: ['INGEST_TOKEN_FILE', 'FOLDER/none', 'there is no such file'],
  },
  {
    what: 'a secret twice',
    args: 'up',
    env: { INGEST_TOKEN_FILE: 'FOLDER/t', INGEST_TOKEN: 'x'.repeat(20) },
    files: { t: 'x'.repeat(20) },
    says: ['INGEST_TOKEN', 'INGEST_TOKEN_FILE'],
  },
  {
    what: 'an empty secret file',
    args: 'up',
    env: { INGEST_TOKEN_FILE: 'FOLDER/t' },
    files: { t: '' },
    says: ['INGEST_TOKEN_FILE', 'empty'],
  },
  {
    what: 'a login without a password',
    args: 'up',
    env: {
      KAFKA_BROKERS: 'k:9092',
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_SASL_USERNAME: 'u',
    },
    says: ['KAFKA_SASL_PASSWORD'],
  },
  {
    what: 'an unknown login',
    args: 'up',
    env: { KAFKA_BROKERS: 'k:9092', KAFKA_SASL_MECHANISM: 'kerberos' },
    says: ['KAFKA_SASL_MECHANISM: must be one of'],
  },
  {
    what: 'a certificate that is not there',
    args: 'up',
    env: { KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CA: 'FOLDER/ca.pem' },
    says: ['KAFKA_SSL_CA'],
  },
  {
    what: 'a certificate that is none',
    args: 'up',
    env: { KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CA: 'FOLDER/ca.pem' },
    files: { 'ca.pem': 'hello' },
    says: ['KAFKA_SSL_CA', 'PEM'],
  },
  {
    what: 'a data folder that is a file',
    args: 'up',
    env: { SIGNALS_DATA_DIR: 'FOLDER/file' },
    files: { file: '' },
    code: 1,
    says: ['FOLDER/file', 'SIGNALS_DATA_DIR'],
  },
  {
    what: 'a data folder where none can be',
    args: 'up',
    env: { SIGNALS_DATA_DIR: '/proc/nope' },
    code: 1,
    says: ['/proc/nope', 'SIGNALS_DATA_DIR'],
  },

  // Connection files.
  {
    what: 'a connection file that is not there',
    args: 'connections add --file FOLDER/none.json',
    says: ['connection file', 'none.json', 'there is no such file'],
  },
  { what: 'a folder for a connection file', args: 'connections add --file FOLDER', says: ['it is a folder'] },
  {
    what: 'an empty connection file',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': '' },
    says: ['the connection file', 'empty'],
  },
  {
    what: 'a comma too many',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': '{\n "connectionId": "a",\n}' },
    says: ['the connection file', 'line 3', 'JSON'],
  },
  {
    what: 'a quote too few',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': '{\n "connectionId": "a,\n "tenantId": "b"\n}' },
    says: ['line 2', 'JSON'],
  },
  {
    what: 'a list of connections',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': '[]' },
    says: ['connection: must be an object'],
  },
  {
    what: 'a missing field',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ tenantId: undefined }) },
    says: ['tenantId: is missing'],
  },
  {
    what: 'a number for an id',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ accountId: 106540352242922 }) },
    says: ['accountId: must be text'],
  },
  {
    what: 'a misspelt field',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ advertiserID: '7' }) },
    says: ['unknown field: advertiserID', 'did you mean advertiserId?'],
  },
  {
    what: 'a source in capitals',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ source: 'WhatsApp' }) },
    says: ['source: must be a lower-case name such as "whatsapp"'],
  },
  {
    what: 'an id with a space',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ connectionId: 'acme wa' }) },
    says: ['connectionId: must be 1 to 128 of letters'],
  },
  {
    what: 'a token with a line break',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ accessToken: 'abc\n' }) },
    says: ['accessToken: must be the token alone'],
  },
  {
    what: 'a window that is too long',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ attributionWindowDays: 90 }) },
    says: ['attributionWindowDays: must be at most 28'],
  },
  {
    what: 'a time in seconds',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ authorisedAt: 1_795_000_000 }) },
    says: ['authorisedAt: must be milliseconds'],
  },
  {
    what: 'yes for true',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ sandbox: 'yes' }) },
    says: ['sandbox: must be true or false'],
  },
  {
    what: 'an unknown origin',
    args: 'connections add --file FOLDER/c.json',
    files: { 'c.json': file({ keywordOrigins: ['spoken'] }) },
    says: ['keywordOrigins.0: must be one of', '"typed"'],
  },
  { what: 'a retry of nothing', args: 'connections retry', says: ['name a connection, or --all'] },

  // Keyword lists, rule sets, mappings.
  {
    what: 'a list that is not there',
    args: 'keywords test hola --file FOLDER/none.csv',
    says: ['keyword list', 'there is no such file'],
  },
  {
    what: 'an empty list',
    args: 'keywords test hola --file FOLDER/k.csv',
    files: { 'k.csv': '' },
    says: ['keyword,flag'],
  },
  {
    what: 'a list with names only',
    args: 'keywords test hola --file FOLDER/k.csv',
    files: { 'k.csv': 'keyword,flag\n' },
    says: ['the list has no entries'],
  },
  {
    what: 'a list without names',
    args: 'keywords test hola --file FOLDER/k.csv',
    files: { 'k.csv': 'pago,payment\n' },
    says: ['line 1: must name the columns: keyword,flag'],
  },
  {
    what: 'a row too long',
    args: 'keywords test hola --file FOLDER/k.csv',
    files: { 'k.csv': 'keyword,flag\npago,ya,payment\n' },
    says: ['line 2', 'quotes'],
  },
  {
    what: 'a flag with a space',
    args: 'keywords test hola --file FOLDER/k.csv',
    files: { 'k.csv': 'keyword,flag\npago,my flag\n' },
    says: ['line 2: flag'],
  },
  {
    what: 'an unclosed quote',
    args: 'keywords test hola --file FOLDER/k.csv',
    files: { 'k.csv': 'keyword,flag\n"pago,payment\n' },
    says: ['line 2', 'quote'],
  },
  {
    what: 'a list in broken JSON',
    args: 'keywords test hola --file FOLDER/k.json',
    files: { 'k.json': '{"entries": [\n  {"keyword": "pago" "flag": "x"}\n]}' },
    says: ['line 2', 'JSON'],
  },
  {
    what: 'an import of a list that is none',
    args: 'keywords import FOLDER/k.csv',
    env: addresses,
    files: { 'k.csv': 'hola\n' },
    says: ['line 1: must name the columns'],
  },
  {
    what: 'a rule set that is no YAML',
    args: 'rules test --file FOLDER/r.yaml --events FOLDER/e',
    files: { 'r.yaml': 'rules:\n - event: "A\n', e: '' },
    says: ['line'],
  },
  {
    what: 'a rule set with a misspelt field',
    args: 'rules test --file FOLDER/r.yaml --events FOLDER/e',
    files: { 'r.yaml': 'rules:\n  - evnt: Lead\n    when: {outcome: lead}\n', e: '' },
    says: ['line 2', 'evnt', 'is no known field'],
  },
  { what: 'a mapping that is not there', args: 'mappings check FOLDER/none.yaml', says: ['there is no such file'] },
  {
    what: 'an empty mapping',
    args: 'mappings check FOLDER/m.yaml',
    files: { 'm.yaml': '' },
    code: 1,
    says: ['m.yaml:1:', /empty|must be/],
  },
  {
    what: 'a mapping with tabs',
    args: 'mappings check FOLDER/m.yaml',
    files: { 'm.yaml': 'source: acme\nevents:\n\t- kind: message\n' },
    code: 1,
    says: ['m.yaml:3:', /tab/i],
  },
  { what: 'a mapping of an unknown source', args: 'mappings show nope', says: ['nope', 'whatsapp'] },
  { what: 'a map without a source', args: 'map', says: ['--source'] },
  { what: 'a profile that is not there', args: 'profiles preview nope', says: ['nope', 'simulator-1'] },

  // Dates, numbers, ids.
  { what: 'a replay of nothing', args: 'replay', env: addresses, says: ['choose what to replay: --from TIME'] },
  {
    what: 'a time in words',
    args: 'replay --from yesterday',
    env: addresses,
    says: ['--from must be a time in ISO 8601', '2026-11-23'],
  },
  {
    what: 'a day that is none',
    args: 'replay --from 2026-13-01',
    env: addresses,
    says: ['--from must be a time in ISO 8601'],
  },
  { what: 'a time in the future', args: 'replay --from 2199-01-01', env: addresses, says: ['--from is in the future'] },
  {
    what: 'an end before its beginning',
    args: 'replay --from 2026-01-02 --to 2026-01-01',
    env: addresses,
    says: ['--to must be later than --from'],
  },
  {
    what: 'an unknown stage',
    args: 'replay --from 2026-01-01 --stage gateway',
    env: addresses,
    says: ['--stage must be one of'],
  },
  {
    what: 'a rate of none',
    args: 'replay --from 2026-01-01 --rate 0',
    env: addresses,
    says: ['--rate must be at least 1'],
  },
  {
    what: 'a filter that is none',
    args: 'replay --from 2026-01-01 --where text=pago',
    env: addresses,
    says: ['--where'],
  },
  {
    what: 'a report of a day that is none',
    args: 'report --all --from 23.11.2026 --to 2026-11-24',
    env: addresses,
    says: ['--from', '2026-11-23'],
  },
  { what: 'an audit trail of no entry', args: 'audit list --limit many', env: addresses, says: ['--limit', 'number'] },
  {
    what: 'a lag that is asked for too often',
    args: 'lag --watch --every soon',
    env: addresses,
    says: ['--every', 'seconds'],
  },
  {
    what: 'dead letters of an unknown stage',
    args: 'dead-letters list --stage gateway',
    env: addresses,
    says: ['--stage', 'ingest, attribution'],
  },
  {
    what: 'a token without a tenant',
    args: 'tokens create --scope ingest',
    env: { ...addresses, SIGNALS_MASTER_KEY: master },
    says: ['--tenant', '--all-tenants'],
  },
  {
    what: 'a token with an unknown scope',
    args: 'tokens create --tenant acme --scope write',
    env: { ...addresses, SIGNALS_MASTER_KEY: master },
    says: ['--scope', 'ingest'],
  },
  {
    what: 'keys of an unknown process',
    args: 'keys issue kafka',
    env: { ...addresses, SIGNALS_MASTER_KEY: master },
    says: ['kafka', 'ingest'],
  },
  {
    what: 'an explanation of nothing',
    args: 'explain --connection acme-wa',
    env: addresses,
    says: ['--conversation', '--message'],
  },

  // Events of a connector.
  {
    what: 'an event without a field',
    args: 'connectors check --file FOLDER/e',
    files: { e: eventLine({ messageId: undefined }) },
    code: 1,
    says: ['messageId', 'is missing'],
  },
  {
    what: 'an event with a time in seconds',
    args: 'connectors check --file FOLDER/e',
    files: { e: eventLine({ occurredAt: 1_795_000_000 }) },
    code: 1,
    says: ['occurredAt', 'milliseconds'],
  },
  {
    what: 'an event that is no JSON',
    args: 'connectors check --file FOLDER/e',
    files: { e: 'hello\n' },
    code: 1,
    says: ['line 1', 'JSON'],
  },
  {
    what: 'events of an empty file',
    args: 'connectors check --file FOLDER/e',
    files: { e: '' },
    code: 1,
    says: ['no event'],
  },
]

const holds = (text: string, part: string | RegExp) =>
  typeof part === 'string' ? text.includes(part) : part.test(text)

describe('a mistake of a newcomer', () => {
  it.each(mistakes.map((mistake) => [mistake.what, mistake] as const))('%s', async (_what, mistake) => {
    // Should a start not see the mistake, it ends at these addresses.
    const env = mistake.args === 'up' ? { ...addresses, ...mistake.env } : mistake.env
    const { code, text } = await make({ ...mistake, ...(env ? { env } : {}) })
    const missing = mistake.says.filter((part) => !holds(text, part))
    const seen = text.length > 1_500 ? `${text.slice(0, 1_500)} …` : text
    expect({ missing, foreign: foreignWords.exec(text)?.[0] ?? null, code, seen }).toMatchObject({
      missing: [],
      foreign: null,
      code: mistake.code ?? 2,
    })
  })
})
