import { toRedisError } from '../../../../services/runtime/adapters/redis-errors.ts'
import { ConfigError, masked, redisSettingsOf, registrySettingsOf } from '../../../../services/runtime/config.ts'

const pem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----'
const problems = (open: () => unknown) => {
  try {
    open()
    return ''
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message
  }
}

describe('how the schema registry is reached', () => {
  const basic = `Basic ${Buffer.from('alice:wonder').toString('base64')}`
  const user = { SCHEMA_REGISTRY_USERNAME: 'alice', SCHEMA_REGISTRY_PASSWORD: 'wonder' }

  it.each([
    ['http://r:8081/', {}, { url: 'http://r:8081' }],
    ['https://r/api/', user, { url: 'https://r/api', authorization: basic }],
    ['https://alice:wonder@r', {}, { url: 'https://r', authorization: basic }],
    ['https://r', { SCHEMA_REGISTRY_TOKEN: 't' }, { url: 'https://r', authorization: 'Bearer t' }],
    ['https://r', { SCHEMA_REGISTRY_CA: pem }, { url: 'https://r', ca: pem }],
  ])('is read: %s %j', (url, env, expected) => expect(registrySettingsOf(env, url)).toEqual(expected))

  it.each([
    ['https://r', { SCHEMA_REGISTRY_USERNAME: 'alice' }, /^SCHEMA_REGISTRY_PASSWORD is not set/],
    ['https://r', { SCHEMA_REGISTRY_PASSWORD: 'wonder' }, /^SCHEMA_REGISTRY_USERNAME is not set/],
    ['https://r', { ...user, SCHEMA_REGISTRY_TOKEN: 't' }, /keep one of/],
    ['https://alice:wonder@r', user, /keep one of/],
    ['http://r', { SCHEMA_REGISTRY_CA: pem }, /^SCHEMA_REGISTRY_CA: needs a SCHEMA_REGISTRY_URL with https$/],
    ['https://r', { SCHEMA_REGISTRY_CA: '/no/such' }, /^SCHEMA_REGISTRY_CA: must be PEM text or the path/],
  ])('is refused: %s %j', (url, env, expected) =>
    expect(problems(() => registrySettingsOf(env, url))).toMatch(expected),
  )
})

describe('how Redis is reached', () => {
  it.each([
    ['redis://r', {}, {}],
    ['rediss://r', {}, { tls: {} }],
    ['rediss://r', { REDIS_CA: pem, REDIS_CERT: pem, REDIS_KEY: pem }, { tls: { ca: pem, cert: pem, key: pem } }],
    ['redis://r?sentinel=m', { REDIS_SENTINEL_PASSWORD: 'p' }, { sentinelLogin: { password: 'p' } }],
  ])('is read: %s %j', (url, env, expected) => {
    const { address, ...rest } = redisSettingsOf(env, url)
    expect(address.nodes[0]?.host).toBe('r')
    expect(rest).toEqual(expected)
  })

  it.each([
    ['redis://r', { REDIS_CA: pem }, /^REDIS_CA: needs a REDIS_URL with rediss:\/\/$/],
    ['rediss://r', { REDIS_CERT: pem }, /^REDIS_KEY is not set: REDIS_CERT needs it$/],
    ['rediss://r', { REDIS_CA: '/no/such' }, /^REDIS_CA: must be PEM text or the path/],
    ['redis://r', { REDIS_SENTINEL_PASSWORD: 'p' }, /needs a REDIS_URL with \?sentinel=name$/],
    ['redis://r?sentinel=m', { REDIS_SENTINEL_USERNAME: 'u' }, /^REDIS_SENTINEL_PASSWORD is not set/],
    ['redis://r?sentinel=', {}, /^REDIS_URL: sentinel must name the primary/],
    ['redis://r?sentinel=m&cluster=true', {}, /^REDIS_URL: is either a cluster or has sentinels/],
    ['redis://r?family=6', {}, /^REDIS_URL: has the unknown option family/],
  ])('is refused: %s %j', (url, env, expected) => expect(problems(() => redisSettingsOf(env, url))).toMatch(expected))

  it('hides keys and passwords', () => {
    const secrets = {
      REDIS_KEY: 'k',
      REDIS_SENTINEL_PASSWORD: 'p',
      SCHEMA_REGISTRY_PASSWORD: 'p',
      SCHEMA_REGISTRY_TOKEN: 't',
    }
    expect(new Set(Object.values(masked(secrets)))).toEqual(new Set(['***']))
  })
})

describe('an error of Redis', () => {
  const closed = new Error('Connection is closed.')
  it.each([
    [
      new Error('NOPERM this user has no permissions to run the get command'),
      undefined,
      /denies the user.*ACL SETUSER/,
    ],
    [new Error('NOAUTH Authentication required.'), undefined, /requires a password: put it into REDIS_URL/],
    [
      new Error('NOAUTH Authentication required.'),
      new Error('WRONGPASS invalid'),
      /refuses user or password of REDIS_URL/,
    ],
    [closed, Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' }), /certificate of Redis is not valid today/],
    [closed, Object.assign(new Error('x'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' }), /set REDIS_CA/],
    [closed, new Error('All sentinels are unreachable. Retrying'), /no sentinel of REDIS_URL knows the primary/],
    [
      closed,
      Object.assign(new Error('x'), { code: 'ECONNREFUSED' }),
      /^Redis cannot be reached \(connection closed\)$/,
    ],
    [new Error('WRONGTYPE secret argument'), undefined, /^Redis does not answer \(WRONGTYPE\); check REDIS_URL$/],
  ])('names the setting and the remedy: %s', (error, connection, expected) =>
    expect(toRedisError(error, connection).message).toMatch(expected),
  )
})
