import { rejectedToken } from '../../../../../../services/runtime/adapters/kafka/login/rejected-token.ts'
import { ConfigError, kafkaSettingsOf, masked } from '../../../../../../services/runtime/config.ts'

const base = { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' }
const oauth = {
  ...base,
  KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
  KAFKA_OAUTH_TOKEN_URL: 'https://login.example.com/token',
  KAFKA_OAUTH_CLIENT_ID: 'signals',
  KAFKA_OAUTH_CLIENT_SECRET: 'hidden',
}
const mskBroker = 'b-1.signals.abc123.c2.kafka.eu-west-1.amazonaws.com:9098'
const settings = (env: NodeJS.ProcessEnv, brokers = 'a:1') => kafkaSettingsOf(env, brokers, 'signals-x')
const problems = (env: NodeJS.ProcessEnv, brokers?: string) => {
  try {
    settings(env, brokers)
    return ''
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.message
  }
}

describe('a login at Kafka by tokens', () => {
  it('is complete with an endpoint and a client', () => {
    expect(settings(oauth).sasl).toMatchObject({ mechanism: 'OAUTHBEARER', extensions: {} })
    const extensions = 'logicalCluster=lkc-1, identityPoolId=pool-2'
    expect(settings({ ...oauth, KAFKA_OAUTH_EXTENSIONS: extensions }).sasl).toMatchObject({
      extensions: { logicalCluster: 'lkc-1', identityPoolId: 'pool-2' },
    })
  })

  it('takes the region of Amazon MSK from a setting or from the name of the broker', () => {
    const iam = { ...base, KAFKA_SASL_MECHANISM: 'AWS_MSK_IAM' }
    const serverless = 'boot-abc.c1.kafka-serverless.us-east-2.amazonaws.com:9098'
    for (const broker of [mskBroker, serverless]) expect(problems(iam, broker)).toBe('')
    expect(problems({ ...iam, AWS_REGION: 'eu-west-1' }, '10.0.0.1:9098')).toBe('')
    expect(problems(iam, '10.0.0.1:9098')).toMatch(/^AWS_REGION is not set: KAFKA_SASL_MECHANISM=AWS_MSK_IAM needs it/)
  })

  it.each([
    ['KAFKA_OAUTH_TOKEN_URL', '', /^KAFKA_OAUTH_TOKEN_URL is not set: KAFKA_SASL_MECHANISM=OAUTHBEARER needs it$/],
    ['KAFKA_OAUTH_CLIENT_ID', '', /^KAFKA_OAUTH_CLIENT_ID is not set/],
    ['KAFKA_OAUTH_CLIENT_SECRET', '', /^KAFKA_OAUTH_CLIENT_SECRET is not set/],
    ['KAFKA_OAUTH_TOKEN_URL', 'http://login.example.com', /^KAFKA_OAUTH_TOKEN_URL: must be https/],
    ['KAFKA_OAUTH_EXTENSIONS', 'lkc-1', /^KAFKA_OAUTH_EXTENSIONS: must be name=value/],
    ['KAFKA_OAUTH_EXTENSIONS', 'a=b\u0001auth=x', /^KAFKA_OAUTH_EXTENSIONS: must be name=value/],
    ['KAFKA_SASL_MECHANISM', '', /^KAFKA_SASL_MECHANISM is not set.*one of PLAIN, .*AWS_MSK_IAM$/],
    ['KAFKA_SASL_MECHANISM', 'PLAIN', /KAFKA_SASL_USERNAME is not set[\s\S]*KAFKA_SASL_PASSWORD is not set/],
  ])('is refused with %s "%s"', (name, value, expected) => {
    expect(problems({ ...oauth, [name]: value })).toMatch(expected)
  })

  it('keeps its secret to itself', () => {
    expect(masked(oauth)).toMatchObject({ KAFKA_OAUTH_CLIENT_SECRET: '***' })
    expect(problems({ ...oauth, KAFKA_OAUTH_CLIENT_ID: '' })).not.toContain('hidden')
  })
})

describe('the answer of a broker to a token', () => {
  it('is a refusal where it has a status', () => {
    expect(rejectedToken(Buffer.from('{"status":"invalid_token"}'))?.message).toMatch(/token refused \(invalid_token\)/)
    for (const accepted of [undefined, null, Buffer.alloc(0), Buffer.from('{}'), Buffer.from('\u0001')])
      expect(rejectedToken(accepted)).toBeUndefined()
  })
})
