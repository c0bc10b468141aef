import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { localFields } from '../../../../services/local/config.ts'
import { preflight } from '../../../../services/local/supervisor/preflight.ts'
import { loadConfig } from '../../../../services/runtime/config.ts'

const check = (env: NodeJS.ProcessEnv) => preflight(loadConfig(localFields, env), env)

describe('before anything starts', () => {
  it('nothing is wrong where nothing is set', () => expect(check({})).resolves.toBeUndefined())

  it.each<[string, NodeJS.ProcessEnv, RegExp]>([
    ['of the gateway', { INGEST_TOKEN: 'a short token' }, /^INGEST_TOKEN: each must have at least 16 characters$/],
    ['of attribution', { ATTRIBUTION_WAIT: 'soon' }, /^ATTRIBUTION_WAIT: /],
    ['of dispatch', { DISPATCH_CONCURRENCY: '0' }, /^DISPATCH_CONCURRENCY: must be at least 1$/],
    ['of several services, once', { METRICS_BIND_ADDRESS: '', WATCHDOG_SECONDS: 'x' }, /^WATCHDOG_SECONDS: must be/],
    ['of the console', { CONSOLE_URL: 'nowhere' }, /^CONSOLE_URL: /],
    ['that contradicts another', { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL' }, /KAFKA_SASL_/],
    ['that is no key', { SIGNALS_MASTER_KEY: 'c2hvcnQ=' }, /SIGNALS_MASTER_KEY/],
    ['of two services', { INGEST_TOKEN: 'short', DISPATCH_TIMEOUT_MS: '1' }, /^INGEST_TOKEN.*\nDISPATCH_TIMEOUT_MS/],
  ])('names a wrong setting %s', (_which, env, problem) =>
    expect(check(env)).rejects.toMatchObject({ name: 'ConfigError', message: expect.stringMatching(problem) }),
  )

  it('names a port that is taken, with its setting', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    await expect(check({ CONSOLE_PORT: String(port) })).rejects.toThrow(`port ${port} (CONSOLE_PORT) is taken`)
    server.close()
  })
})
