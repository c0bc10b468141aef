import { openRegistry, SchemaIncompatible } from '../../services/runtime/adapters/registry.ts'
import { realParts } from '../support/real-parts.ts'
import { registryContract } from '../support/registry.contract.ts'

registryContract('the registry', () => openRegistry(realParts().registry))

describe('the registry', () => {
  it('rejects a version that is incompatible with an earlier one', async () => {
    const registry = openRegistry(realParts().registry)
    const record = (...fields: object[]) => JSON.stringify({ type: 'record', name: 'Broken', fields })
    const subject = `it-broken-${process.pid}-value`
    await registry.register(subject, record({ name: 'a', type: 'string' }))
    await registry.setCompatibility(subject, 'FULL_TRANSITIVE')
    await expect(registry.register(subject, record({ name: 'b', type: 'string' }))).rejects.toThrow(SchemaIncompatible)
  })

  it('that is unreachable is a DependencyError, not an unknown schema', async () => {
    await expect(openRegistry('http://127.0.0.1:9').schemaById(1)).rejects.toThrow(/SCHEMA_REGISTRY_URL/)
  })
})
