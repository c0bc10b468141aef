/** The problems of the running pipeline, as the console's overview names them: each once, under its root cause. */
import { readSecrets } from '../../../local/supervisor/state-file.ts'
import type { StatedProblem } from '../../../tools/doctor/diagnostics-context.ts'

const timeoutMs = 3_000

/** null: control does not answer, or its token is not kept in the data folder. */
export const readProblems = async (
  consoleUrl: string,
  dataDir: string,
  env: NodeJS.ProcessEnv,
): Promise<readonly StatedProblem[] | null> => {
  const [token] = (env.ADMIN_TOKEN || readSecrets(dataDir).ADMIN_TOKEN || '').split(',')
  if (!token) return null
  try {
    const response = await fetch(new URL('/admin/v1/overview', consoleUrl), {
      headers: { authorization: `Bearer ${token.trim()}` },
      signal: AbortSignal.timeout(timeoutMs),
    })
    return response.ok ? ((await response.json()) as { problems: readonly StatedProblem[] }).problems : null
  } catch {
    // Control restarts or is down: the stages are printed all the same.
    return null
  }
}

/** A line for each problem, what follows from it below, and what to do. */
export const problemLines = (problems: readonly StatedProblem[]): readonly string[] =>
  problems.flatMap(({ severity, text, runbook, remedy, effects }) => [
    `${severity}: ${text}`,
    ...effects.map((effect) => `    from this: ${effect}`),
    ...(remedy === undefined ? [] : [`    → ${remedy.replaceAll('`', '')}`]),
    ...(runbook === null ? [] : [`    → docs/runbooks/${runbook}.md`]),
  ])
