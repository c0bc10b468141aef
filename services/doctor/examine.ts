/** Looks at everything the pipeline needs and says what is wrong and what to do. */
import { connections } from './connections.ts'
import { type Area, areas, type Finding, findingsOf } from './finding.ts'
import { kafka } from './kafka.ts'
import { machine } from './machine.ts'
import type { Patient } from './patient.ts'
import { redis } from './redis.ts'
import { registry } from './registry.ts'
import { settings } from './settings.ts'
import { stages } from './stages.ts'

const checks: Readonly<Record<Area, { look(patient: Patient): Promise<Finding[]>; remedy: string }>> = {
  settings: { look: settings, remedy: 'see the message' },
  machine: { look: machine, remedy: 'check SIGNALS_DATA_DIR' },
  kafka: { look: kafka, remedy: 'check KAFKA_BROKERS, or start a pipeline with: signals up' },
  registry: { look: registry, remedy: 'check SCHEMA_REGISTRY_URL, or start a pipeline with: signals up' },
  redis: { look: redis, remedy: 'check REDIS_URL, or start a pipeline with: signals up' },
  connections: { look: connections, remedy: 'needs Kafka, the registry and SIGNALS_MASTER_KEY: mend those first' },
  stages: { look: stages, remedy: 'needs Kafka: mend that first' },
}

/** What does not answer at all must not keep the others waiting. */
const patienceMs = 15_000

const inTime = async (work: Promise<Finding[]>): Promise<Finding[]> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patienceMs / 1000} s`)), patienceMs)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

/** Every check by itself: one that fails does not hide the others. */
export const examine = async (patient: Patient): Promise<readonly Finding[]> => {
  const results = await Promise.all(
    areas.map(async (area) => {
      const { look, remedy } = checks[area]
      try {
        return await inTime(look(patient))
      } catch (error) {
        return [findingsOf(area).bad(`${area}: ${error instanceof Error ? error.message : 'failed'}`, remedy)]
      }
    }),
  )
  return results.flat()
}
