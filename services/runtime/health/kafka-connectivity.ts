/**
 * Records in health whether Kafka answers, and logs changes. Without it an idle process would not notice an outage and would report
 * itself healthy.
 */

import { errorFacts, type Logger } from '../log.ts'
import type { DependencyError } from '../ports.ts'
import type { Health } from './health.ts'

export class KafkaConnectivity {
  readonly #health: Pick<Health, 'kafka'>
  readonly #log: Pick<Logger, 'info' | 'warn'>

  constructor(health: Pick<Health, 'kafka'>, log: Pick<Logger, 'info' | 'warn'>) {
    this.#health = health
    this.#log = log
  }

  answered(): void {
    if (this.#health.kafka(true)) this.#log.info('Kafka answers again')
  }

  failed(error: DependencyError): void {
    if (this.#health.kafka(false)) this.#log.warn(errorFacts(error), 'Kafka does not answer')
  }
}
