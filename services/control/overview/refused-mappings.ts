/** Mapping files that a stage refuses, from the stages' health. Pure. */
import type { StageInstances } from '../stage-probes.ts'

export interface RefusedMapping {
  /** Without its folder. */
  readonly file: string
  /** The first one, with the place in the file. */
  readonly problem: string
}

const isRefused = (value: unknown): value is RefusedMapping => {
  const { file, problem } = (value ?? {}) as Partial<RefusedMapping>
  return typeof file === 'string' && typeof problem === 'string'
}

/** Each file once. */
export const refusedMappingsOf = (instances: StageInstances): readonly RefusedMapping[] => {
  const found = [...instances.gateway, ...instances.ingest]
    .filter(({ isUnproven }) => !isUnproven)
    .flatMap(({ health }) => {
      const mappings = health?.details?.mappings as { readonly refused?: unknown } | undefined
      return Array.isArray(mappings?.refused) ? mappings.refused.filter(isRefused) : []
    })
  const byFile = new Map(
    found.map(({ file, problem }) => {
      const name = file.slice(file.lastIndexOf('/') + 1)
      const [first = '', ...more] = problem.trim().split(/\n\s*/)
      // A place begins with the name of the file.
      const own = first.startsWith(name) ? first : `${name}: ${first}`
      return [name, more.length > 0 ? `${own}, …` : own]
    }),
  )
  return Array.from(byFile, ([file, problem]) => ({ file, problem }))
}
