/** Kubernetes' JSON schemas in the form that kubeconform reads: a file for each kind, with its definitions inside. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Kinds that the chart makes. */
const kinds =
  /^(?:deployment-apps|service|serviceaccount|networkpolicy-networking|poddisruptionbudget-policy|horizontalpodautoscaler-autoscaling|job-batch|ingress-networking)-v\d\.json$/

const inside = (text: string) => text.replaceAll('/api/_definitions.json#', '#')

/** @throws Error when the folder lacks the definitions */
export const writeSchemas = (from: string, to: string): void => {
  mkdirSync(to, { recursive: true })
  const { $defs: all } = JSON.parse(inside(readFileSync(join(from, '_definitions.json'), 'utf8'))) as {
    $defs: Record<string, object>
  }
  for (const file of readdirSync(from).filter((name) => kinds.test(name))) {
    const text = inside(readFileSync(join(from, file), 'utf8'))
    const used: Record<string, object> = {}
    const collect = (part: string) => {
      for (const [, name = ''] of part.matchAll(/"#\/\$defs\/([^"]+)"/g)) {
        if (name in used || !all[name]) continue
        used[name] = all[name]
        collect(JSON.stringify(all[name]))
      }
    }
    collect(text)
    writeFileSync(join(to, file), JSON.stringify({ ...JSON.parse(text), $defs: used }))
  }
}
