import { MemoryRegistry } from '../../support/memory-registry.ts'
import { registryContract } from '../../support/registry.contract.ts'

registryContract('memory', () => new MemoryRegistry())
