import { brokerContract } from '../../support/broker.contract.ts'
import { noon } from '../../support/builders.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { MemoryCluster } from '../../support/memory-broker.ts'

const clock = new FakeClock(noon)

const open = async () => {
  const cluster = new MemoryCluster()
  cluster.now = clock.now
  cluster.after = clock.after
  return cluster.open()
}

brokerContract('memory', open, clock)
