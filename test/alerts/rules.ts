/**
 * The alerts of infra/ with shorter times, so that a run takes minutes. The conditions stay. The changes are listed: how long a
 * condition must hold, the windows of rates, and the two ages.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'

export const rulesFile = join(import.meta.dirname, '../../infra/prometheus/alerts.yml')

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly runbook: string; readonly runbook_url: string }
}
interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[]
}

export const readRules = (): readonly Rule[] =>
  (parse(readFileSync(rulesFile, 'utf8')) as Rules).groups.flatMap(({ rules }) => rules)

const window = '20s'
/** In place of a week. */
const weekWindow = '60s'
/** Longer for restarts, because a stage takes seconds to start. */
const restartWindow = '120s'
const ages: Readonly<Record<string, string>> = { '120': '6', '300': '12' }

export const shortened = (): { readonly yaml: string; readonly changes: readonly string[] } => {
  const changes: string[] = []
  const rules = readRules().map((rule) => {
    const range = rule.alert === 'SignalsProcessRestarting' ? restartWindow : window
    const expr = rule.expr
      .replace(/\[\d+m\]/g, `[${range}]`)
      .replace(/\[1[hd]\]/g, `[${window}]`)
      .replace(/\[7d\] offset 1d/g, `[${weekWindow}] offset ${window}`)
      .replace(/(signals_lag_seconds.*> )(\d+)$/, (_all, before: string, age: string) => `${before}${ages[age] ?? age}`)
    if (/\[\d+[mhd]\]/.test(expr)) throw new Error(`${rule.alert}: a window is not shortened: ${expr}`)
    const change = [
      rule.for ? `for ${rule.for} → 1s` : '',
      expr === rule.expr ? '' : `windows and ages: ${expr.match(/\[\d+s\]|> \d+$/g)?.join(' ')}`,
    ]
    changes.push(`${rule.alert}: ${change.filter(Boolean).join('; ') || 'unchanged'}`)
    return { ...rule, expr, ...(rule.for ? { for: '1s' } : {}) }
  })
  return { yaml: stringify({ groups: [{ name: 'signals', interval: '1s', rules }] }), changes }
}
