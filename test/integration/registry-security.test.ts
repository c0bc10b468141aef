import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openConfluentRegistry } from '../../services/runtime/adapters/registry/confluent-registry.ts'
import { openRegistry } from '../../services/runtime/adapters/registry/registry.ts'
import { registrySettingsOf } from '../../services/runtime/config.ts'
import { makeCertificates } from '../support/certificates.ts'
import { realParts } from '../support/real-parts.ts'
import { registryContract } from '../support/registry.contract.ts'

const dir = mkdtempSync(join(tmpdir(), 'signals-registry-'))
const file = (name: string) => join(dir, name)
const servers: Server[] = []
let url = ''
let expiredUrl = ''

const logins = new Set([`Basic ${Buffer.from('alice:wonder:land').toString('base64')}`, 'Bearer a-token'])

/** The real registry behind TLS and a login, as a partner's gateway puts it. */
const open = async (certificate: string): Promise<string> => {
  const target = new URL(realParts().registry)
  const server = createServer(
    { cert: readFileSync(file(`${certificate}.pem`)), key: readFileSync(file(`${certificate}.key`)) },
    (incoming, outgoing) => {
      const { authorization, ...headers } = incoming.headers
      if (!logins.has(authorization ?? '')) {
        outgoing.writeHead(authorization === 'Bearer weak' ? 403 : 401).end('{}')
        return
      }
      const path = `${target.pathname.replace(/\/$/, '')}${incoming.url?.replace('/registry', '')}`
      const forwarded = request(
        { host: target.hostname, port: target.port, path, method: incoming.method, headers },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
          answer.pipe(outgoing)
        },
      )
      incoming.pipe(forwarded)
    },
  )
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/registry/`
}

beforeAll(async () => {
  makeCertificates(dir)
  url = await open('broker')
  expiredUrl = await open('expired')
})
afterAll(() => {
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
  rmSync(dir, { recursive: true, force: true })
})

const user = { SCHEMA_REGISTRY_USERNAME: 'alice', SCHEMA_REGISTRY_PASSWORD: 'wonder:land' }
const settings = (env: NodeJS.ProcessEnv, at = url) =>
  registrySettingsOf({ SCHEMA_REGISTRY_CA: file('ca.pem'), ...env }, at)

registryContract('a registry behind TLS, by user and password', () => openRegistry(settings(user)))

describe.each([
  ['our client', openRegistry],
  ['Confluent’s client', openConfluentRegistry],
])('%s of a registry behind TLS', (_name, openBy) => {
  const problem = (env: NodeJS.ProcessEnv, at?: string) =>
    openBy(settings(env, at))
      .compatibility('it-none')
      .then(
        () => 'none',
        (error: Error) => error.message,
      )

  it('logs in by user and password, by those of the URL, and by a token', async () => {
    expect(await problem(user)).toBe('none')
    expect(await problem({}, url.replace('://', '://alice:wonder%3Aland@'))).toBe('none')
    expect(await problem({ SCHEMA_REGISTRY_TOKEN: 'a-token' })).toBe('none')
    expect(await problem({ ...user, SCHEMA_REGISTRY_CA: readFileSync(file('ca.pem'), 'utf8') })).toBe('none')
  })

  it.each([
    [
      'a wrong password',
      { ...user, SCHEMA_REGISTRY_PASSWORD: 'rabbit' },
      /refuses the login \(401\).*_PASSWORD.*_TOKEN/,
    ],
    ['no login', {}, /refuses the login \(401\)/],
    ['a weak token', { SCHEMA_REGISTRY_TOKEN: 'weak' }, /denies this user a subject \(403\)/],
    [
      'another authority',
      { ...user, SCHEMA_REGISTRY_CA: file('other-ca.pem') },
      /unknown authority: set SCHEMA_REGISTRY_CA/,
    ],
  ])('says what to do with %s', async (_with, env, expected) => {
    expect(await problem(env)).toMatch(expected)
  })

  it('says that a certificate has expired', async () => {
    expect(await problem(user, expiredUrl)).toMatch(/certificate of the schema registry is not valid today: renew it/)
  })
})
