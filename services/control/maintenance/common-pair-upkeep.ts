/** Keeps the pipeline's own key pairs: at the start, so that the gateway has one to seal to, and from then on every hour. */
import { errorFacts, type Logger } from '../../runtime/log.ts'
import type { Cancel, Clock, Timers } from '../../runtime/ports.ts'
import { type CommonPairTools, keepCommonPairs } from '../../tools/keys/keep-common-pairs.ts'

const intervalMs = 3_600_000

interface Tools extends CommonPairTools {
  readonly clock: Pick<Clock, 'now'> & Pick<Timers, 'every'>
  readonly log: Pick<Logger, 'warn'>
}

/** @throws DependencyError at the start */
export const startCommonPairUpkeep = async (tools: Tools): Promise<Cancel> => {
  const { clock, log } = tools
  const keep = () => keepCommonPairs(tools, clock.now())
  await keep()
  return clock.every(intervalMs, () => {
    keep().catch((error: unknown) => log.warn(errorFacts(error), 'the key pairs were not kept; tried again in an hour'))
  })
}
