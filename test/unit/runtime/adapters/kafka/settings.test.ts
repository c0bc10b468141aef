import { toDependencyError } from '../../../../../services/runtime/adapters/kafka/errors.ts'
import { ConfigError, kafkaSettingsOf, masked } from '../../../../../services/runtime/config.ts'

const settings = (env: NodeJS.ProcessEnv) => kafkaSettingsOf(env, 'a:1,b:2', 'signals-x')
const problems = (env: NodeJS.ProcessEnv) => {
  try {
    settings(env)
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message.split('\n')
  }
}
const user = { KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512', KAFKA_SASL_USERNAME: 'alice', KAFKA_SASL_PASSWORD: 'wonder' }
const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----'

describe('how Kafka is reached', () => {
  it('is in the open by default, by platformatic', () => {
    expect(settings({})).toEqual({ brokers: ['a:1', 'b:2'], clientId: 'signals-x', client: 'platformatic' })
    expect(settings({ KAFKA_CLIENT: 'kafkajs' }).client).toBe('kafkajs')
  })

  it.each([
    ['SSL', {}, { tls: { ca: pem } }],
    [
      'SASL_SSL',
      user,
      { tls: { ca: pem }, sasl: { mechanism: 'SCRAM-SHA-512', username: 'alice', password: 'wonder' } },
    ],
  ])('is by %s', (protocol, more, expected) => {
    expect(settings({ KAFKA_SECURITY_PROTOCOL: protocol, KAFKA_SSL_CA: pem, ...more })).toMatchObject(expected)
  })

  it('has no TLS where SASL is in the open', () => {
    expect(settings({ KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT', ...user }).tls).toBeUndefined()
  })

  it.each([
    [{ KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' }, /KAFKA_SASL_MECHANISM is not set/],
    [user, /KAFKA_SASL_MECHANISM: needs KAFKA_SECURITY_PROTOCOL SASL_SSL/],
    [{ KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CERT: pem }, /KAFKA_SSL_KEY is not set: KAFKA_SSL_CERT needs it/],
    [{ KAFKA_SECURITY_PROTOCOL: 'SSL', KAFKA_SSL_CA: '/no/such/file' }, /KAFKA_SSL_CA: must be PEM text or the path/],
    [{ KAFKA_SECURITY_PROTOCOL: 'TLS' }, /KAFKA_SECURITY_PROTOCOL: must be one of PLAINTEXT, SSL/],
    [{ KAFKA_COMPRESSION: 'brotli' }, /KAFKA_COMPRESSION: must be one of none, gzip, snappy, lz4, zstd/],
    [{ KAFKA_INSTANCE_ID: 'a b' }, /KAFKA_INSTANCE_ID: must be at most 200 letters/],
    [{ KAFKA_INSTANCE_ID: 'a', KAFKA_CLIENT: 'kafkajs' }, /KAFKA_INSTANCE_ID: needs KAFKA_CLIENT=platformatic/],
    [{ KAFKA_CLIENT: 'other' }, /KAFKA_CLIENT: must be one of platformatic, kafkajs/],
  ])('is refused where settings contradict each other: %j', (env, expected) => {
    expect(problems(env as NodeJS.ProcessEnv).join('\n')).toMatch(expected)
  })

  it('keeps its secrets to itself', () => {
    expect(masked({ ...user, KAFKA_SSL_KEY: pem })).toMatchObject({ KAFKA_SASL_PASSWORD: '***', KAFKA_SSL_KEY: '***' })
  })
})

const nested = (inner: object) =>
  Object.assign(new Error('Connection to a:1 failed.'), { cause: Object.assign(new Error('x'), inner) })

describe('an error of a client', () => {
  it.each([
    [
      nested({ message: 'SASL authentication failed.', code: 'PLT_KFK_AUTHENTICATION' }),
      /KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD/,
    ],
    [
      Object.assign(new Error('SASL PLAIN authentication failed'), { name: 'KafkaJSSASLAuthenticationError' }),
      /KAFKA_SASL_PASSWORD/,
    ],
    [nested({ code: 'CERT_HAS_EXPIRED' }), /certificate is not valid today/],
    [nested({ code: 'SELF_SIGNED_CERT_IN_CHAIN' }), /set KAFKA_SSL_CA/],
    [nested({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }), /KAFKA_BROKERS/],
    [nested({ message: 'Broker requires TLS.' }), /set KAFKA_SECURITY_PROTOCOL/],
    [
      new AggregateError([Object.assign(new Error('x'), { apiId: 'TOPIC_AUTHORIZATION_FAILED' })]),
      /grant it the ACL.*TOPIC_AUTHORIZATION_FAILED/,
    ],
    [Object.assign(new Error('x'), { type: 'GROUP_AUTHORIZATION_FAILED' }), /grant it Read on the group/],
    [
      new Error('SASL OAUTHBEARER failed: Kafka gets no token of this process: the token endpoint refuses; check X'),
      /^Kafka gets no token of this process: the token endpoint refuses; check X$/,
    ],
    [nested({ message: 'SASL authentication failed: token refused (invalid_token)' }), /Kafka refuses the token/],
    [new Error('Unknown topic t.'), /signals topics plan/],
    [
      new AggregateError([
        new Error('metadata failed 3 times.'),
        new Error('Connection to 127.0.0.1:1 failed.', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') }),
      ]),
      /^Kafka: no process listens at 127\.0\.0\.1:1: start Kafka, or set KAFKA_BROKERS to where it listens$/,
    ],
    [
      nested({ code: 'ENOTFOUND', message: 'getaddrinfo ENOTFOUND kafka-1' }),
      /^Kafka: the host kafka-1 is not known here: correct KAFKA_BROKERS/,
    ],
    [new Error('Connection to [::1]:9092 timed out.'), /^Kafka: \[::1\]:9092 does not answer: check KAFKA_BROKERS/],
    [
      new Error('Connection closed'),
      /^Kafka does not answer: it closes the connection; set KAFKA_SECURITY_PROTOCOL .* KAFKA_SSL_CERT/,
    ],
    [new Error('strange'), /Kafka does not answer as expected \(strange\); check KAFKA_BROKERS/],
  ])('names the setting and the remedy: %s', (error, expected) => {
    expect(toDependencyError(error)).toMatchObject({ dependency: 'kafka', message: expect.stringMatching(expected) })
  })
})
