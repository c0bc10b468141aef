/** Checks for open circuit breakers: the signals of their connections wait. */
import { type CheckResult, checkResultsOf, counted } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, warning } = checkResultsOf('connections')
/** Connections that the result names. */
const maxNamed = 5

export const breakers = async ({ breakers: read }: DiagnosticsContext): Promise<CheckResult[]> => {
  const found = await read()
  if (found.length === 0) return [good('no circuit breaker is open')]
  const named = found.slice(0, maxNamed).map(({ connectionId, cause }) => `${connectionId} (${cause})`)
  const more = found.length > maxNamed ? ', …' : ''
  return [
    warning(
      `TikTok fails or refuses calls for ${counted(found.length, 'connection')}: ${named.join(', ')}${more}`,
      'their signals wait and go out later: signals breakers list; docs/runbooks/SignalsBreakerOpen.md',
    ),
  ]
}
