import { partEnvironment } from '../../../../services/local/processes/environment.ts'
import { type ServiceName, serviceEnvironment } from '../../../../services/local/supervisor/environments.ts'

const services: readonly ServiceName[] = [
  'gateway',
  'ingest',
  'attribution',
  'keywords',
  'dispatch',
  'console',
  'simulator',
]

/** Each secret with the processes that may see it. */
const secrets: Readonly<Record<string, readonly ServiceName[]>> = {
  SIGNALS_MASTER_KEY: [],
  SIGNALS_MASTER_KEY_FILE: [],
  SIGNALS_MASTER_KEY_PREVIOUS: [],
  ADMIN_TOKEN: ['console'],
  INGEST_TOKEN: [],
  INGEST_TOKEN_FILE: ['gateway'],
  WHATSAPP_WEBHOOK_SECRET: ['gateway'],
  MY_SHOP_VERIFY_TOKEN: ['gateway'],
  TIKTOK_APP_SECRET: ['console'],
  AWS_SECRET_ACCESS_KEY: [],
  VAULT_TOKEN: [],
  DATABASE_URL: [],
  GITHUB_TOKEN: [],
}
const everything = {
  ...Object.fromEntries(Object.keys(secrets).map((name) => [name, 'secret'])),
  PATH: '/bin',
  HOME: '/root',
  JAVA_HOME: '/java',
  KAFKA_BROKERS: 'a:1',
  ATTRIBUTION_WAIT: '1s',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector',
}

describe('the environment of a child process', () => {
  it.each(services)('of %s has the secrets of its work, and no other', (service) => {
    const seen = Object.keys(serviceEnvironment(service, everything)).filter((name) => name in secrets)
    const may = Object.keys(secrets).filter((name) => secrets[name]?.includes(service))
    expect(seen).toEqual(may)
  })

  it('has the settings of its schema, and what every process needs', () => {
    expect(serviceEnvironment('attribution', everything)).toEqual({
      PATH: '/bin',
      HOME: '/root',
      KAFKA_BROKERS: 'a:1',
      ATTRIBUTION_WAIT: '1s',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector',
    })
    expect(serviceEnvironment('gateway', everything)).not.toHaveProperty('ATTRIBUTION_WAIT')
  })

  it('has the credentials of AWS where it logs in by them', () => {
    const env = { ...everything, KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM' }
    for (const service of services)
      expect('AWS_SECRET_ACCESS_KEY' in serviceEnvironment(service, env)).toBe(service !== 'simulator')
  })

  it('has a secret as its file, and not as a value too, where it is given as a file', () => {
    const env = { ADMIN_TOKEN: 'read from the file', ADMIN_TOKEN_FILE: '/run/secrets/admin' }
    expect(serviceEnvironment('console', env)).toEqual({ ADMIN_TOKEN_FILE: '/run/secrets/admin' })
  })

  it('of Kafka, the registry and Redis has no setting and no secret', () => {
    expect(partEnvironment(everything)).toEqual({ PATH: '/bin', HOME: '/root', JAVA_HOME: '/java' })
  })
})
