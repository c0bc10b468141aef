/** The panels of a Grafana dashboard and what each asks Prometheus for. */
import { z } from 'zod'

/** What this check relies on, in the form of Grafana's own dashboards. */
const dashboard = z.object({
  uid: z.string().min(1),
  title: z.string().min(1),
  schemaVersion: z.number().int().min(36),
  panels: z.array(
    z.object({
      id: z.number().int(),
      type: z.string(),
      title: z.string(),
      gridPos: z.object({
        x: z.number().min(0),
        y: z.number().min(0),
        w: z.number().min(1).max(24),
        h: z.number().min(1),
      }),
      targets: z.array(z.object({ refId: z.string(), expr: z.string().min(1) })).optional(),
    }),
  ),
})

export interface PanelQueries {
  readonly title: string
  readonly expressions: readonly string[]
}

/** Rows have no query. @throws ZodError naming the field */
export const panelsOf = (json: unknown): readonly PanelQueries[] =>
  dashboard
    .parse(json)
    .panels.filter(({ type }) => type !== 'row')
    .map(({ title, targets = [] }) => ({ title, expressions: targets.map(({ expr }) => expr) }))
