import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openConfluentRegistry as openConfluent } from '../../services/runtime/adapters/registry/confluent-registry.ts'
import { openRegistrar, openRegistry, SchemaIncompatible } from '../../services/runtime/adapters/registry/registry.ts'
import { registrySettingsOf } from '../../services/runtime/config.ts'
import { realParts } from '../support/real-parts.ts'
import { registryContract } from '../support/registry.contract.ts'

const openConfluentRegistry = (url: string) => openConfluent(registrySettingsOf({}, url))

registryContract('the registry', () => openRegistry(realParts().registry))

registryContract('the registry through Confluent’s client', () => openConfluentRegistry(realParts().registry))

let n = 0

describe.each([
  ['the registry', openRegistry],
  ['the registry through Confluent’s client', openConfluentRegistry],
])('%s', (_name, openRegistry) => {
  it('rejects a version that is incompatible with an earlier one', async () => {
    const registry = openRegistry(realParts().registry)
    const record = (...fields: object[]) => JSON.stringify({ type: 'record', name: 'Broken', fields })
    const subject = `it-broken-${process.pid}-${n++}-value`
    await registry.register(subject, record({ name: 'a', type: 'string' }))
    await registry.setCompatibility(subject, 'FULL_TRANSITIVE')
    await expect(registry.register(subject, record({ name: 'b', type: 'string' }))).rejects.toThrow(SchemaIncompatible)
  })

  it('knows the level of a subject', async () => {
    const registry = openRegistry(realParts().registry)
    const subject = `it-level-${process.pid}-${n++}-value`
    expect(await registry.compatibility(subject)).toBeNull()
    await registry.register(subject, JSON.stringify({ type: 'record', name: 'Level', fields: [] }))
    await registry.setCompatibility(subject, 'FULL_TRANSITIVE')
    expect(await registry.compatibility(subject)).toBe('FULL_TRANSITIVE')
  })

  it('that is unreachable is a DependencyError, not an unknown schema', async () => {
    await expect(openRegistry('http://127.0.0.1:9').schemaById(1)).rejects.toThrow(/SCHEMA_REGISTRY_URL/)
  })
})

describe('the registry by plain requests', () => {
  const answering = async (listener: RequestListener) => {
    const server = createServer(listener)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return { server, host: `127.0.0.1:${(server.address() as AddressInfo).port}` }
  }

  it('sends user and password of the URL in a header, and to no other address', async () => {
    const seen: (string | undefined)[] = []
    const other = await answering((_request, response) => response.end('{"schema":"x"}'))
    const { server, host } = await answering((request, response) => {
      seen.push(request.headers.authorization, request.url)
      if (!request.url?.endsWith('/1')) response.writeHead(307, { location: `http://${other.host}/` })
      response.end('{"schema":"{}"}')
    })
    const registry = openRegistry(`http://key:s%40cret@${host}/api/`)
    expect(await registry.schemaById(1)).toBe('{}')
    expect(seen).toEqual([`Basic ${Buffer.from('key:s@cret').toString('base64')}`, '/api/schemas/ids/1'])
    await expect(registry.schemaById(2)).rejects.toThrow(/^the schema registry answers 307; check SCHEMA_REGISTRY_URL$/)
    server.close()
    other.server.close()
  })

  it.each(['', '<html>', '{}', '[]', 'null', '{"schema":7}'])('takes %j for no schema', async (body) => {
    const { server, host } = await answering((_request, response) => response.end(body))
    await expect(openRegistry(`http://${host}`).schemaById(1)).rejects.toThrow(/answers 200/)
    server.close()
  })
})

describe('registering', () => {
  it('goes through Confluent’s client where that is installed', async () => {
    expect((await openRegistrar(registrySettingsOf({}, realParts().registry))).constructor.name).toBe(
      'ConfluentRegistry',
    )
  })
})
