import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { brokerContract } from '../support/broker.contract.ts'
import { realParts } from '../support/real-parts.ts'

brokerContract('Kafka', async () => openBroker(realParts().brokers, 'it'))
