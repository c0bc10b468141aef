/** The problems of the running pipeline in the words of control's overview, as the console and `signals status` show them. */
import { type CheckResult, checkResultsOf } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, warning, bad } = checkResultsOf('pipeline')

export const problems = async ({ problems: read }: DiagnosticsContext): Promise<CheckResult[]> => {
  const found = await read()
  if (found === null) return []
  if (found.length === 0) return [good('the console names no problem')]
  return found.map(({ severity, text, runbook, remedy, effects }) => {
    const what = effects.length > 0 ? `${text}; from this: ${effects.join('; ')}` : text
    const todo = remedy?.replaceAll('`', '') ?? (runbook === null ? 'see the console' : `docs/runbooks/${runbook}.md`)
    return severity === 'page' ? bad(what, todo) : warning(what, todo)
  })
}

/** What the overview names already: a check of the same says it only where control does not answer. */
export const unlessNamed =
  (check: (context: DiagnosticsContext) => Promise<CheckResult[]>) =>
  async (context: DiagnosticsContext): Promise<CheckResult[]> =>
    (await context.problems()) === null ? check(context) : []
