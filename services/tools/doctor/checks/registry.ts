/** Checks the schema registry: schemas are registered, compatible, and protected by the compatibility level. */
import { latestSchema } from '../../../../schemas/index.ts'
import { allTopics } from '../../../derived-topics.ts'
import { masked } from '../../../runtime/config.ts'
import { avroType } from '../../../runtime/topics/avro-type.ts'
import { connectorSchema, fieldsLacking } from '../../../runtime/topics/connector-schema.ts'
import { subjectOf } from '../../../topology.ts'
import { type CheckResult, checkResultsOf } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, bad } = checkResultsOf('registry')
const requiredLevel = 'FULL_TRANSITIVE'

export const registry = async ({ registryUrl, registry: open }: DiagnosticsContext): Promise<CheckResult[]> => {
  const client = open()
  await client.schemaById(1)
  const checked = await Promise.all(
    allTopics.map(async ({ name, schema }): Promise<CheckResult[]> => {
      if (schema === null) return []
      const subject = subjectOf(name)
      const remedy = 'signals topics apply registers missing schemas'
      const fits = await client.isCompatible(subject, latestSchema(schema))
      if (fits === null) return [bad(`the registry does not know ${subject}`, remedy)]
      const results: CheckResult[] = []
      if (!fits)
        results.push(
          bad(
            `the registry would refuse this version's schema of ${subject}`,
            'deploy a compatible version, or restore the registry: fields may only be added, with defaults',
          ),
        )
      const newest = await client.latest(subject)
      const lacking = newest !== null && schema === connectorSchema ? fieldsLacking(avroType(JSON.parse(newest))) : []
      if (lacking.length > 0)
        results.push(
          bad(
            `the newest schema of ${subject} lacks ${lacking.join(', ')}: connectors that take the latest lose them`,
            'a serialiser registered it: delete that version, take the right to write the subject from connectors, and set auto.register.schemas=false (docs/connectors/kafka.md)',
          ),
        )
      const actual = await client.compatibility(subject)
      if (actual !== requiredLevel)
        results.push(bad(`${subject} has compatibility ${actual ?? 'of the registry'}, not ${requiredLevel}`, remedy))
      return results
    }),
  )
  const wrong = checked.flat()
  return [
    good(`the schema registry answers at ${masked({ registryUrl }).registryUrl}`),
    ...(wrong.length > 0 ? wrong : [good('schemas are registered and compatible, and the registry keeps them so')]),
  ]
}
