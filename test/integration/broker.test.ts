import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { brokerContract } from '../support/broker.contract.ts'
import { realParts } from '../support/real-parts.ts'

for (const client of ['platformatic', 'kafkajs'])
  brokerContract(`Kafka by ${client}`, async () => openBroker(realParts().kafka('it', client)))
