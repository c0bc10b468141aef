/** Connections that TikTok does not answer well at the moment: their signals wait. */
import { type CheckResult, checkResultsOf, counted } from '../check-result.ts'
import type { DiagnosticsContext } from '../diagnostics-context.ts'

const { good, warning } = checkResultsOf('connections')
/** The first few tell what it is about. */
const mostNamed = 5

export const breakers = async ({ breakers: read }: DiagnosticsContext): Promise<CheckResult[]> => {
  const found = await read()
  if (found.length === 0) return [good('TikTok answers well for every connection')]
  const named = found.slice(0, mostNamed).map(({ connectionId, cause }) => `${connectionId} (${cause})`)
  const more = found.length > mostNamed ? ', …' : ''
  return [
    warning(
      `TikTok does not answer well for ${counted(found.length, 'connection')}: ${named.join(', ')}${more}`,
      'their signals wait and go out later: signals breakers list; docs/runbooks/SignalsBreakerOpen.md',
    ),
  ]
}
