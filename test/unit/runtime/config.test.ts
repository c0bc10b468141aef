import { z } from 'zod'
import { printable } from '../../../services/cli/output.ts'
import { consoleFields } from '../../../services/control/config.ts'
import { profileFields } from '../../../services/dispatch/destinations/tiktok/index.ts'
import { localFields } from '../../../services/local/config.ts'
import { ConfigError, fields, loadConfig, masked } from '../../../services/runtime/config.ts'
import { errorFacts } from '../../../services/runtime/log.ts'
import { DependencyError } from '../../../services/runtime/ports.ts'
import { secureUrl } from '../../../services/shared/text/secure-url.ts'

describe('configuration', () => {
  it('treats an empty variable as unset', () => {
    expect(loadConfig({ A: z.string().default('x') }, { A: '' })).toEqual({ A: 'x' })
  })

  it('names every missing or invalid variable, and never its value', () => {
    const load = () => loadConfig(fields, { REDIS_URL: 'http://user:hunter2@x', SCHEMA_REGISTRY_URL: 'http://x' })
    expect(load).toThrow(ConfigError)
    expect(load).toThrow(/KAFKA_BROKERS is not set.*[\s\S]*REDIS_URL: must be a redis:\/\//)
    expect(load).toThrow(/SIGNALS_MASTER_KEY is not set: set it to 32 bytes in base64/)
    expect(load).not.toThrow(/hunter2|undefined/)
  })

  it('reports what a value must be in plain words', () => {
    const problem = (env: Record<string, string>) => {
      const names = Object.keys(env) as (keyof typeof fields)[]
      try {
        return loadConfig(Object.fromEntries(names.map((name) => [name, fields[name]])), env)
      } catch (error) {
        return (error as Error).message
      }
    }
    expect(problem({ WATCHDOG_SECONDS: 'abc' })).toBe('WATCHDOG_SECONDS: must be a number')
    expect(problem({ WATCHDOG_SECONDS: '1.5' })).toBe('WATCHDOG_SECONDS: must be a whole number')
    expect(problem({ METRICS_PORT: '99999' })).toBe('METRICS_PORT: must be at most 65535')
    expect(problem({ LOG_LEVEL: 'loud' })).toMatch(/^LOG_LEVEL: must be one of trace, debug, info/)
    for (const bad of ['localhost', 'a:1,b', 'http://a:1', 'a:port'])
      expect(problem({ KAFKA_BROKERS: bad })).toMatch(/^KAFKA_BROKERS: must be host:port/)
    expect(problem({ KAFKA_BROKERS: 'a:9092, [::1]:9093' })).toEqual({ KAFKA_BROKERS: ['a:9092', '[::1]:9093'] })
  })

  it('masks secrets, also in URLs', () => {
    expect(masked({ SIGNALS_MASTER_KEY: 'k', INGEST_TOKEN: 't', REDIS_URL: 'redis://u:p@host:1', PORT: 1 })).toEqual({
      SIGNALS_MASTER_KEY: '***',
      INGEST_TOKEN: '***',
      REDIS_URL: 'redis://***@host:1',
      PORT: 1,
    })
  })
})

describe('an address in a log', () => {
  it.each([
    ['redis://user:p@ssw0rd@host:1', 'redis://***@host:1'],
    ['redis://:p@ss@w/rd@a:1,b:2/0', 'redis://***@a:1,b:2/0'],
    ['https://key:secret@registry.example/v1', 'https://***@registry.example/v1'],
    ['redis://host:1', 'redis://host:1'],
    ['a@b', 'a@b'],
  ])('shows no part of a password: %s', (url, shown) => {
    expect(masked({ REDIS_URL: url })).toEqual({ REDIS_URL: shown })
    const addresses = { redis: url, registry: url, brokers: 'kafka:9092' }
    expect(printable(addresses)).toEqual({ redis: shown, registry: shown, brokers: 'kafka:9092' })
  })
})

describe('a URL that secrets are sent to', () => {
  const problem = (url: string) => secureUrl.safeParse(url).error?.issues[0]?.message
  it.each(['https://business-api.tiktok.com', 'http://127.0.0.1:8080', 'http://localhost', 'http://[::1]:1'])(
    'may be %s',
    (url) => expect(problem(url)).toBeUndefined(),
  )
  it.each([
    'http://business-api.tiktok.com',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://0.0.0.0',
  ])('may not be %s', (url) => expect(problem(url)).toMatch(/must be https/))
  it.each(['file:///etc/passwd', 'javascript:alert(1)', 'ftp://x', 'business-api.tiktok.com', ''])(
    'may not be %s, which is no web address',
    (url) => expect(problem(url)).toBe('must be an http(s) URL'),
  )
  it.each([
    ['dispatch', profileFields, 'TIKTOK_BASE_URL'],
    ['control', consoleFields, 'TIKTOK_BASE_URL'],
    ['control', consoleFields, 'TIKTOK_AUTH_URL'],
    ['control', consoleFields, 'CONSOLE_PUBLIC_URL'],
    ['control', consoleFields, 'CONSOLE_URL'],
    ['control', consoleFields, 'OIDC_ISSUER'],
    ['signals up', localFields, 'TIKTOK_BASE_URL'],
  ])('is what %s takes: %s %s', (_service, shape, name) => {
    const field = (shape as Record<string, z.ZodType>)[name] as z.ZodType
    expect(() => loadConfig({ [name]: field }, { [name]: 'http://tiktok.example' })).toThrow(`${name}: must be https`)
  })
})

describe('errors in logs', () => {
  it('keep their facts without their message, which may quote a text', () => {
    const facts = (() => {
      try {
        return JSON.parse('{"text": "soy Ana"')
      } catch (error) {
        return errorFacts(error)
      }
    })()
    expect(facts).toMatchObject({ error: 'SyntaxError' })
    expect(JSON.stringify(facts)).not.toContain('Ana')
  })
  it('keep the messages of our own errors', () => {
    expect(errorFacts(new DependencyError('redis', 'Redis does not answer'))).toMatchObject({
      dependency: 'redis',
      message: 'Redis does not answer',
    })
  })
})
