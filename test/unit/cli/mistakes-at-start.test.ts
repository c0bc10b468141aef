/** Mistakes of a newcomer in the settings of `signals up`: each answer names the cause and the remedy. */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { identifyProcess } from '../../../services/local/processes/processes.ts'
import { expectAnswer, type Mistake } from '../../support/mistakes.ts'

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
  { what: 'a misspelt option', args: 'up --jsno', says: ['unknown option', 'Did you mean --json?'] },

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
]

it.each(mistakes.map((mistake) => [mistake.what, mistake] as const))('a mistake at a start: %s', (_what, mistake) =>
  expectAnswer(mistake),
)
