import { openBroker } from '../../services/runtime/adapters/kafka/index.ts'
import { groupContract } from '../support/kafka-group.contract.ts'
import { realParts } from '../support/real-parts.ts'
import { isSlowRun } from '../support/slow.ts'

const open = async (client: string) => openBroker(realParts().kafka('it', client))
const addresses = () => realParts().brokers

groupContract('platformatic', 'platformatic', open, addresses)
groupContract('platformatic', 'kafkajs', open, addresses)
if (isSlowRun) groupContract('kafkajs', 'platformatic', open, addresses)
