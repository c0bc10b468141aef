import { brokerContract } from '../../support/broker.contract.ts'
import { MemoryCluster } from '../../support/memory-broker.ts'

brokerContract('memory', async () => new MemoryCluster().open())
