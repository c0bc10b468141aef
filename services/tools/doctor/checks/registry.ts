/** The schema registry: whether our schemas are there, would be taken, and cannot be broken by others. */
import { latestSchema } from '../../../../schemas/index.ts'
import { allTopics } from '../../../derived-topics.ts'
import { masked } from '../../../runtime/config.ts'
import { subjectOf } from '../../../topology.ts'
import { type CheckResult, checkResultsOf } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, bad } = checkResultsOf('registry')
const level = 'FULL_TRANSITIVE'

export const registry = async ({ registryUrl, registry: open }: DiagnosticsContext): Promise<CheckResult[]> => {
  const client = open()
  await client.schemaById(1)
  const checked = await Promise.all(
    allTopics.map(async ({ name, schema }): Promise<CheckResult[]> => {
      if (schema === null) return []
      const subject = subjectOf(name)
      const remedy = 'signals topics apply registers what is missing'
      const fits = await client.isCompatible(subject, latestSchema(schema))
      if (fits === null) return [bad(`the registry does not know ${subject}`, remedy)]
      const found: CheckResult[] = []
      if (!fits)
        found.push(
          bad(
            `the registry would refuse this version's schema of ${subject}`,
            'deploy the version that fits, or restore the registry: fields are only added, with defaults',
          ),
        )
      const actual = await client.compatibility(subject)
      if (actual !== level)
        found.push(bad(`${subject} has compatibility ${actual ?? 'of the registry'}, not ${level}`, remedy))
      return found
    }),
  )
  const wrong = checked.flat()
  return [
    good(`the schema registry answers at ${masked({ registryUrl }).registryUrl}`),
    ...(wrong.length > 0 ? wrong : [good('schemas are registered, fit, and are kept compatible')]),
  ]
}
